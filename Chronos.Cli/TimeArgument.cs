using Chronos.Core.Kernel;

namespace Chronos.Cli;

/// <summary>A time as it is typed: RFC 3339, <c>now</c>, or a signed duration from now.</summary>
internal static class TimeArgument
{
    public static DateTimeOffset Read(string name, string text, DateTimeOffset now)
    {
        if (text == "now")
        {
            return now;
        }

        if (text.Length > 1 && text[0] is '+' or '-' && Durations.TryParse(text[1..], out var distance))
        {
            return text[0] == '+' ? now + distance : now - distance;
        }

        return Rfc3339.TryParse(text, out var at)
            ? at
            : throw CliFailure.Usage($"{name}: '{text}' is no time; write 2026-03-29T01:00:00Z (with its offset), now, -1h or +30m");
    }
}

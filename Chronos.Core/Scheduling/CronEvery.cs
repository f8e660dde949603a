using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary><c>90s</c>, <c>@every 90s</c>, <c>every 90s</c>, each with <c>after_completion</c> behind it if wanted.</summary>
internal static class CronEvery
{
    private const string Macro = "@every";
    private const string Delay = "after_completion";

    /// <summary>Reads <c>@every …</c>; false for anything else, also for an <c>@every</c> whose duration is none.</summary>
    public static bool TryRead(string text, out TimeSpan every, out bool afterCompletion)
    {
        (every, afterCompletion) = (default, false);
        text = text.Trim();
        return text.StartsWith(Macro, StringComparison.OrdinalIgnoreCase)
            && text.Length > Macro.Length && char.IsWhiteSpace(text[Macro.Length])
            && TryReadDuration(text[Macro.Length..], out every, out afterCompletion);
    }

    public static bool TryReadDuration(string text, out TimeSpan every, out bool afterCompletion) =>
        Durations.TryParse(Duration(text, out afterCompletion), out every);

    /// <summary>A duration, but longer than any that can be read.</summary>
    public static bool IsTooLong(string text) => Durations.IsTooLong(Duration(text, out _));

    /// <summary>Whether the expression begins with <c>@every</c>, as a word.</summary>
    public static bool Begins(ReadOnlySpan<char> text) =>
        text.StartsWith(Macro, StringComparison.OrdinalIgnoreCase) && (text.Length == Macro.Length || char.IsWhiteSpace(text[Macro.Length]));

    /// <summary>What is wrong with an <c>@every</c> that <see cref="TryRead"/> does not read.</summary>
    public static CronError Fault(string text)
    {
        var at = text.Length - text.AsSpan().TrimStart().Length;
        var rest = text[(at + Macro.Length)..].Trim();
        if (rest.Length == 0)
            return new CronError(CronError.Whole, "@every needs a duration, as in @every 90s", at, Macro.Length);

        var place = text.IndexOf(rest, at + Macro.Length, StringComparison.Ordinal);
        return new CronError(CronError.Whole, MessageOn(rest), place, rest.Length);
    }

    private static string MessageOn(string rest)
    {
        if (IsTooLong(rest))
            return $"@every {TooLong}";

        var duration = Duration(rest, out _);
        return duration.Any(char.IsWhiteSpace) || duration.Length > 64 ? "@every takes one duration, as in @every 90s" : $"@every: '{duration}' is no duration; write @every 90s or @every 1h30m";
    }

    /// <summary>What is said of an interval beyond the limit.</summary>
    public static string TooLong => $"is too long, the most is {Durations.Format(Durations.Longest)} (100 years)";

    private static string Duration(string text, out bool afterCompletion)
    {
        text = text.Trim();
        afterCompletion = text.EndsWith(Delay, StringComparison.OrdinalIgnoreCase) && text.Length > Delay.Length
            && char.IsWhiteSpace(text[^(Delay.Length + 1)]);
        return afterCompletion ? text[..^Delay.Length].Trim() : text;
    }
}

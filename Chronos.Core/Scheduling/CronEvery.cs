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

    private static string Duration(string text, out bool afterCompletion)
    {
        text = text.Trim();
        afterCompletion = text.EndsWith(Delay, StringComparison.OrdinalIgnoreCase) && text.Length > Delay.Length
            && char.IsWhiteSpace(text[^(Delay.Length + 1)]);
        return afterCompletion ? text[..^Delay.Length].Trim() : text;
    }
}

using Chronos.Core.Scheduling;

namespace Chronos.Cli.Documents;

/// <summary>Points at the part of a cron expression that is wrong.</summary>
internal static class CronCaret
{
    /// <summary>The expression and a line of carets beneath the culprit; nothing when the expression is valid, or holds what would spoil the alignment.</summary>
    public static IEnumerable<string> Lines(string expression, DayMatch dayMatch)
    {
        if (expression.Any(char.IsControl) || CronSyntax.Check(expression, dayMatch) is not { } error)
        {
            yield break;
        }

        var position = Math.Clamp(error.Position, 0, expression.Length);
        yield return $"  {expression}";
        yield return $"  {new string(' ', position)}{new string('^', Math.Max(1, Math.Min(error.Length, expression.Length - position)))}";
    }
}

namespace Chronos.Core.Scheduling;

/// <summary>What is wrong with a cron expression: the field by its name, the reason, and where in the text (for a caret).</summary>
/// <param name="Field"><c>minute</c>, <c>day-of-week</c> …, or <c>expression</c> when no single field is to blame.</param>
/// <param name="Position">Offset in the text as the user wrote it.</param>
/// <param name="Length">How many characters are to blame; at least 1.</param>
public sealed record CronError(string Field, string Message, int Position, int Length)
{
    internal const string Whole = "expression";

    public override string ToString() => Field == Whole ? Message : $"{Field}: {Message}";
}

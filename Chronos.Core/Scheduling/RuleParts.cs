using System.Collections.Immutable;

namespace Chronos.Core.Scheduling;

/// <summary>How long one period of a recurrence is; in the order of length.</summary>
internal enum RuleFrequency : byte
{
    Secondly,
    Minutely,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// <summary>One item of <c>BYDAY</c>.</summary>
/// <param name="Weekday">0 is Sunday.</param>
/// <param name="Nth">Which of them in the month or year, from the end when negative; 0 for each.</param>
internal readonly record struct RuleDay(int Weekday, int Nth);

/// <summary>The parts of an RRULE of RFC 5545 as they were written: what is absent is zero or empty, and comes from DTSTART later.</summary>
internal sealed record RuleParts
{
    public RuleFrequency Frequency { get; init; }

    public int Interval { get; init; } = 1;

    public int? Count { get; init; }

    public RuleTime? Until { get; init; }

    /// <summary>First day of a week; 0 is Sunday. Monday when not said.</summary>
    public int WeekStart { get; init; } = 1;

    /// <summary>Bit v is set for value v.</summary>
    public ulong Seconds { get; init; }

    public ulong Minutes { get; init; }

    public ulong Hours { get; init; }

    public ulong Months { get; init; }

    public ImmutableArray<RuleDay> Days { get; init; } = [];

    public ImmutableArray<int> MonthDays { get; init; } = [];

    public ImmutableArray<int> YearDays { get; init; } = [];

    public ImmutableArray<int> Weeks { get; init; } = [];

    /// <summary>BYSETPOS.</summary>
    public ImmutableArray<int> Positions { get; init; } = [];

    /// <summary>A part that chooses days within a year, other than the month.</summary>
    public bool ChoosesDays => !(Days.IsEmpty && MonthDays.IsEmpty && YearDays.IsEmpty && Weeks.IsEmpty);
}

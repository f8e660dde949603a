using System.Collections.Immutable;

namespace Chronos.Core.Scheduling;

/// <summary>How day-of-month and day-of-week combine when both are restricted: crontab's OR, or AND.</summary>
public enum DayMatch : byte
{
    Any,
    All,
}

/// <summary>What a local time in a repeated or skipped hour does; the rule is in <c>NOTES.md</c> of this room.</summary>
public enum DstRule
{
    Once,
    WallClock,
}

/// <summary>
/// The <c>schedule</c> part of a job document as the user wrote it, normalized. Exactly one of <see cref="Cron"/>,
/// <see cref="Every"/>, <see cref="At"/> and <see cref="Rrule"/> is set.
/// </summary>
public sealed record ScheduleSpec
{
    public string? Cron { get; init; }

    public TimeSpan? Every { get; init; }

    /// <summary>With <see cref="Every"/>: the interval counts from the end of the previous execution (fixed delay).</summary>
    public bool AfterCompletion { get; init; }

    public DateTimeOffset? At { get; init; }

    public string? Rrule { get; init; }

    public DayMatch DayMatch { get; init; }

    public DateTimeOffset? StartsAt { get; init; }

    public DateTimeOffset? EndsAt { get; init; }

    public TimeSpan? Phase { get; init; }

    public TimeSpan? Jitter { get; init; }

    public ImmutableArray<string> Calendars { get; init; } = [];

    public DstRule Dst { get; init; }

    public bool Equals(ScheduleSpec? other) =>
        other is not null && Cron == other.Cron && Every == other.Every && AfterCompletion == other.AfterCompletion && At == other.At
        && Rrule == other.Rrule && DayMatch == other.DayMatch && StartsAt == other.StartsAt && EndsAt == other.EndsAt
        && Phase == other.Phase && Jitter == other.Jitter && Dst == other.Dst && Calendars.SequenceEqual(other.Calendars);

    public override int GetHashCode() => HashCode.Combine(Cron, Every, At, Rrule, StartsAt, EndsAt, Jitter, Dst);
}

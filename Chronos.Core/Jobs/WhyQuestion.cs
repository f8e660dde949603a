using System.Collections.Immutable;
using Chronos.Core.Calendars;
using Chronos.Core.Contracts;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>What became, or will become, of a time of a job; the word that programs read.</summary>
public enum WhyVerdict
{
    Fired,
    FiredLate,
    CaughtUp,
    Queued,
    NotRun,

    /// <summary>The time is not one of the schedule's.</summary>
    NoSlot,

    /// <summary>The time is still to come.</summary>
    Future,

    /// <summary>A pause that has not ended: the slot gets its disposition when it does.</summary>
    Paused,
    Disabled,

    /// <summary>The job had no schedule then.</summary>
    Unscheduled,

    /// <summary>Before the job existed.</summary>
    NotCreated,
    Deleted,

    /// <summary>Due, and its timetable has not decided yet, or the ledger does not show it yet.</summary>
    Undecided,

    /// <summary>Older than what the ledger keeps.</summary>
    OutsideRetention,
}

/// <summary>Everything that is known about a time of a job.</summary>
/// <param name="History">How schedule and state changed, oldest first.</param>
/// <param name="Slot">The disposition in the ledger.</param>
/// <param name="Live">What the timetable plans and runs at this moment.</param>
/// <param name="KeptFrom">Dispositions and history from before this instant may have been removed.</param>
public sealed record WhyQuestion(
    TenantId Tenant,
    string JobName,
    DateTimeOffset At,
    DateTimeOffset Now,
    ImmutableArray<PlanInterval> History,
    SlotView? Slot,
    TimetableReplies.Plan? Live,
    DateTimeOffset KeptFrom)
{
    /// <summary>The calendars as they are now.</summary>
    public CalendarLookup Calendars { get; init; } = CalendarLookups.Lenient;

    /// <summary>Of a fixed delay, whose slots are on no grid: the nearest that the ledger has before <see cref="At"/>.</summary>
    public DateTimeOffset? RecordedBefore { get; init; }

    /// <summary>The nearest that it has after it.</summary>
    public DateTimeOffset? RecordedAfter { get; init; }
}

/// <summary>One true sentence, and the same for programs.</summary>
public sealed record WhyAnswer(WhyVerdict Verdict, string Sentence)
{
    public SkipReason? Reason { get; init; }

    /// <summary>For a time that is no slot: the nearest slot before it.</summary>
    public DateTimeOffset? Before { get; init; }

    public DateTimeOffset? After { get; init; }
}

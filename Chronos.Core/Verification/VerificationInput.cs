using System.Collections.Immutable;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Core.Verification;

/// <summary>A job as the checker sees it.</summary>
/// <param name="History">How its schedule and state changed, oldest first.</param>
public sealed record VerifiedJob(TenantId Tenant, JobId Id, string Name, ConcurrencyPolicy Concurrency, ImmutableArray<PlanInterval> History)
{
    /// <summary>It names limits or a <c>concurrency_key</c>: what was claimed in time may leave when its turn comes.</summary>
    public bool IsLimited { get; init; }
}

/// <summary>What the ledger says of a slot, or of a range of slots that were not run for one reason.</summary>
/// <param name="Ran">Whether an execution was started for it.</param>
public sealed record VerifiedSlot(DateTimeOffset First, DateTimeOffset Last, bool Ran, bool Waits, string? ExecutionId);

/// <summary>What the ledger says of an execution.</summary>
/// <param name="StartedAt">When its first attempt left; absent when none did.</param>
public sealed record VerifiedExecution(
    string Id, ExecutionTrigger Trigger, DateTimeOffset Nominal, ExecutionStatus Status, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt)
{
    /// <summary>The number of its last attempt; absent where that is not known.</summary>
    public int? LastAttempt { get; init; }

    /// <summary>When its slot was decided; absent where that is not known.</summary>
    public DateTimeOffset? ClaimedAt { get; init; }
}

/// <summary>One request as a receiver wrote it down.</summary>
/// <param name="At">When it came, by the receiver's clock, UTC.</param>
public sealed record ReceivedRequest(string ExecutionId, int Attempt, DateTimeOffset Nominal, DateTimeOffset At);

/// <summary>The bounds of a verification.</summary>
/// <param name="From">First nominal time that counts.</param>
/// <param name="To">The nominal times end before this.</param>
/// <param name="Late">A slot that started later than this after its time is late, unless it was caught up.</param>
public sealed record VerificationWindow(DateTimeOffset From, DateTimeOffset To, TimeSpan Late)
{
    /// <summary>When the receiver's log was read: what ended later may not be in it. Absent: everything is.</summary>
    public DateTimeOffset? LogReadAt { get; init; }
}

/// <summary>What may be wrong with a slot or a run.</summary>
public enum FindingKind
{
    /// <summary>Succeeded says the ledger, but the receiver never got it.</summary>
    Missed,

    /// <summary>Two dispositions or claims of one slot, or the same attempt received twice.</summary>
    Doubled,

    /// <summary>Sent or received before its time.</summary>
    Early,

    /// <summary>Fired too long after its time.</summary>
    Late,

    /// <summary>More executions of the job at once than its policy allows.</summary>
    Overlapped,

    /// <summary>The schedule has this slot, the ledger has nothing.</summary>
    Undisposed,

    /// <summary>The ledger or the receiver has a run that no schedule explains.</summary>
    Unscheduled,
}

/// <summary>One thing that is not as promised.</summary>
public sealed record Finding(FindingKind Kind, string Job, DateTimeOffset At, string? ExecutionId, string Detail);

/// <summary>The result for one job.</summary>
/// <param name="Slots">Slots that the schedule has in the window.</param>
/// <param name="Redelivered">Executions that the receiver got more than once as different attempts: allowed, since delivery is at least once.</param>
public sealed record Verification(long Slots, long Executions, long Redelivered, ImmutableArray<Finding> Findings);

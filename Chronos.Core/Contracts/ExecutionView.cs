using System.Collections.Immutable;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Core.Contracts;

/// <summary>An execution as readers see it: waiting, running, ended, or a single slot that was not run.</summary>
/// <param name="ClaimedAt">When the claim was made; absent for a slot that waits or was not run.</param>
/// <param name="StartedAt">When the first byte of the first attempt was about to leave; while that attempt runs, when it began.</param>
/// <param name="RetryAt">When the next attempt is due, between two attempts.</param>
/// <param name="Detail">Why it was skipped or cancelled, in words.</param>
/// <param name="LatenessMs">From when it was to fire (the scheduled time, unless jitter or a calendar has it fire at another) to the first byte of the first attempt; known once that attempt ended.</param>
/// <param name="Source">The execution that a replay repeats, or the backfill that the run belongs to.</param>
public sealed record ExecutionView(
    ExecutionId Id,
    TenantId Tenant,
    JobId JobId,
    string JobName,
    ExecutionTrigger Trigger,
    int? Revision,
    DateTimeOffset ScheduledAt,
    DateTimeOffset? ClaimedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    ExecutionStatus Status,
    SkipReason? SkipReason,
    string? Detail,
    string? Node,
    DateTimeOffset? RetryAt,
    ImmutableArray<AttemptView> Attempts,
    double? LatenessMs,
    string? Source,
    string? Payload,
    Principal? By,
    string TraceId)
{
    /// <summary>Present when it failed for good.</summary>
    public DeadLetterMark? DeadLetter { get; init; }
}

/// <summary>What became of an execution that failed for good.</summary>
public enum DeadLetterState
{
    /// <summary>Nobody has done anything about it.</summary>
    Open = 1,

    /// <summary>It was run once more, as a new execution.</summary>
    Replayed = 2,

    /// <summary>Somebody wants nothing more of it.</summary>
    Dropped = 3,

    /// <summary>It was open for longer than dead letters are kept.</summary>
    Expired = 4,
}

/// <summary>An execution as a dead letter.</summary>
/// <param name="At">Since when it is in this state.</param>
/// <param name="ReplayedAs">The execution that repeats it.</param>
public sealed record DeadLetterMark(DeadLetterState State, DateTimeOffset At, Principal? By, ExecutionId? ReplayedAs);

/// <summary>One attempt of an execution. Its outcome is absent while it runs.</summary>
/// <param name="Excerpt">At most 4 KB of the response.</param>
/// <param name="RetryAt">When the attempt after it is due, if there is to be one.</param>
public sealed record AttemptView(
    int Number,
    string Node,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    double? DurationMs,
    FailureClass? Failure,
    int? StatusCode,
    string? Error,
    string? Excerpt,
    DateTimeOffset? RetryAt,
    ImmutableSortedDictionary<string, string>? Facts);

using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What a timetable knows of one of its jobs. Immutable, so that a snapshot is a copy of references.</summary>
public sealed record PlannedJob
{
    /// <summary>How many <c>Idempotency-Key</c>s of runs and backfills are remembered for a job.</summary>
    public const int RememberedRequests = 32;

    public required JobId Id { get; init; }

    public required TenantId Tenant { get; init; }

    public long Version { get; init; }

    public int Revision { get; init; }

    public PlanState State { get; init; }

    public DateTimeOffset? PausedUntil { get; init; }

    public required JobDefinition Definition { get; init; }

    /// <summary>Every slot up to here has its disposition, except those of an open pause, which get it when the pause ends.</summary>
    public DateTimeOffset Cursor { get; init; }

    /// <summary>Up to where slots were decided when the present schedule came, if it came late: by the schedules before it. Absent otherwise.</summary>
    public DateTimeOffset? TakenOver { get; init; }

    /// <summary>When the last execution ended; a fixed delay counts from it.</summary>
    public DateTimeOffset? LastEndedAt { get; init; }

    /// <summary>The job was deleted; the entry stays until its last execution has ended.</summary>
    public bool Removed { get; init; }

    [JsonIgnore]
    public RunningExecutions Running { get; init; } = RunningExecutions.Empty;

    /// <summary><see cref="Running"/> as the snapshot keeps it.</summary>
    public ImmutableArray<RunningExecution> RunningList
    {
        get => [.. Running.Values];
        init => Running = RunningExecutions.Of(value);
    }

    /// <summary>Slots that wait for their turn, oldest first.</summary>
    public ImmutableList<WaitingSlot> Waiting { get; init; } = [];

    public ImmutableArray<BackfillState> Backfills { get; init; } = [];

    public ImmutableArray<RememberedRun> Requests { get; init; } = [];

    /// <summary>What the last resumes found, oldest first; absent when there were none.</summary>
    public ImmutableList<PauseEnd>? Resumes { get; init; }

    /// <summary>Tokens of callbacks that are worth nothing any more, oldest first; absent when there are none.</summary>
    public ImmutableArray<SpentCallback>? SpentCallbacks { get; init; }

    [JsonIgnore]
    public BackfillState? OpenBackfill => Backfills.IsEmpty ? null : Backfills.FirstOrDefault(static b => b.EndedAt is null);

    public bool IsPausedAt(DateTimeOffset now) => State == PlanState.Paused && !(PausedUntil <= now);
}

/// <summary>An execution that was claimed and has not ended: an attempt runs, or the next one waits for its time.</summary>
/// <param name="Attempt">Number of the current or last attempt.</param>
/// <param name="AttemptRuns">False while it waits for <paramref name="RetryAt"/>.</param>
public sealed record RunningExecution(
    ExecutionId Id,
    DateTimeOffset Nominal,
    ExecutionTrigger Trigger,
    int Revision,
    DateTimeOffset ClaimedAt,
    int Attempt,
    bool AttemptRuns,
    DateTimeOffset AttemptAt,
    string Node,
    DateTimeOffset? RetryAt,
    string? Payload,
    string? Source,
    ExecutionStatus? EndsAs,
    ImmutableArray<LiveAttempt> Ended)
{
    /// <summary>When it was to fire, where a calendar or its jitter has it fire at another time than its nominal one; lateness counts from here.</summary>
    public DateTimeOffset? Due { get; init; }

    /// <summary>When its first attempt begins, where it was claimed ahead of that.</summary>
    public DateTimeOffset? Begins { get; init; }

    /// <summary>From when its deadline counts.</summary>
    [JsonIgnore]
    public DateTimeOffset BeganAt => Begins ?? ClaimedAt;

    /// <summary>Whether an attempt of it waits until it is due. One that seems to be due much later does not: the clock was set back.</summary>
    public bool IsHeldAt(DateTimeOffset now) => Begins > now && Begins - now <= ClaimAhead.Most;

    /// <summary>Present while the end of the attempt is to be reported by the target.</summary>
    public PendingCallback? Callback { get; init; }

    /// <summary>The last that was told of the running attempt.</summary>
    public AttemptProgress? Progress { get; init; }

    /// <summary>Whether the target took the running attempt and has not reported its end.</summary>
    [JsonIgnore]
    public bool IsAwaited => AttemptRuns && Callback is { AcceptedAt: not null };
}

/// <summary>What became of the slots that a pause had swallowed, by the version of the plan that ended it.</summary>
public sealed record PauseEnd(long Version, long Missed, long CaughtUp)
{
    /// <summary>How many are remembered for a job.</summary>
    public const int Kept = 8;
}

/// <summary>What a run was asked with, so that the same request does not start it twice.</summary>
public sealed record RememberedRun(RequestMark Request, string Id, DateTimeOffset At);

/// <summary>A backfill of a job. <paramref name="Cursor"/> is the last slot that was started.</summary>
public sealed record BackfillState(
    string Operation,
    DateTimeOffset From,
    DateTimeOffset To,
    int MaxConcurrent,
    long Total,
    DateTimeOffset CreatedAt,
    DateTimeOffset Cursor,
    long Started,
    long Succeeded,
    long Failed,
    DateTimeOffset? EndedAt,
    bool Cancelled)
{
    /// <summary>How many backfills that are over stay readable per job.</summary>
    public const int Kept = 8;

    /// <summary>Why it was cancelled, where nobody asked for that.</summary>
    public string? Reason { get; init; }

    public TimetableReplies.BackfillView View(JobId job, bool replayed) => new(
        Operation, job, From, To, MaxConcurrent, Total, Started, Succeeded, Failed,
        Cancelled ? "cancelled" : EndedAt is null ? "running" : "done", CreatedAt, EndedAt, replayed)
    { Reason = Reason };
}

using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Core.Wire;

namespace Chronos.Core.Jobs;

/// <summary>Something asked of the timetable that a job belongs to.</summary>
public interface ITimetableCommand : IWireMessage
{
    JobId Job { get; }
}

/// <summary>What a timetable can be asked from outside.</summary>
public static class TimetableCommands
{
    /// <summary>Stop an execution: waiting, running or between retries. Answered by <see cref="TimetableReplies.Live"/>.</summary>
    public sealed record Cancel(JobId Job, ExecutionId Execution, Principal By) : ITimetableCommand;

    /// <summary>An execution that is waiting or running; otherwise refused with <see cref="RejectionCode.NotFound"/> (then the ledger knows it, or nobody).</summary>
    public sealed record GetExecution(JobId Job, ExecutionId Execution) : ITimetableCommand;

    /// <summary>Write down that nothing more is wanted of an execution that failed for good. Answered by <see cref="TimetableReplies.Dropped"/>.</summary>
    public sealed record DropDeadLetter(JobId Job, ExecutionId Execution, Principal By) : ITimetableCommand;

    /// <summary>What is planned and in flight for a job.</summary>
    public sealed record GetPlan(JobId Job) : ITimetableCommand;

    /// <summary>Run every slot of [<paramref name="From"/>, <paramref name="To"/>) anew. Answered by <see cref="TimetableReplies.BackfillView"/>.</summary>
    public sealed record StartBackfill(JobId Job, DateTimeOffset From, DateTimeOffset To, int MaxConcurrent, Principal By, RequestMark? Request) : ITimetableCommand;

    public sealed record CancelBackfill(JobId Job, string Operation, Principal By) : ITimetableCommand;

    public sealed record GetBackfill(JobId Job, string Operation) : ITimetableCommand;
}

/// <summary>What a timetable answers.</summary>
public interface ITimetableReply : IWireMessage;

/// <summary>The closed family of answers of a timetable (refusals are <see cref="JobReplies.Refused"/>).</summary>
public static class TimetableReplies
{
    /// <summary>The claim is durable.</summary>
    public sealed record Started(LiveExecution Execution, bool Replayed) : ITimetableReply, IJobReply;

    public sealed record Live(LiveExecution Execution) : ITimetableReply
    {
        /// <summary>Its attempt has begun by the journal and waits to be sent: to who looks at it it has not started.</summary>
        public Live NotSent() => new(Execution with { Status = ExecutionStatus.Pending, Attempts = Execution.Attempts.RemoveAt(Execution.Attempts.Length - 1) });
    }

    /// <summary>That a dead letter was dropped is durable.</summary>
    public sealed record Dropped(ExecutionId Execution) : ITimetableReply;

    /// <summary>The plan of a job as its timetable has it.</summary>
    /// <param name="Cursor">Every slot up to here has its disposition, except those of an open pause.</param>
    /// <param name="NextAt">The next nominal time, if any. A fixed delay has none while an execution runs or waits.</param>
    public sealed record Plan(
        JobId Job, int Timetable, long Version, PlanState State, DateTimeOffset Cursor, DateTimeOffset? NextAt, DateTimeOffset? NextFireAt,
        ImmutableArray<LiveExecution> InFlight, ImmutableArray<WaitingSlot> Waiting) : ITimetableReply;

    /// <summary>A backfill with its progress.</summary>
    public sealed record BackfillView(
        string Operation, JobId Job, DateTimeOffset From, DateTimeOffset To, int MaxConcurrent, long Total, long Started, long Succeeded, long Failed,
        string Status, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt, bool Replayed) : ITimetableReply
    {
        /// <summary>Why it was cancelled, where nobody asked for that.</summary>
        public string? Reason { get; init; }
    }
}

/// <summary>A slot that waits for its turn.</summary>
public sealed record WaitingSlot(DateTimeOffset Nominal, ExecutionTrigger Trigger);

/// <summary>An execution that has not ended, as its timetable knows it.</summary>
public sealed record LiveExecution(
    ExecutionId Id,
    JobId Job,
    string JobName,
    ExecutionTrigger Trigger,
    int Revision,
    DateTimeOffset ScheduledAt,
    DateTimeOffset ClaimedAt,
    ExecutionStatus Status,
    string Node,
    DateTimeOffset? RetryAt,
    ImmutableArray<LiveAttempt> Attempts,
    string TraceId)
{
    /// <summary>Whether an attempt of it has begun and has not been accepted: it may be on its way, or wait to be sent.</summary>
    [JsonIgnore]
    public bool IsSentByJournal => Status == ExecutionStatus.Running && Attempts is [.., { Failure: null, Callback: null }];
}

/// <summary>An attempt of an execution that has not ended. Its outcome is absent while it runs.</summary>
public sealed record LiveAttempt(
    int Number, string Node, DateTimeOffset StartedAt, double? DurationMs, FailureClass? Failure, int? StatusCode, string? Error, string? Excerpt)
{
    /// <summary>Present while the attempt waits for its callback.</summary>
    public AwaitedCallback? Callback { get; init; }

    /// <summary>The last that was told of it while it ran.</summary>
    public AttemptProgress? Progress { get; init; }
}

/// <summary>Since when an attempt waits for its callback, and until when.</summary>
public sealed record AwaitedCallback(DateTimeOffset AcceptedAt, DateTimeOffset ExpiresAt, DateTimeOffset? HeardAt);

/// <summary>How far a running attempt is, in the words of its target.</summary>
/// <param name="Percent">0 to 100, if the target says so.</param>
public sealed record AttemptProgress(DateTimeOffset At, double? Percent, string? Message)
{
    /// <summary>What was told before stays where nothing newer is told.</summary>
    internal static AttemptProgress? Of(AttemptProgressed item, AttemptProgress? before) =>
        item is { Percent: null, Message: null } ? before : new AttemptProgress(item.At, item.Percent ?? before?.Percent, item.Message ?? before?.Message);
}

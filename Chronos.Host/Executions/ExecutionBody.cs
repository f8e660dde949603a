using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Core.Contracts;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;

namespace Chronos.Host.Executions;

/// <summary>An execution as the API shows it, whether it lives in its timetable or has ended in the ledger.</summary>
internal sealed record ExecutionBody(
    string Id,
    string JobId,
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
    ImmutableArray<AttemptBody> Attempts,
    double? LatenessMs,
    string? Source,
    JsonElement? Payload,
    string? By,
    string TraceId)
{
    /// <summary>What became of it, when it failed for good.</summary>
    public DeadLetterBody? DeadLetter { get; init; }

    public static ExecutionBody Of(ExecutionView e) => new(
        e.Id.Value, e.JobId.Value, e.JobName, e.Trigger, e.Revision, e.ScheduledAt, e.ClaimedAt, e.StartedAt, e.FinishedAt, e.Status, e.SkipReason, e.Detail,
        e.Node, e.RetryAt, [.. e.Attempts.Select(AttemptBody.Of)], e.LatenessMs, e.Source, Json(e.Payload), e.By?.Name, e.TraceId)
    {
        DeadLetter = e.DeadLetter is { } mark ? new DeadLetterBody(mark.State, mark.At, mark.By?.Name, mark.ReplayedAs?.Value) : null,
    };

    public static ExecutionBody Of(LiveExecution e) => new(
        e.Id.Value, e.Job.Value, e.JobName, e.Trigger, e.Revision, e.ScheduledAt, e.ClaimedAt, First(e)?.StartedAt, null, e.Status, null, null,
        e.Node, e.RetryAt, [.. e.Attempts.Select(AttemptBody.Of)],
        e.Id.IsSlot && First(e) is { Failure: not null } first ? (first.StartedAt - e.ScheduledAt).TotalMilliseconds : null, null, null, null, e.TraceId);

    /// <summary>The first attempt that left: what an open circuit refused has begun nothing.</summary>
    private static LiveAttempt? First(LiveExecution e) => e.Attempts.FirstOrDefault(attempt => attempt.Failure != FailureClass.CircuitOpen);

    private static JsonElement? Json(string? text)
    {
        if (text is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}

/// <summary>An execution as a dead letter: open, replayed, dropped or expired, and since when.</summary>
internal sealed record DeadLetterBody(DeadLetterState State, DateTimeOffset At, string? By, string? ReplayedAs);

/// <summary>One attempt of an execution. Its outcome is absent while it runs.</summary>
internal sealed record AttemptBody(
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
    ImmutableSortedDictionary<string, string>? Facts)
{
    /// <summary>Present while the target is to report the end of the attempt.</summary>
    public AwaitedCallback? Callback { get; init; }

    /// <summary>How far the attempt is, while it runs and if its target says so.</summary>
    public AttemptProgress? Progress { get; init; }

    public static AttemptBody Of(AttemptView a) =>
        new(a.Number, a.Node, a.StartedAt, a.EndedAt, a.DurationMs, a.Failure, a.StatusCode, a.Error, a.Excerpt, a.RetryAt, a.Facts);

    public static AttemptBody Of(LiveAttempt a) => new(
        a.Number, a.Node, a.StartedAt, a.DurationMs is { } ms ? a.StartedAt.AddMilliseconds(ms) : null, a.DurationMs, a.Failure, a.StatusCode, a.Error, a.Excerpt, null, null)
    {
        Callback = a.Callback,
        Progress = a.Progress,
    };
}

/// <summary>A page of executions, newest first.</summary>
internal sealed record ExecutionListView(ImmutableArray<ExecutionBody> Items, string? NextCursor, double LagSeconds);

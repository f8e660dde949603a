using System.Collections.Immutable;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What an item makes of its job.</summary>
public sealed partial class TimetableState
{
    private static PlannedJob Fold(PlannedJob job, TimetableItem item) => item switch
    {
        SlotsSkipped i => job with
        {
            Cursor = Instants.Later(job.Cursor, i.Last),
            Waiting = WithoutRange(job.Waiting, i),
        },
        SlotQueued i => job with { Cursor = Instants.Later(job.Cursor, i.Nominal), Waiting = job.Waiting.Add(new WaitingSlot(i.Nominal, i.Trigger)) },
        ExecutionStarted i => Claimed(job, i),
        AttemptStarted i => WithRunning(job, i.Execution, i, static (e, i) => e with
        {
            Attempt = i.Attempt,
            AttemptRuns = true,
            AttemptAt = e.Begins is { } begins ? Instants.Later(begins, i.At) : i.At,
            RetryAt = null,
            Node = i.Node,
            Callback = PendingCallback.Next(i.Callback, e.Callback),
            Progress = null,
        }),
        AttemptAccepted i => WithRunning(job, i.Execution, i, static (e, i) => e with { Callback = e.Callback?.Accept(i) }),
        AttemptProgressed i => WithRunning(job, i.Execution, i, static (e, i) => e with { Callback = e.Callback?.Hear(i), Progress = AttemptProgress.Of(i, e.Progress) }),
        AttemptEnded i => WithRunning(SpentCallback.Remember(job, i), i.Execution, i, static (e, i) => e with
        {
            AttemptRuns = false,
            RetryAt = i.RetryAt,
            Callback = i.Failure == FailureClass.Lost ? e.Callback : null,
            Progress = null,
            Ended = e.Ended.Add(new LiveAttempt(i.Attempt, e.Node, i.StartedAt, i.DurationMs, i.Failure, i.StatusCode, i.Error, i.Excerpt)),
        }),
        CancelRequested i => WithRunning(job, i.Execution, i, static (e, i) => e with { EndsAs = i.EndsAs }),
        ExecutionEnded i => job with { Running = job.Running.Without(i.Execution), LastEndedAt = i.At },
        BackfillStarted i => job with
        {
            Backfills = [.. job.Backfills.Where(static b => b.EndedAt is null).Concat(job.Backfills.Where(static b => b.EndedAt is not null).TakeLast(BackfillState.Kept)),
                new BackfillState(i.Operation, i.From, i.To, i.MaxConcurrent, i.Total, i.At, i.From.AddTicks(-1), 0, 0, 0, null, false)],
            Requests = Remember(job, i.Request, i.Operation, i.At),
        },
        BackfillAdvanced i => WithBackfill(job, i.Operation, i, static (b, i) => i.Status == ExecutionStatus.Succeeded ? b with { Succeeded = b.Succeeded + 1 } : b with { Failed = b.Failed + 1 }),
        BackfillEnded i => WithBackfill(job, i.Operation, i, static (b, i) => b with { EndedAt = i.At, Cancelled = i.Cancelled, Reason = i.Reason }),
        _ => throw new InvalidOperationException($"{item.GetType()} is no item of a timetable"),
    };

    private PlannedJob Plan(PlanSet i)
    {
        var known = Find(i.Job);
        var job = known is null or { Removed: true }
            ? Anew(i, known)
            : known;

        // Slots of a time in which the job was switched off, or of a schedule that was not yet its own, are none.
        var fresh = job.State == PlanState.Disabled || job.Definition.IsTimedOtherwise(i.Definition);
        return job with
        {
            Version = i.Version,
            Revision = i.Revision,
            State = i.State,
            PausedUntil = i.PausedUntil,
            Definition = i.Definition,
            Cursor = fresh ? Instants.Later(job.Cursor, i.From) : job.Cursor,
            TakenOver = !fresh ? job.TakenOver : job.Cursor > i.From ? job.Cursor : null,
            Resumes = i is { Missed: { } missed, CaughtUp: { } caughtUp }
                ? [.. (job.Resumes ?? []).TakeLast(PauseEnd.Kept - 1), new PauseEnd(i.Version, missed, caughtUp)]
                : job.Resumes,
        };
    }

    /// <summary>A job that is made, or made again under the name of one that was deleted: slots that were decided for that one stay so.</summary>
    private PlannedJob Anew(PlanSet i, PlannedJob? removed)
    {
        var decided = removed?.Cursor ?? _removed.Find(i.Job)?.Cursor;
        return new PlannedJob
        {
            Id = i.Job,
            Tenant = i.Tenant,
            Definition = i.Definition,
            Cursor = Instants.Later(i.From, decided ?? i.From),
            TakenOver = decided > i.From ? decided : null,
            Running = removed?.Running ?? RunningExecutions.Empty,
            Requests = removed?.Requests ?? _removed.Find(i.Job)?.Requests ?? [],
        };
    }

    private static PlannedJob Claimed(PlannedJob job, ExecutionStarted i)
    {
        var id = i.Id;
        var running = new RunningExecution(id, i.Nominal, i.Trigger, i.Revision, i.At, 1, true, i.Begins, i.Node, null, i.Payload, i.Source, null, [])
        {
            Due = i.Due ?? i.FiresAt,
            Begins = i.Begins > i.At ? i.Begins : null,
            Callback = PendingCallback.Next(i.Callback, null),
        };
        var isSlot = i.Execution is null;
        var next = job with
        {
            Running = job.Running.With(running),
            Requests = Remember(job, i.Request, id.Value, i.At),
            Cursor = isSlot ? Instants.Later(job.Cursor, i.Nominal) : job.Cursor,
            Waiting = isSlot && !job.Waiting.IsEmpty ? WithoutFirst(job.Waiting, i.Nominal) : job.Waiting,
        };
        return i.Trigger == ExecutionTrigger.Backfill && i.Source is { } operation
            ? WithBackfill(next, operation, i, static (b, i) => b with { Cursor = i.Nominal, Started = b.Started + 1 })
            : next;
    }

    private static ImmutableList<WaitingSlot> WithoutFirst(ImmutableList<WaitingSlot> waiting, DateTimeOffset nominal)
    {
        var place = waiting.FindIndex(w => w.Nominal == nominal);
        return place < 0 ? waiting : waiting.RemoveAt(place);
    }

    private static ImmutableList<WaitingSlot> WithoutRange(ImmutableList<WaitingSlot> waiting, SlotsSkipped range) =>
        waiting.IsEmpty ? waiting : waiting.RemoveAll(w => w.Nominal >= range.First && w.Nominal <= range.Last);

    private static ImmutableArray<RememberedRun> Remember(PlannedJob job, RequestMark? request, string id, DateTimeOffset at) =>
        request is null ? job.Requests
        : job.Requests.Length < PlannedJob.RememberedRequests ? job.Requests.Add(new RememberedRun(request, id, at))
        : job.Requests.RemoveAt(0).Add(new RememberedRun(request, id, at));

    /// <remarks>The item is handed on, so that the change captures nothing: this runs three times for each execution.</remarks>
    private static PlannedJob WithRunning<TItem>(PlannedJob job, ExecutionId id, TItem item, Func<RunningExecution, TItem, RunningExecution> change) =>
        job.Running.TryGetValue(id, out var execution) ? job with { Running = job.Running.With(change(execution, item)) } : job;

    private static PlannedJob WithBackfill<TItem>(PlannedJob job, string operation, TItem item, Func<BackfillState, TItem, BackfillState> change) =>
        job with { Backfills = [.. job.Backfills.Select(b => b.Operation == operation ? change(b, item) : b)] };
}

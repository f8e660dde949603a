using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>Runs that somebody asked for, one by one or as a backfill.</summary>
public sealed partial class Timetable
{
    public ITimetableReply RunNow(TimetablePlanning.RunNow run, DateTimeOffset now)
    {
        // Asked of a job that was deleted meanwhile, this may come late or a second time: the one that has its name now was not asked.
        if (State.Find(run.Job) is not { Removed: false } job || run.Version < State.RemovedVersion(run.Job))
        {
            return new JobReplies.Refused(JobDecider.NoSuchJob(run.Job));
        }

        if (Seen(job, run.Request) is { } seen)
        {
            return seen.Request.Fingerprint != run.Request!.Fingerprint ? new JobReplies.Refused(KeyReused(seen.Request))
                : job.Running.TryGetValue(new ExecutionId(seen.Id), out var still) ? new TimetableReplies.Started(View(job, still), true)
                : new TimetableReplies.Started(new LiveExecution(
                    new ExecutionId(seen.Id), job.Id, job.Definition.Name, run.Kind, job.Revision, seen.At, seen.At, ExecutionStatus.Pending, node, null, [],
                    TraceIds.For(new ExecutionId(seen.Id))), true);
        }

        if (run.Force == TriggerForce.Respect && Obstacle(job, now) is { } obstacle)
        {
            return new JobReplies.Refused(Rejection.Of(RejectionCode.Conflict, $"{obstacle}; force runs it all the same"));
        }

        var token = TokenFor(job);
        Emit(new ExecutionStarted(job.Id, run.Execution, now, run.Kind, job.Revision, now, node)
        {
            Callback = token?.Hash,
            Payload = run.Payload,
            Source = run.Source,
            By = run.By,
            Request = run.Request,
        });
        job = State.Find(job.Id)!;
        var execution = job.Running[run.Execution];
        Offer(job, execution, token, now);
        return new TimetableReplies.Started(View(job, execution), false);
    }

    public ITimetableReply GetPlan(TimetableCommands.GetPlan query, int timetable)
    {
        if (State.Find(query.Job) is not { Removed: false } job)
        {
            return new JobReplies.Refused(JobDecider.NoSuchJob(query.Job));
        }

        var schedule = State.ScheduleOf(job.Id);
        var next = job.State == PlanState.Disabled || schedule is null ? null
            : schedule.AfterCompletion ? FixedDelay.Told(job, schedule)
            : schedule.NextFiring(job.Cursor, job.State == PlanState.Paused && job.PausedUntil is { } until && until < Schedule.Latest ? until : Schedule.Earliest)?.Nominal;
        if (job is { State: PlanState.Paused, PausedUntil: null })
        {
            next = null;
        }

        return new TimetableReplies.Plan(
            job.Id, timetable, job.Version, job.State, job.Cursor, next, next is { } at ? schedule!.FireAt(at) : null,
            [.. job.Running.Values.OrderBy(e => e.ClaimedAt).Select(e => View(job, e))], [.. job.Waiting]);
    }

    public ITimetableReply StartBackfill(TimetableCommands.StartBackfill command, DateTimeOffset now)
    {
        if (State.Find(command.Job) is not { Removed: false } job)
        {
            return new JobReplies.Refused(JobDecider.NoSuchJob(command.Job));
        }

        if (Seen(job, command.Request) is { } seen)
        {
            return seen.Request.Fingerprint != command.Request!.Fingerprint ? new JobReplies.Refused(KeyReused(seen.Request))
                : job.Backfills.FirstOrDefault(b => b.Operation == seen.Id) is { } known ? known.View(job.Id, true)
                : new JobReplies.Refused(Rejection.Of(
                    RejectionCode.Conflict, $"the request with the idempotency key '{seen.Request.Key}' was done already, as the operation {seen.Id}; a new request needs a new key"));
        }

        if (job.OpenBackfill is { } open)
        {
            return new JobReplies.Refused(Rejection.Of(RejectionCode.Conflict, $"the backfill {open.Operation} of this job still runs"));
        }

        if (Stopped(job, now) is { } stopped)
        {
            return new JobReplies.Refused(Rejection.Of(RejectionCode.Conflict, $"{stopped}: a backfill would stand still"));
        }

        var (total, refusal) = SlotsToFill(State.ScheduleOf(job.Id), command.From, command.To, now);
        if (refusal is not null)
        {
            return new JobReplies.Refused(refusal);
        }

        var operation = $"{job.Id}~{Ulids.Derive(now, $"{job.Id}/{job.Version}/{now.UtcTicks}/{command.From.UtcTicks}/{command.To.UtcTicks}")}";
        Emit(new BackfillStarted(job.Id, operation, command.From, command.To, total, command.MaxConcurrent, now, command.By) { Request = command.Request });
        Advance(job.Id, operation, now);
        return Backfill(job.Id, operation)!.View(job.Id, false);
    }

    /// <summary>How many slots a backfill of [<paramref name="from"/>, <paramref name="to"/>) would run, or why it cannot be begun.</summary>
    public static (long Total, Rejection? Refusal) SlotsToFill(Schedule? schedule, DateTimeOffset from, DateTimeOffset to, DateTimeOffset now)
    {
        if (schedule is not { AfterCompletion: false })
        {
            return (0, Rejection.Invalid("schedule", "the job has no schedule with fixed times to fill"));
        }

        if (from < Schedule.Earliest)
        {
            return (0, Rejection.Invalid("from", $"is before {Rfc3339.Format(Schedule.Earliest)}"));
        }

        if (to > now)
        {
            return (0, Rejection.Invalid("to", "is in the future: slots that are still to come run by themselves"));
        }

        var (before, last) = (from.AddTicks(-1), to.AddTicks(-1));
        var total = schedule.HasCalendars
            ? schedule.CountFiring(before, last, CountedSlots) ?? -1
            : CountUpTo(schedule, before, last);
        return total switch
        {
            0 => (0, Rejection.Invalid("to", "no slot lies between from and to")),
            -1 => (0, Rejection.Invalid("to", $"more than {CountedSlots} slots lie between from and to")),
            _ => (total, null),
        };
    }

    public ITimetableReply CancelBackfill(TimetableCommands.CancelBackfill command, DateTimeOffset now)
    {
        if (Backfill(command.Job, command.Operation) is not { } backfill)
        {
            return NoSuchBackfill(command.Operation);
        }

        if (backfill.EndedAt is null)
        {
            Emit(new BackfillEnded(command.Job, command.Operation, now, Cancelled: true));
            foreach (var execution in State.Find(command.Job)!.Running.Values.Where(e => e.Source == command.Operation && e.EndsAs is null))
            {
                RequestEnd(State.Find(command.Job)!, execution, ExecutionStatus.Cancelled, $"the backfill was cancelled by {command.By}", command.By, now);
            }
        }

        return Backfill(command.Job, command.Operation)!.View(command.Job, false);
    }

    public ITimetableReply GetBackfill(TimetableCommands.GetBackfill query) =>
        Backfill(query.Job, query.Operation) is { } backfill ? backfill.View(query.Job, false) : NoSuchBackfill(query.Operation);

    /// <summary>Ends a backfill whose range no longer has the slots that were counted when it began. Runs of it that are on their way go on.</summary>
    private void EndBackfill(JobId id, string reason, DateTimeOffset now)
    {
        if (State.Find(id)?.OpenBackfill is { } open)
        {
            Emit(new BackfillEnded(id, open.Operation, now, Cancelled: true) { Reason = reason });
        }
    }

    /// <summary>What the overlap policy, a pause or a switch holds back of a backfill goes on when it may.</summary>
    private void AdvanceOpen(JobId id, DateTimeOffset now)
    {
        if (State.Find(id)?.OpenBackfill is { } open)
        {
            Advance(id, open.Operation, now);
        }
    }

    /// <summary>Starts the next runs of a backfill, up to its bound and the job's, and ends it when all have ended.</summary>
    private void Advance(JobId id, string operation, DateTimeOffset now)
    {
        while (State.Find(id) is { Removed: false } job && Backfill(id, operation) is { EndedAt: null } backfill)
        {
            var running = job.Running.Values.Count(e => e.Source == operation);
            var next = State.ScheduleOf(id)?.NextFiring(backfill.Cursor)?.Nominal;
            if (next is { } nominal && nominal < backfill.To)
            {
                if (Stopped(job, now) is not null || running >= backfill.MaxConcurrent || job.Running.Count >= job.Definition.Concurrency.EffectiveLimit)
                {
                    return;
                }

                var run = ExecutionId.ForRun(id, Ulids.Derive(now, $"{operation}/{nominal.UtcTicks}"));
                var token = TokenFor(job);
                Emit(new ExecutionStarted(id, run, nominal, ExecutionTrigger.Backfill, job.Revision, now, node) { Source = operation, Callback = token?.Hash });
                Offer(State.Find(id)!, State.Find(id)!.Running[run], token, now);
            }
            else if (running == 0)
            {
                Emit(new BackfillEnded(id, operation, now, Cancelled: false));
            }
            else
            {
                return;
            }
        }
    }

    private BackfillState? Backfill(JobId job, string operation) => State.Find(job)?.Backfills.FirstOrDefault(b => b.Operation == operation);

    private static JobReplies.Refused NoSuchBackfill(string operation) => new(Rejection.Of(RejectionCode.NotFound, $"there is no operation '{operation}'"));

    private static RememberedRun? Seen(PlannedJob job, RequestMark? request) => request is null ? null : job.Requests.FirstOrDefault(r => r.Request.Key == request.Key);

    private static Rejection KeyReused(RequestMark request) =>
        Rejection.Of(RejectionCode.Conflict, $"the idempotency key '{request.Key}' was used for another request");

    private static string? Obstacle(PlannedJob job, DateTimeOffset now)
    {
        var policy = job.Definition.Concurrency;
        return Stopped(job, now)
            ?? (job.Running.Count >= policy.EffectiveLimit ? $"{job.Running.Count} executions run already (concurrency {policy.Overlap.ToString().ToLowerInvariant()})" : null);
    }

    private static string? Stopped(PlannedJob job, DateTimeOffset now) =>
        job.State == PlanState.Disabled ? "the job is disabled"
        : job.IsPausedAt(now) ? "the job is paused"
        : null;
}

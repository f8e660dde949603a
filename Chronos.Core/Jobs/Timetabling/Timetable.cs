using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>
/// The rules of a timetable: decides, applies at once, and leaves what it decided in the outbox, which the shell commits as one
/// batch before any effect is done. Pure: the only clock is the instant that is handed in.
/// </summary>
/// <remarks>The parts: this file (plans, ticks), <c>Timetable.Slots</c>, <c>Timetable.Executions</c>, <c>Timetable.Callbacks</c>, <c>Timetable.Runs</c>. Semantics are in <c>NOTES.md</c>.</remarks>
public sealed partial class Timetable(string node)
{
    /// <summary>How often an execution is offered again beyond its own <c>max_attempts</c> because its node was lost, before it is given up as <c>lost</c>.</summary>
    public const int CrashAllowance = 5;

    /// <summary>How often an execution may be refused by an open circuit before a refusal counts as an attempt: a target that stays away must let it fail at last.</summary>
    public const int CircuitAllowance = 20;

    internal Timetable(string node, ZoneSource zones)
        : this(node) => State = new TimetableState(zones);

    public TimetableState State { get; private init; } = new();

    public TimetableOutbox Outbox { get; } = new();

    /// <summary>See <see cref="ClaimAhead"/>.</summary>
    public TimeSpan Lead
    {
        get => State.Lead;
        init => State = new TimetableState { Lead = value };
    }

    /// <summary>
    /// It is about to live elsewhere, and what it began here could not be sent any more: outcomes are noted, and what follows from them is begun by the
    /// next incarnation.
    /// </summary>
    public bool IsLeaving { get; set; }

    /// <summary>Draws the token of an attempt that its target is to end by callback.</summary>
    public Func<JobId, CallbackToken>? Tokens { get; init; }

    /// <summary>Does everything that is due, and claims what is about to be.</summary>
    public void Tick(DateTimeOffset now)
    {
        while (State.PopDue(now) is { } wake)
        {
            if (State.Find(wake.Job) is not { } job)
            {
                continue;
            }

            if (wake.Execution is { } execution)
            {
                WakeExecution(job, job.Running[execution], now);
            }
            else
            {
                SettleSlots(job.Id, now);
                ClaimWhatComes(job.Id, now);
                State.Rewake(job.Id);
            }
        }
    }

    public ITimetableReply SetPlan(TimetablePlanning.SetPlan plan, DateTimeOffset now)
    {
        var known = State.Find(plan.Job);
        if (plan.Version <= Math.Max(known?.Version ?? -1, State.RemovedVersion(plan.Job) ?? -1))
        {
            var end = plan.CatchUp is null ? null : known?.Resumes?.Find(r => r.Version >= plan.Version);
            return new TimetablePlanning.PlanNoted(plan.Job, plan.Version, end?.Missed, end?.CaughtUp);
        }

        long? missed = null, caughtUp = null;
        if (known is { Removed: false })
        {
            if (known.State == PlanState.Paused && plan.State == PlanState.Active && !PauseIsOver(known, now))
            {
                (missed, caughtUp) = EndPause(known, plan.CatchUp ?? MisfireRule.None, plan.From, now);
            }
            else
            {
                SettleBefore(known, plan, now);
            }

            if (known.Definition.IsTimedOtherwise(plan.Definition))
            {
                EndBackfill(plan.Job, "the schedule of the job was changed", now);
            }

            if (plan.State == PlanState.Disabled || known.Definition.IsTimedOtherwise(plan.Definition))
            {
                RecordNotYetFired(
                    plan.Job, plan.From, SkipReason.Cancelled, plan.State == PlanState.Disabled ? "the job was disabled before it was fired" : "the schedule changed before it was fired");
            }
        }

        if (plan.State == PlanState.Disabled && State.Find(plan.Job) is { } switchedOff)
        {
            CancelHeld(switchedOff, now);
        }

        var (before, old) = (State.Find(plan.Job), known is null ? null : State.ScheduleOf(plan.Job));
        var ended = plan.CatchUp is not null && known is { Removed: false, State: PlanState.Paused } && plan.State != PlanState.Paused;
        Emit(new PlanSet(plan.Job, plan.Tenant, plan.Version, plan.Revision, plan.State, plan.PausedUntil, plan.From, plan.Definition)
        {
            Missed = ended ? missed ?? 0 : null,
            CaughtUp = ended ? caughtUp ?? 0 : null,
        });
        if (plan.State != PlanState.Disabled && old is not null && before?.Cursor > plan.From && before.Definition.IsTimedOtherwise(plan.Definition))
        {
            SettleDecidedAhead(plan.Job, old, before.TakenOver > plan.From ? before.TakenOver.Value : plan.From, before.Cursor);
        }

        if (before is null || before.Definition.Schedule != plan.Definition.Schedule || before.State == PlanState.Disabled)
        {
            SettleMovedBehind(plan.Job, plan.From);
        }

        Drain(plan.Job, now);
        AdvanceOpen(plan.Job, now);
        return new TimetablePlanning.PlanNoted(plan.Job, plan.Version, missed ?? (plan.CatchUp is null ? null : 0), caughtUp ?? (plan.CatchUp is null ? null : 0));
    }

    public ITimetableReply RemovePlan(TimetablePlanning.RemovePlan plan, DateTimeOffset now)
    {
        if (State.Find(plan.Job) is not { Removed: false } job)
        {
            // A deletion may overtake the plan before it: it is remembered, so that this one does not bring the job back.
            if (plan.Version > (State.RemovedVersion(plan.Job) ?? -1))
            {
                Emit(new PlanRemoved(plan.Job, plan.Version));
            }
        }
        else if (plan.Version > job.Version)
        {
            // What came due before the deletion still gets its disposition, but nothing new starts. What came after it was no slot of this
            // job any more: the job may have been made anew meanwhile, and then it is a slot of that one.
            var at = plan.At ?? now;
            RecordOpenSlots(job, at, SkipReason.Deleted);
            RecordNotYetFired(job.Id, at, SkipReason.Deleted, "the job was deleted before it was fired");
            foreach (var waiting in State.Find(plan.Job)!.Waiting)
            {
                Skip(plan.Job, waiting.Nominal, SkipReason.Deleted, "the job was deleted");
            }

            EndBackfill(plan.Job, "the job was deleted", now);

            foreach (var execution in State.Find(plan.Job)!.Running.Values)
            {
                RequestEnd(State.Find(plan.Job)!, execution, ExecutionStatus.Cancelled, "the job was deleted", Principal.System, now);
            }

            Emit(new PlanRemoved(plan.Job, plan.Version));
        }

        return new TimetablePlanning.PlanNoted(plan.Job, plan.Version, null, null);
    }

    /// <summary>
    /// After a recovery: the version of the tz database that slots were computed with before, when it was another one. Next slots are
    /// never stored, so they are computed with the present one already; this writes down that it changed.
    /// </summary>
    public string? NoteTzdb()
    {
        var before = State.NotedTzdb;
        if (before == State.TzdbVersion)
        {
            return null;
        }

        (State.NotedTzdb, Outbox.Tzdb) = (State.TzdbVersion, State.TzdbVersion);
        return before;
    }

    /// <summary>After a recovery: what was in flight is offered again, under the same identity, with the next attempt number.</summary>
    public void Recovered(DateTimeOffset now)
    {
        foreach (var job in State.Jobs.Where(j => !j.Running.IsEmpty).ToList())
        {
            foreach (var execution in job.Running.Values.Where(e => e.AttemptRuns).OrderBy(e => e.Nominal))
            {
                if (!StillAwaited(job, execution, now))
                {
                    EndAttempt(job.Id, execution, Interrupted(execution, now), now);
                }
            }
        }

        // What waits for an opening is not in the journal: look again.
        foreach (var job in State.Jobs.Where(j => !j.Waiting.IsEmpty && j.Running.IsEmpty).ToList())
        {
            Drain(job.Id, now);
        }
    }

    private static AttemptOutcome Interrupted(RunningExecution execution, DateTimeOffset now) =>
        new(FailureClass.Lost, execution.AttemptAt, Between(execution.AttemptAt, now), null,
            $"{execution.Node} stopped while this attempt ran, or handed its timetable over; whether the target got it is unknown", null, null);

    private static bool PauseIsOver(PlannedJob job, DateTimeOffset now) => job.PausedUntil <= now;

    private void Emit(TimetableItem item)
    {
        State.Apply(item);
        Outbox.Add(item);
    }

    private void Skip(JobId job, DateTimeOffset nominal, SkipReason reason, string? detail) =>
        Emit(new SlotsSkipped(job, nominal, nominal, 1, reason, detail));

    private void Offer(PlannedJob job, RunningExecution execution, CallbackToken? token, DateTimeOffset now) =>
        Outbox.Add(new TimetableEffects.Offer(new AttemptRequest(
            job.Tenant, job.Id, job.Definition.Name, job.Revision, execution.Id, execution.Attempt, execution.Nominal, job.Definition.Target,
            execution.Payload ?? job.Definition.Payload, job.Definition.Timeout, job.Definition.Secrets, job.Definition.Tags, TraceIds.For(execution.Id))
        {
            NotBefore = execution.IsHeldAt(now) ? execution.Begins : null,
            Limits = job.Definition.Limits,
            Priority = job.Definition.Priority,
            Callback = token is null ? null : new CallbackTicket(token, null),
        }));

    private static LiveExecution View(PlannedJob job, RunningExecution e) => new(
        e.Id, job.Id, job.Definition.Name, e.Trigger, e.Revision, e.Nominal, e.ClaimedAt,
        e.AttemptRuns ? ExecutionStatus.Running : ExecutionStatus.Pending, e.Node, e.RetryAt,
        e.AttemptRuns ? e.Ended.Add(Running(e)) : e.Ended, TraceIds.For(e.Id));

    private static LiveAttempt Running(RunningExecution e) =>
        new(e.Attempt, e.Node, e.Callback?.StartedAt ?? e.AttemptAt, null, null, e.Callback?.StatusCode, null, null)
        {
            Callback = e.Callback is { AcceptedAt: { } accepted, ExpiresAt: { } expires } callback ? new AwaitedCallback(accepted, expires, callback.HeardAt) : null,
            Progress = e.Progress,
        };
}

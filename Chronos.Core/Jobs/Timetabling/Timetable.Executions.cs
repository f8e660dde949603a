using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What becomes of executions: outcomes, retries, deadlines, cancellation.</summary>
public sealed partial class Timetable
{
    /// <summary>An attempt ended. What comes twice or too late changes nothing.</summary>
    public ITimetableReply Finish(TimetableFacts.AttemptFinished fact, DateTimeOffset now)
    {
        if (State.Find(fact.Job)?.Running.TryGetValue(fact.Execution, out var execution) == true && execution.AttemptRuns && execution.Attempt == fact.Attempt)
        {
            if (execution.Callback is null)
            {
                EndAttempt(fact.Job, execution, fact.Outcome, now);
            }
            else if (execution.Callback.AcceptedAt is null)
            {
                Accepted(fact.Job, execution, fact.Outcome, now);
            }
        }

        return new TimetableFacts.AttemptNoted(fact.Job, fact.Execution, fact.Attempt);
    }

    /// <summary>The target tells how far a running attempt is.</summary>
    public void Told(TimetableFacts.AttemptTold fact, DateTimeOffset now)
    {
        if (fact is not { Percent: null, Message: null } && State.Find(fact.Job)?.Running.TryGetValue(fact.Execution, out var execution) == true
            && execution.AttemptRuns && execution.Attempt == fact.Attempt)
        {
            Emit(new AttemptProgressed(fact.Job, fact.Execution, fact.Attempt, now, null, fact.Percent, fact.Message));
        }
    }

    /// <summary>
    /// Whether an attempt that was held until it is due may leave. What is to end may not, although the decision that it is to end may not be
    /// durable yet: should it fail, the timetable is recovered and offers the attempt again.
    /// </summary>
    public bool MayLeave(AttemptRequest attempt) =>
        State.Find(attempt.Job)?.Running.GetValueOrDefault(attempt.Execution) is { AttemptRuns: true, EndsAs: null } execution && execution.Attempt == attempt.Attempt;

    public ITimetableReply Cancel(TimetableCommands.Cancel command, DateTimeOffset now)
    {
        if (State.Find(command.Job) is not { } job)
        {
            return new JobReplies.Refused(NotLive(command.Execution));
        }

        if (job.Running.TryGetValue(command.Execution, out var execution))
        {
            var view = View(job, execution);
            if (execution.EndsAs is null)
            {
                RequestEnd(job, execution, ExecutionStatus.Cancelled, $"cancelled by {command.By}", command.By, now);
            }

            return new TimetableReplies.Live(State.Find(job.Id)?.Running.TryGetValue(command.Execution, out var still) == true
                ? View(job, still)
                : view with { Status = ExecutionStatus.Cancelled, RetryAt = null });
        }

        foreach (var waiting in job.Waiting.Where(w => ExecutionId.ForSlot(job.Id, w.Nominal) == command.Execution))
        {
            Skip(job.Id, waiting.Nominal, SkipReason.Cancelled, $"cancelled by {command.By}");
            return new TimetableReplies.Live(WaitingView(job, waiting) with { Status = ExecutionStatus.Skipped });
        }

        return new JobReplies.Refused(NotLive(command.Execution));
    }

    public ITimetableReply DropDeadLetter(TimetableCommands.DropDeadLetter command, DateTimeOffset now)
    {
        if (State.Find(command.Job)?.Running.ContainsKey(command.Execution) == true)
        {
            return new JobReplies.Refused(Rejection.Of(RejectionCode.Conflict, $"the execution '{command.Execution}' has not ended"));
        }

        Emit(new DeadLetterDropped(command.Job, command.Execution, now, command.By));
        return new TimetableReplies.Dropped(command.Execution);
    }

    public ITimetableReply GetExecution(TimetableCommands.GetExecution query)
    {
        if (State.Find(query.Job) is { } job)
        {
            if (job.Running.TryGetValue(query.Execution, out var execution))
            {
                return new TimetableReplies.Live(View(job, execution));
            }

            if (job.Waiting.Find(w => ExecutionId.ForSlot(job.Id, w.Nominal) == query.Execution) is { } waiting)
            {
                return new TimetableReplies.Live(WaitingView(job, waiting));
            }
        }

        return new JobReplies.Refused(NotLive(query.Execution));
    }

    private static Rejection NotLive(ExecutionId execution) => Rejection.Of(RejectionCode.NotFound, $"the execution '{execution}' is not waiting and not running");

    private LiveExecution WaitingView(PlannedJob job, WaitingSlot slot)
    {
        var id = ExecutionId.ForSlot(job.Id, slot.Nominal);
        return new LiveExecution(
            id, job.Id, job.Definition.Name, slot.Trigger, job.Revision, slot.Nominal, slot.Nominal, ExecutionStatus.Pending, node, null, [], TraceIds.For(id));
    }

    private void WakeExecution(PlannedJob job, RunningExecution execution, DateTimeOffset now)
    {
        if (execution.EndsAs is null && job.Definition.Deadline is { } limit && execution.BeganAt + limit <= now)
        {
            RequestEnd(job, execution, ExecutionStatus.TimedOut, $"the deadline of {Durations.Format(limit)} is over", Principal.System, now);
        }
        else if (!execution.AttemptRuns && execution.RetryAt <= now)
        {
            StartNextAttempt(job.Id, execution, now);
        }
        else if (execution.IsAwaited && execution.Callback!.ExpiresAt <= now)
        {
            Expire(job.Id, execution, now);
        }
    }

    private void StartNextAttempt(JobId id, RunningExecution execution, DateTimeOffset now)
    {
        var token = TokenFor(State.Find(id)!);
        Emit(new AttemptStarted(id, execution.Id, execution.Attempt + 1, now, node) { Callback = token?.Hash });
        var job = State.Find(id)!;
        Offer(job, job.Running[execution.Id], token, now);
    }

    /// <summary>Ends an execution as soon as it can be: at once between attempts, else when its attempt has stopped.</summary>
    private void RequestEnd(PlannedJob job, RunningExecution execution, ExecutionStatus endsAs, string reason, Principal by, DateTimeOffset now)
    {
        Emit(new CancelRequested(job.Id, execution.Id, now, by, endsAs, reason));
        if (execution.IsAwaited)
        {
            // No dispatcher has it any more, and the target cannot be told.
            EndAttempt(job.Id, State.Find(job.Id)!.Running[execution.Id], WhileAwaited(execution, FailureClass.Cancelled, $"{reason}, while it waited for its callback", now), now);
        }
        else if (execution.AttemptRuns)
        {
            Outbox.Add(new TimetableEffects.Stop(execution.Id, job.Definition.Target.Protocol));
        }
        else
        {
            End(job.Id, execution, endsAs, now);
        }
    }

    private void EndAttempt(JobId id, RunningExecution execution, AttemptOutcome outcome, DateTimeOffset now, string? callback = null)
    {
        var job = State.Find(id)!;
        var verdict = Judge(job, execution, outcome, now);
        Emit(new AttemptEnded(
            id, execution.Id, execution.Attempt, now, outcome.StartedAt, outcome.Duration.TotalMilliseconds, outcome.Failure, outcome.StatusCode,
            outcome.Error, outcome.Excerpt, verdict.RetryAt)
        {
            Facts = outcome.Facts.IsEmpty ? null : outcome.Facts,
            Due = execution.Due,
            Callback = callback,
        });
        if (!execution.IsAwaited)
        {
            NoteLateness(execution, outcome);
        }

        if (verdict.Final is { } status)
        {
            End(id, execution, status, now);
        }
        else if (verdict.RetryAt <= now && !IsLeaving)
        {
            StartNextAttempt(id, execution, now);
        }
    }

    private void NoteLateness(RunningExecution execution, AttemptOutcome outcome)
    {
        // By the first that left: what an open circuit refused was not sent.
        if (execution.Trigger == ExecutionTrigger.Schedule && outcome.Failure != FailureClass.CircuitOpen
            && execution.Ended.All(static earlier => earlier.Failure == FailureClass.CircuitOpen))
        {
            Outbox.Add(new TimetableEffects.Sent(outcome.StartedAt - (execution.Due ?? execution.Nominal)));
        }
    }

    private static (ExecutionStatus? Final, DateTimeOffset? RetryAt) Judge(PlannedJob job, RunningExecution execution, AttemptOutcome outcome, DateTimeOffset now)
    {
        if (outcome.Succeeded)
        {
            return (ExecutionStatus.Succeeded, null);
        }

        if (execution.EndsAs is { } wanted)
        {
            return (wanted, null);
        }

        var retry = job.Definition.Retry;
        var deadline = job.Definition.Deadline is { } limit ? execution.BeganAt + limit : DateTimeOffset.MaxValue;
        var refusals = execution.Ended.Count(static attempt => attempt.Failure == FailureClass.CircuitOpen);

        // What an open circuit refused was not sent: it costs no attempt.
        var counted = execution.Attempt - Math.Min(refusals, CircuitAllowance);
        if (outcome.Failure == FailureClass.Lost)
        {
            return counted >= retry.MaxAttempts + CrashAllowance ? (ExecutionStatus.Lost, null)
                : now >= deadline ? (ExecutionStatus.TimedOut, null)
                : (null, now);
        }

        var refused = outcome.Failure == FailureClass.CircuitOpen && refusals < CircuitAllowance;
        var again = refused || (counted < retry.MaxAttempts
            && (retry.Retries(outcome.Failure) || (outcome.Failure == FailureClass.CircuitOpen && retry.Retries(FailureClass.Connect))));
        if (again)
        {
            var wait = refused ? AfterRefusal(retry, refusals, execution.Id, outcome.RetryAfter) : AfterFailure(retry, counted, execution.Id, outcome.RetryAfter);

            // As exact as the journal: a finer instant would not have come for a timetable whose own clock is not.
            var at = Instants.Floor(now + wait);
            if (at < deadline)
            {
                return (null, at);
            }
        }

        return (outcome.Failure switch
        {
            FailureClass.Timeout => ExecutionStatus.TimedOut,
            FailureClass.Cancelled => ExecutionStatus.Cancelled,
            _ => ExecutionStatus.Failed,
        }, null);
    }

    private static TimeSpan AfterFailure(RetryPolicy retry, int attempts, ExecutionId execution, TimeSpan? asked)
    {
        var delay = retry.DelayBefore(attempts + 1, execution);
        return asked is not { } wait || wait <= delay ? delay : wait < retry.MaxInterval ? wait : retry.MaxInterval;
    }

    /// <summary>Until the circuit lets one through, and a little more: all who were refused would come at that instant, and it takes one.</summary>
    private static TimeSpan AfterRefusal(RetryPolicy retry, int refusals, ExecutionId execution, TimeSpan? open)
    {
        var delay = retry.DelayBefore(refusals + 2, execution);
        return open is { } pause ? pause + (delay < pause ? delay : pause) : delay;
    }

    private void End(JobId id, RunningExecution execution, ExecutionStatus status, DateTimeOffset now)
    {
        Emit(new ExecutionEnded(id, execution.Id, now, status));
        Outbox.Add(new TimetableEffects.Ended(status, State.Find(id)?.Definition.Target.Protocol ?? Protocol.Http, Between(execution.BeganAt, now)));
        if (execution is { Trigger: ExecutionTrigger.Backfill, Source: { } operation })
        {
            Emit(new BackfillAdvanced(id, operation, status));
        }

        Drain(id, now);
        AdvanceOpen(id, now);
    }
}

using System.Collections.Immutable;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>Attempts whose end the target reports: accepted, heard of, ended by their callback, or expired.</summary>
public sealed partial class Timetable
{
    /// <summary>Heartbeats that come closer together than this are answered, and not noted each.</summary>
    private static readonly TimeSpan ClosestBeats = TimeSpan.FromSeconds(1);

    public ITimetableReply FindCallback(CallbackCommands.Find query)
    {
        var (job, execution, refusal) = Holder(query.Job, query.Hash);
        return refusal is null
            ? new CallbackReplies.Found(job!.Tenant, execution!.Id, execution.Attempt, [.. SecretRef.NamesIn(job.Definition.Target.Section).Union(job.Definition.Secrets)])
            : new JobReplies.Refused(refusal);
    }

    /// <summary>The target says how the attempt ended. Once: the token is worth nothing afterwards.</summary>
    public ITimetableReply CompleteCallback(CallbackCommands.Complete command, DateTimeOffset now)
    {
        var (job, execution, refusal) = Holder(command.Job, command.Hash);
        if (refusal is not null)
        {
            return new JobReplies.Refused(refusal);
        }

        var (callback, result) = (execution!.Callback!, command.Result);
        var started = callback.StartedAt ?? execution.AttemptAt;
        EndAttempt(
            job!.Id, execution,
            new AttemptOutcome(result.Failure, started, Between(started, now), callback.StatusCode, result.Error, result.Excerpt ?? callback.Excerpt, result.RetryAfter)
            {
                Facts = FactsOf(callback),
            },
            now, command.Hash);
        var left = State.Find(job.Id)?.Running.GetValueOrDefault(execution.Id);
        return new CallbackReplies.Noted(
            execution.Id, execution.Attempt,
            left is null ? result.Failure == FailureClass.None ? ExecutionStatus.Succeeded : execution.EndsAs ?? ExecutionStatus.Failed
                : left.AttemptRuns ? ExecutionStatus.Running : ExecutionStatus.Pending,
            null, left?.RetryAt);
    }

    /// <summary>The attempt still runs: its expiry begins anew.</summary>
    public ITimetableReply Heartbeat(CallbackCommands.Beat command, DateTimeOffset now)
    {
        var (job, execution, refusal) = Holder(command.Job, command.Hash);
        if (refusal is not null)
        {
            return new JobReplies.Refused(refusal);
        }

        var patience = Patience(job!);
        var callback = execution!.Callback!;
        var expires = callback.ExpiresAt;
        if (callback.HeardAt is not { } heard || now - heard >= (patience / 4 < ClosestBeats ? patience / 4 : ClosestBeats) || now < heard)
        {
            expires = now + patience;
            Emit(new AttemptProgressed(job!.Id, execution.Id, execution.Attempt, now, expires, command.Percent, command.Message));
        }

        return new CallbackReplies.Noted(execution.Id, execution.Attempt, ExecutionStatus.Running, expires, null);
    }

    private static TimeSpan Patience(PlannedJob job) => CallbackRule.Of(job.Definition.Target)?.Timeout ?? job.Definition.Timeout;

    private static TimeSpan Between(DateTimeOffset from, DateTimeOffset to) => to > from ? to - from : TimeSpan.Zero;

    private static ImmutableSortedDictionary<string, string> FactsOf(PendingCallback callback)
    {
        var facts = callback.Facts ?? ImmutableSortedDictionary<string, string>.Empty;
        return callback.AcceptedAt is { } accepted ? facts.SetItem("accepted_at", Rfc3339.Format(accepted)) : facts;
    }

    private static AttemptOutcome WhileAwaited(RunningExecution execution, FailureClass failure, string error, DateTimeOffset now)
    {
        var callback = execution.Callback!;
        return new AttemptOutcome(failure, callback.StartedAt ?? execution.AttemptAt, Between(callback.StartedAt ?? execution.AttemptAt, now), callback.StatusCode, error, callback.Excerpt, null)
        {
            Facts = FactsOf(callback),
        };
    }

    private CallbackToken? TokenFor(PlannedJob job) => CallbackRule.Of(job.Definition.Target) is null
        ? null
        : (Tokens ?? throw new InvalidOperationException($"{nameof(Tokens)} is not set, and a job needs a callback")).Invoke(job.Id);

    /// <summary>The running attempt that a token is of, or what has become of it.</summary>
    private (PlannedJob? Job, RunningExecution? Execution, Rejection? Refusal) Holder(JobId id, string hash)
    {
        if (State.Find(id) is { } job)
        {
            foreach (var execution in job.Running.Values)
            {
                if (execution.AttemptRuns && execution.Callback?.Takes(hash) == true)
                {
                    return (job, execution, null);
                }
            }

            if (job.SpentCallbacks?.FirstOrDefault(s => s.Hash == hash) is { } spent)
            {
                return (null, null, spent.Used
                    ? Rejection.Of(RejectionCode.Conflict, $"this token was used at {Rfc3339.Format(spent.At)}; what it reported is noted")
                    : Rejection.Of(RejectionCode.Gone, $"the attempt of this token ended at {Rfc3339.Format(spent.At)} without it"));
            }
        }

        return (null, null, Rejection.Of(RejectionCode.NotFound, "no attempt waits for this token"));
    }

    /// <summary>The dispatcher is done with an attempt that the target is to end.</summary>
    private void Accepted(JobId id, RunningExecution execution, AttemptOutcome outcome, DateTimeOffset now)
    {
        if (!outcome.Succeeded)
        {
            EndAttempt(id, execution, outcome, now);
        }
        else if (execution.EndsAs is not null)
        {
            EndAttempt(id, execution, outcome with { Failure = FailureClass.Cancelled, Error = "stopped when the target had just accepted it" }, now);
        }
        else
        {
            var expires = now + Patience(State.Find(id)!);
            Emit(new AttemptAccepted(
                id, execution.Id, execution.Attempt, now, outcome.StartedAt, execution.Callback!.ExpiresAt > expires ? execution.Callback.ExpiresAt.Value : expires,
                outcome.StatusCode, outcome.Excerpt)
            {
                Facts = outcome.Facts.IsEmpty ? null : outcome.Facts,
                Due = execution.Due,
            });
            NoteLateness(execution, outcome);
        }
    }

    private void Expire(JobId id, RunningExecution execution, DateTimeOffset now)
    {
        var callback = execution.Callback!;
        var heard = callback.HeardAt is { } at ? $", last heard of at {Rfc3339.Format(at)}" : string.Empty;
        EndAttempt(
            id, execution,
            WhileAwaited(execution, FailureClass.Timeout, $"no callback came by {Rfc3339.Format(callback.ExpiresAt!.Value)} (accepted at {Rfc3339.Format(callback.AcceptedAt!.Value)}{heard})", now),
            now);
    }

    /// <summary>After a recovery: whether the target has the attempt, so that it is not to be sent again.</summary>
    private bool StillAwaited(PlannedJob job, RunningExecution execution, DateTimeOffset now)
    {
        if (execution.IsAwaited)
        {
            return true;
        }

        if (execution.Callback is not { HeardAt: { } heard, ExpiresAt: { } expires })
        {
            return false;
        }

        // Nobody saw the target accept it, but it has spoken.
        Emit(new AttemptAccepted(job.Id, execution.Id, execution.Attempt, heard, execution.AttemptAt, expires > now ? expires : now, null, null) { Due = execution.Due });
        return true;
    }
}

using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>What a job decided: at most one event, or a refusal. Neither means that nothing had to change.</summary>
/// <param name="Replayed">The same request was done before.</param>
public sealed record JobDecision(IJobEvent? Event, Rejection? Rejection, bool Replayed)
{
    public static readonly JobDecision Unchanged = new(null, null, false);

    public static JobDecision Of(IJobEvent happened) => new(happened, null, false);

    public static JobDecision Refuse(Rejection rejection) => new(null, rejection, false);
}

/// <summary>The rules of a job: what may happen next.</summary>
public static class JobDecider
{
    public static JobDecision Decide(JobState state, IJobChange change, DateTimeOffset now)
    {
        if (change.Request is { } request && state.Requests.FirstOrDefault(r => r.Key == request.Key) is { } seen)
        {
            return seen.Fingerprint == request.Fingerprint && (state.Definition is not null || change is JobCommands.Delete)
                ? new JobDecision(null, null, true)
                : JobDecision.Refuse(Rejection.Of(RejectionCode.Conflict, $"the idempotency key '{request.Key}' was used for another request"));
        }

        if (change is JobCommands.Create create)
        {
            return state.Definition is null
                ? JobDecision.Of(new JobEvents.Created(create.Tenant, create.Job, state.Version + 1, state.Revision + 1, create.Definition, create.By, now, create.Request))
                : JobDecision.Refuse(Rejection.Of(RejectionCode.AlreadyExists, $"a job named '{create.Definition.Name}' exists already"));
        }

        if (state.Definition is not { } definition)
        {
            return JobDecision.Refuse(NoSuchJob(change.Job));
        }

        if (change.IfMatch is { } version && version != state.Version)
        {
            return JobDecision.Refuse(Rejection.Of(RejectionCode.PreconditionFailed, $"the job is at version {state.Version}, not {version}"));
        }

        var next = state.Version + 1;
        return change switch
        {
            JobCommands.Replace c when c.Definition.Name != definition.Name =>
                JobDecision.Refuse(Rejection.Invalid("name", $"the name of a job cannot change (it is '{definition.Name}'); create another job")),
            JobCommands.Replace c when c.Definition == definition => JobDecision.Unchanged,
            JobCommands.Replace c => JobDecision.Of(
                new JobEvents.Revised(c.Tenant, c.Job, next, state.Revision + 1, c.Definition, c.Reason, c.By, now, c.Request)),
            JobCommands.Rollback c => Rollback(state, c, now),
            JobCommands.Switch c when c.Enabled == definition.Enabled => JobDecision.Unchanged,
            JobCommands.Switch c => JobDecision.Of(new JobEvents.Switched(c.Tenant, c.Job, next, c.Enabled, c.By, now, c.Request)),
            JobCommands.Pause c when c.Until <= now => JobDecision.Refuse(Rejection.Invalid("until", "is not in the future")),
            JobCommands.Pause c => JobDecision.Of(new JobEvents.Paused(c.Tenant, c.Job, next, c.Reason, c.Until, c.By, now, c.Request)),
            JobCommands.Resume when state.PausedAt is null => JobDecision.Unchanged,
            JobCommands.Resume c => JobDecision.Of(new JobEvents.Resumed(c.Tenant, c.Job, next, c.CatchUp, c.By, now, c.Request)),
            JobCommands.Delete c => JobDecision.Of(new JobEvents.Deleted(c.Tenant, c.Job, next, c.By, now, c.Request)),
            _ => throw new InvalidOperationException($"{change.GetType()} is no command of a job"),
        };
    }

    public static Rejection NoSuchJob(JobId job) => Rejection.Of(RejectionCode.NotFound, $"there is no job '{job}'");

    private static JobDecision Rollback(JobState state, JobCommands.Rollback c, DateTimeOffset now)
    {
        var target = state.Revisions.FirstOrDefault(r => r.Revision == c.Revision);
        return target is null ? JobDecision.Refuse(Rejection.Of(RejectionCode.NotFound, $"the job has no revision {c.Revision}"))
            : target.Definition == state.Definition ? JobDecision.Unchanged
            : JobDecision.Of(new JobEvents.Revised(
                c.Tenant, c.Job, state.Version + 1, state.Revision + 1, target.Definition, $"rollback to {c.Revision}", c.By, now, c.Request));
    }
}

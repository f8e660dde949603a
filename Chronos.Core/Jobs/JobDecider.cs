using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>What a job decided: at most one event, or a refusal. Neither means that nothing had to change.</summary>
/// <param name="Repeated">What the same request did before; null when this is the first of its kind.</param>
public sealed record JobDecision(IJobEvent? Event, Rejection? Rejection, RememberedChange? Repeated)
{
    public static readonly JobDecision Unchanged = new(null, null, null);

    public bool Replayed => Repeated is not null;

    public static JobDecision Of(IJobEvent happened) => new(happened, null, null);

    public static JobDecision Refuse(Rejection rejection) => new(null, rejection, null);
}

/// <summary>The rules of a job: what may happen next.</summary>
public static class JobDecider
{
    public static JobDecision Decide(JobState state, IJobChange change, DateTimeOffset now)
    {
        if (Recall(state, change.Request) is { } recalled)
        {
            return recalled;
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
            JobCommands.Replace c when c.Definition == definition => Same(state, c, now),
            JobCommands.Replace c => JobDecision.Of(
                new JobEvents.Revised(c.Tenant, c.Job, next, state.Revision + 1, c.Definition, c.Reason, c.By, now, c.Request)),
            JobCommands.Rollback c => Rollback(state, c, now),
            JobCommands.Switch c when c.Enabled == definition.Enabled => Same(state, c, now),
            JobCommands.Switch c => JobDecision.Of(new JobEvents.Switched(c.Tenant, c.Job, next, c.Enabled, c.By, now, c.Request)),
            JobCommands.Pause c when c.Until <= now => JobDecision.Refuse(Rejection.Invalid("until", "is not in the future")),
            JobCommands.Pause c => JobDecision.Of(new JobEvents.Paused(c.Tenant, c.Job, next, c.Reason, c.Until, c.By, now, c.Request)),
            JobCommands.Resume c when state.PausedAt is null => Same(state, c, now),
            JobCommands.Resume c => JobDecision.Of(new JobEvents.Resumed(c.Tenant, c.Job, next, c.CatchUp, c.By, now, c.Request)),
            JobCommands.Delete c => JobDecision.Of(new JobEvents.Deleted(c.Tenant, c.Job, next, c.By, now, c.Request)),
            _ => throw new InvalidOperationException($"{change.GetType()} is no command of a job"),
        };
    }

    /// <summary>What becomes of a request whose key was used before; null when it was not, or is forgotten.</summary>
    public static JobDecision? Recall(JobState state, RequestMark? request) =>
        request is null || state.Requests.FirstOrDefault(r => r.Request.Key == request.Key) is not { } seen ? null
        : seen.Request.Fingerprint != request.Fingerprint ? Conflict($"the idempotency key '{request.Key}' was used for another request")

        // What it said of the job is no longer true, also where another one has the name by now. A deletion stays true.
        : seen.Left.Version < state.DeletedVersion
            && seen.Left.Definition is not null
            ? Conflict($"the request with the idempotency key '{request.Key}' was done already, and the job was deleted since; a new request needs a new key")
        : new JobDecision(null, null, seen);

    public static Rejection NoSuchJob(JobId job) => Rejection.Of(RejectionCode.NotFound, $"there is no job '{job}'");

    /// <summary>
    /// The job is already as it was asked to be. With an <c>Idempotency-Key</c> that is written down all the same, as a switch to what it is:
    /// repeated after somebody has changed the job meanwhile, the same request must not change it back.
    /// </summary>
    private static JobDecision Same(JobState state, IJobChange change, DateTimeOffset now) =>
        change.Request is null
            ? JobDecision.Unchanged
            : JobDecision.Of(new JobEvents.Switched(state.Tenant, state.Id, state.Version + 1, state.Definition!.Enabled, change.By, now, change.Request));

    private static JobDecision Conflict(string why) => JobDecision.Refuse(Rejection.Of(RejectionCode.Conflict, why));

    private static JobDecision Rollback(JobState state, JobCommands.Rollback c, DateTimeOffset now)
    {
        // The switch is not taken back with the rest: a job that somebody has switched off does not begin to run by it.
        var target = state.Revisions.FirstOrDefault(r => r.Revision == c.Revision)?.Definition is { } then ? then with { Enabled = state.Definition!.Enabled } : null;
        return target is null ? JobDecision.Refuse(Rejection.Of(RejectionCode.NotFound, $"the job has no revision {c.Revision}"))
            : target == state.Definition ? Same(state, c, now)
            : JobDecision.Of(new JobEvents.Revised(
                c.Tenant, c.Job, state.Version + 1, state.Revision + 1, target, $"rollback to {c.Revision}", c.By, now, c.Request));
    }
}

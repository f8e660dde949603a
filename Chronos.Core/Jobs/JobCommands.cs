using System.Collections.Immutable;
using Chronos.Core.Kernel;
using Chronos.Core.Wire;

namespace Chronos.Core.Jobs;

/// <summary>Something asked of a job. Answered by a <see cref="IJobReply"/>.</summary>
public interface IJobCommand : IWireMessage
{
    TenantId Tenant { get; }

    JobId Job { get; }
}

/// <summary>A command that changes the job.</summary>
/// <remarks><c>IfMatch</c> is the version that the caller saw; another one is refused as <see cref="RejectionCode.PreconditionFailed"/>.</remarks>
public interface IJobChange : IJobCommand
{
    Principal By { get; }

    RequestMark? Request { get; }

    long? IfMatch { get; }
}

/// <summary>What a job can be asked.</summary>
public static class JobCommands
{
    public sealed record Create(TenantId Tenant, JobId Job, JobDefinition Definition, Principal By, RequestMark? Request) : IJobChange
    {
        public long? IfMatch => null;
    }

    /// <summary>The definition becomes another. <paramref name="Reason"/> (<c>replace</c>, <c>patch</c>, <c>apply</c>) is kept with the revision.</summary>
    public sealed record Replace(TenantId Tenant, JobId Job, JobDefinition Definition, string Reason, Principal By, RequestMark? Request, long? IfMatch) : IJobChange;

    public sealed record Rollback(TenantId Tenant, JobId Job, int Revision, Principal By, RequestMark? Request, long? IfMatch) : IJobChange;

    public sealed record Switch(TenantId Tenant, JobId Job, bool Enabled, Principal By, RequestMark? Request, long? IfMatch) : IJobChange;

    public sealed record Pause(TenantId Tenant, JobId Job, string? Reason, DateTimeOffset? Until, Principal By, RequestMark? Request, long? IfMatch) : IJobChange;

    public sealed record Resume(TenantId Tenant, JobId Job, MisfireRule CatchUp, Principal By, RequestMark? Request, long? IfMatch) : IJobChange;

    public sealed record Delete(TenantId Tenant, JobId Job, Principal By, RequestMark? Request, long? IfMatch) : IJobChange;

    /// <summary>Run it now. <paramref name="Force"/> overrides pause, disablement and the overlap policy. Answered by <see cref="TimetableReplies.Started"/>.</summary>
    public sealed record Trigger(TenantId Tenant, JobId Job, string? Payload, TriggerForce Force, ExecutionTrigger Kind, string? Source, Principal By, RequestMark? Request) : IJobCommand;

    public sealed record Get(TenantId Tenant, JobId Job) : IJobCommand
    {
        /// <summary>The mark of the change that is about to be made of the answer: where it was made before, the answer is what that one was. Absent for a plain read.</summary>
        public RequestMark? Request { get; init; }
    }

    public sealed record GetRevisions(TenantId Tenant, JobId Job) : IJobCommand;

    /// <summary>Sent by the plan reactor: hand the plan to the timetable again, it may not have arrived.</summary>
    public sealed record RepeatPlan(TenantId Tenant, JobId Job) : IJobCommand;
}

/// <summary>Whether a trigger respects pause, disablement and overlap.</summary>
public enum TriggerForce
{
    Respect,
    Override,
}

/// <summary>What a job answers.</summary>
public interface IJobReply : IWireMessage;

/// <summary>The closed family of answers of a job.</summary>
public static class JobReplies
{
    /// <summary>The job as it stands, durable, its plan included.</summary>
    /// <param name="Replayed">True when the same request had been done before and nothing was done now.</param>
    /// <param name="Missed">After a resume: how many slots were missed while paused.</param>
    /// <param name="CaughtUp">After a resume: how many of them will be run.</param>
    public sealed record Accepted(JobSnapshot Job, bool Replayed, long? Missed, long? CaughtUp) : IJobReply;

    public sealed record Refused(Rejection Rejection) : IJobReply, ITimetableReply;

    public sealed record Revisions(TenantId Tenant, JobId Job, ImmutableArray<JobRevision> Items) : IJobReply;
}

/// <summary>One immutable revision of a job.</summary>
public sealed record JobRevision(int Revision, JobDefinition Definition, string Reason, Principal By, DateTimeOffset At);

/// <summary>A job as readers see it.</summary>
/// <param name="Version">The ETag.</param>
public sealed record JobSnapshot(
    TenantId Tenant,
    JobId Id,
    long Version,
    int Revision,
    JobDefinition Definition,
    PlanState State,
    string? PauseReason,
    DateTimeOffset? PausedAt,
    DateTimeOffset? PausedUntil,
    DateTimeOffset CreatedAt,
    Principal CreatedBy,
    DateTimeOffset UpdatedAt,
    Principal UpdatedBy);

using Chronos.Core.Kernel;
using Chronos.Core.Wire;

namespace Chronos.Core.Jobs;

/// <summary>What happened to a job. Each event stands for itself: it carries the whole definition where the definition changed.</summary>
public interface IJobEvent : IWireMessage
{
    TenantId Tenant { get; }

    JobId Job { get; }

    /// <summary>Rises by one with every event; the ETag of the job, and the version of its plan.</summary>
    long Version { get; }

    Principal By { get; }

    DateTimeOffset At { get; }

    /// <summary>The caller's <c>Idempotency-Key</c>; null when none was given.</summary>
    RequestMark? Request { get; }
}

/// <summary>An <c>Idempotency-Key</c> with a fingerprint of what it was used for, so that its reuse for something else is noticed.</summary>
public sealed record RequestMark(string Key, string Fingerprint);

/// <summary>The journaled facts of a job.</summary>
public static class JobEvents
{
    /// <summary>A job began to exist (again, after a deletion). <paramref name="Revision"/> goes on counting across deletions.</summary>
    public sealed record Created(TenantId Tenant, JobId Job, long Version, int Revision, JobDefinition Definition, Principal By, DateTimeOffset At, RequestMark? Request) : IJobEvent;

    /// <summary>The definition became another: by replace, patch or rollback (<paramref name="Reason"/> says which).</summary>
    public sealed record Revised(TenantId Tenant, JobId Job, long Version, int Revision, JobDefinition Definition, string Reason, Principal By, DateTimeOffset At, RequestMark? Request) : IJobEvent;

    /// <summary>Switched on or off without a new revision; or a request with a key that found nothing to change.</summary>
    public sealed record Switched(TenantId Tenant, JobId Job, long Version, bool Enabled, Principal By, DateTimeOffset At, RequestMark? Request) : IJobEvent;

    public sealed record Paused(TenantId Tenant, JobId Job, long Version, string? Reason, DateTimeOffset? Until, Principal By, DateTimeOffset At, RequestMark? Request) : IJobEvent;

    public sealed record Resumed(TenantId Tenant, JobId Job, long Version, MisfireRule CatchUp, Principal By, DateTimeOffset At, RequestMark? Request) : IJobEvent;

    public sealed record Deleted(TenantId Tenant, JobId Job, long Version, Principal By, DateTimeOffset At, RequestMark? Request) : IJobEvent;
}

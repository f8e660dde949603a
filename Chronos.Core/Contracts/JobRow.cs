using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Core.Contracts;

/// <summary>A job in a list of the catalog.</summary>
/// <param name="Document">The canonical job document, so that a list need not write it again.</param>
/// <param name="PlanAcknowledged">False while its timetable has not yet taken over the plan of this version.</param>
public sealed record JobRow(JobSnapshot Job, string Document, bool PlanAcknowledged);

/// <summary>Which jobs a list shows. What is wrong in it comes back as violations with the names of the query parameters.</summary>
public sealed record JobFilter(TenantId Tenant)
{
    /// <summary><c>q</c>: words, each a prefix, all of which must appear in name, description, owner or tags.</summary>
    public string? Text { get; init; }

    /// <summary><c>key</c>, <c>key:value</c> or <c>key=value</c>.</summary>
    public string? Tag { get; init; }

    public bool? Enabled { get; init; }

    /// <summary><c>name</c> (default), <c>created_at</c> or <c>updated_at</c>; a leading minus turns the order round.</summary>
    public string? Sort { get; init; }

    public int Limit { get; init; } = PageLimits.Default;

    public string? Cursor { get; init; }
}

/// <summary>How many jobs there are in each state.</summary>
public sealed record JobCounts(long Active, long Paused, long Disabled)
{
    public long Total => Active + Paused + Disabled;
}

/// <summary>A change of a job that its timetable has not acknowledged yet.</summary>
public sealed record UnacknowledgedPlan(TenantId Tenant, JobId Job, long Version, DateTimeOffset ChangedAt);

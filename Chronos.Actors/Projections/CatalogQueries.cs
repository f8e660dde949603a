using System.Collections.Immutable;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Projections;

/// <summary>Reads the catalog of jobs.</summary>
/// <remarks>Same freshness, violations and exception as <see cref="LedgerQueries"/>.</remarks>
public sealed class CatalogQueries
{
    public Page<JobRow>? List(JobFilter filter, ICollection<Violation> violations) => throw new NotImplementedException();

    public JobRow? Find(TenantId tenant, JobId job) => throw new NotImplementedException();

    /// <summary>Every job of a tenant by name, for export.</summary>
    public IReadOnlyList<JobRow> AllDefinitions(TenantId tenant) => throw new NotImplementedException();

    public JobCounts Count(TenantId tenant) => throw new NotImplementedException();

    /// <summary>The revisions of a job, oldest first; also of a deleted one.</summary>
    public ImmutableArray<JobRevision> Revisions(TenantId tenant, JobId job) => throw new NotImplementedException();

    /// <summary>Changes made before <paramref name="olderThan"/> that no timetable has acknowledged, oldest first, of all tenants.</summary>
    public ImmutableArray<UnacknowledgedPlan> UnacknowledgedPlans(DateTimeOffset olderThan, int max) => throw new NotImplementedException();
}

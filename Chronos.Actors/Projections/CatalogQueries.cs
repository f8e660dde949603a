using System.Collections.Immutable;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Projections;

/// <summary>Reads the catalog of jobs.</summary>
/// <remarks>Same freshness, violations and exception as <see cref="LedgerQueries"/>.</remarks>
public sealed class CatalogQueries(ReadDatabase database, TimeProvider time)
{
    public Page<JobRow>? List(JobFilter filter, ICollection<Violation> violations)
    {
        var query = JobListQuery.Compile(filter, violations);
        return query is null ? null : database.Read(connection => query.Run(connection, time.GetUtcNow()));
    }

    public JobRow? Find(TenantId tenant, JobId job) => database.Read(connection =>
    {
        using var command = Sql.Command(connection, $"SELECT {CatalogReader.Columns} FROM jobs j WHERE j.job=$job AND j.tenant=$tenant");
        command.Bind("$job", job.Value);
        command.Bind("$tenant", tenant.Value);
        return Sql.All(command, r => CatalogReader.Row(r, time.GetUtcNow())).FirstOrDefault();
    });

    /// <summary>Every job of a tenant by name, for export.</summary>
    public IReadOnlyList<JobRow> AllDefinitions(TenantId tenant) => database.Read(connection =>
    {
        using var command = Sql.Command(connection, $"SELECT {CatalogReader.Columns} FROM jobs j WHERE j.tenant=$tenant ORDER BY j.name");
        command.Bind("$tenant", tenant.Value);
        return Sql.All(command, r => CatalogReader.Row(r, time.GetUtcNow()));
    });

    public JobCounts Count(TenantId tenant) => database.Read(connection =>
    {
        using var command = Sql.Command(
            connection,
            """
            SELECT count(CASE WHEN enabled=1 AND (paused=0 OR paused_until<=$now) THEN 1 END),
              count(CASE WHEN enabled=1 AND paused=1 AND (paused_until IS NULL OR paused_until>$now) THEN 1 END), count(CASE WHEN enabled=0 THEN 1 END)
            FROM jobs WHERE tenant=$tenant
            """);
        command.Bind("$tenant", tenant.Value);
        command.Bind("$now", Times.Micros(time.GetUtcNow()));
        return Sql.All(command, static r => new JobCounts(r.GetInt64(0), r.GetInt64(1), r.GetInt64(2)))[0];
    });

    /// <summary>The revisions of a job, oldest first; also of a deleted one.</summary>
    public ImmutableArray<JobRevision> Revisions(TenantId tenant, JobId job) => database.Read(connection =>
    {
        using var command = Sql.Command(connection, "SELECT revision, document, reason, by, at FROM job_revisions WHERE job=$job AND tenant=$tenant ORDER BY revision");
        command.Bind("$job", job.Value);
        command.Bind("$tenant", tenant.Value);
        return Sql.All(command, r => new JobRevision(
            r.GetInt32(0), CatalogReader.Parse(r.GetString(1)), r.GetString(2), new Principal(r.GetString(3)), Times.From(r.GetInt64(4))));
    });

    /// <summary>Changes made before <paramref name="olderThan"/> that no timetable has acknowledged, oldest first, of all tenants.</summary>
    public ImmutableArray<UnacknowledgedPlan> UnacknowledgedPlans(DateTimeOffset olderThan, int max) => database.Read(connection =>
    {
        using var command = Sql.Command(connection, "SELECT tenant, job, version, at FROM plan_outbox WHERE at<$at ORDER BY at LIMIT $max");
        command.Bind("$at", Times.Micros(olderThan));
        command.Bind("$max", max);
        return Sql.All(command, static r => new UnacknowledgedPlan(new TenantId(r.GetString(0)), new JobId(r.GetString(1)), r.GetInt64(2), Times.From(r.GetInt64(3))));
    });
}

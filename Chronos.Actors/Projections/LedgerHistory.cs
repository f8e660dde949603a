using System.Data.Common;
using System.Text.Json;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Projections;

/// <summary>The smaller tables of the ledger: whose a job is, how its plan changed, ranges of slots, backfills.</summary>
internal sealed class LedgerHistory : IDisposable
{
    private const string Plan = "job, version, tenant, at, enabled, paused, deleted, pause_reason, pause_until, change, schedule, timezone, revision, by";

    private readonly Statement _know;
    private readonly Statement _define;
    private readonly Statement _change;
    private readonly Statement _skip;
    private readonly Statement _backfill;
    private readonly Statement _backfillStart;
    private readonly Statement _backfillStep;
    private readonly Statement _backfillEnd;

    public LedgerHistory(DbConnection connection)
    {
        _know = new Statement(connection, Sql.Upsert("ledger_jobs", "job, tenant, name", "job", Sql.Values("job, tenant, name")), "$job", "$tenant", "$name");
        _define = new Statement(
            connection,
            Sql.Upsert("plan_history", Plan, "job, version", """
                SELECT $job, $version, $tenant, $at, $enabled, coalesce(p.paused, 0), 0, p.pause_reason, p.pause_until, $change, $schedule, $timezone, $revision, $by
                FROM (SELECT 1 AS one) o LEFT JOIN
                  (SELECT * FROM plan_history WHERE job=$job AND version<$version ORDER BY version DESC LIMIT 1) p ON p.deleted=0 WHERE o.one=1
                """),
            "$job", "$version", "$tenant", "$at", "$enabled", "$change", "$schedule", "$timezone", "$revision", "$by");

        // A change of state repeats the definition of the row before it, so that an interval is one row.
        _change = new Statement(
            connection,
            Sql.Upsert("plan_history", Plan, "job, version", """
                SELECT job, $version, tenant, $at, coalesce($enabled, enabled), coalesce($paused, paused), $deleted,
                  CASE WHEN $paused IS NULL THEN pause_reason ELSE $pause_reason END, CASE WHEN $paused IS NULL THEN pause_until ELSE $pause_until END,
                  $change, schedule, timezone, revision, $by
                FROM plan_history WHERE job=$job AND version<$version ORDER BY version DESC LIMIT 1
                """),
            "$job", "$version", "$at", "$enabled", "$paused", "$deleted", "$pause_reason", "$pause_until", "$change", "$by");
        _skip = new Statement(
            connection,
            Sql.Upsert("slot_skips", "job, last, first, tenant, n, reason, detail, at", "job, last, first", Sql.Values("job, last, first, tenant, n, reason, detail, at")),
            "$job", "$last", "$first", "$tenant", "$n", "$reason", "$detail", "$at");
        _backfill = new Statement(
            connection,
            Sql.Upsert(
                "backfills", "operation, tenant, job, from_at, to_at, max_concurrent, total, started, succeeded, failed, status, created", "operation",
                "VALUES ($operation, $tenant, $job, $from, $to, $max, $total, 0, 0, 0, 'running', $created)"),
            "$operation", "$tenant", "$job", "$from", "$to", "$max", "$total", "$created");
        _backfillStart = new Statement(connection, "UPDATE backfills SET started=started+1 WHERE operation=$operation", "$operation");
        _backfillStep = new Statement(
            connection, "UPDATE backfills SET succeeded=succeeded+$good, failed=failed+1-$good WHERE operation=$operation", "$operation", "$good");
        _backfillEnd = new Statement(connection, "UPDATE backfills SET status=$status, ended=$ended, reason=$reason WHERE operation=$operation", "$operation", "$status", "$ended", "$reason");
    }

    public void Dispose()
    {
        foreach (var statement in Statements)
        {
            statement.Dispose();
        }
    }

    public void Enlist(DbTransaction transaction)
    {
        foreach (var statement in Statements)
        {
            statement.Enlist(transaction);
        }
    }

    public void Know(JobId job, TenantId tenant, string name) => Run(_know, job.Value, tenant.Value, name);

    public void SkipRange(SlotsSkipped e, string tenant, long at) =>
        Run(_skip, e.Job.Value, Times.Micros(e.Last), Times.Micros(e.First), tenant, e.Count, (long)e.Reason, e.Detail, at);

    public void CountStart(string operation) => Run(_backfillStart, operation);

    public void Fold(TimetableItem item, string tenant)
    {
        switch (item)
        {
            case BackfillStarted e:
                Run(_backfill, e.Operation, tenant, e.Job.Value, Times.Micros(e.From), Times.Micros(e.To), e.MaxConcurrent, e.Total, Times.Micros(e.At));
                break;
            case BackfillAdvanced e:
                Run(_backfillStep, e.Operation, e.Status == ExecutionStatus.Succeeded ? 1 : 0);
                break;
            case BackfillEnded e:
                Run(_backfillEnd, e.Operation, e.Cancelled ? "cancelled" : "done", Times.Micros(e.At), e.Reason);
                break;
        }
    }

    public void Fold(IJobEvent fact)
    {
        switch (fact)
        {
            case JobEvents.Created e:
                Know(e.Job, e.Tenant, e.Definition.Name);
                Define(e, e.Definition, e.Revision, "create");
                break;
            case JobEvents.Revised e:
                Define(e, e.Definition, e.Revision, e.Reason);
                break;
            case JobEvents.Switched e:
                Change(e, e.Enabled ? 1 : 0, null, 0, null, null, e.Enabled ? "enable" : "disable");
                break;
            case JobEvents.Paused e:
                Change(e, null, 1, 0, e.Reason, e.Until, "pause");
                break;
            case JobEvents.Resumed e:
                Change(e, null, 0, 0, null, null, "resume");
                break;
            case JobEvents.Deleted e:
                Change(e, null, null, 1, null, null, "delete");
                break;
        }
    }

    private void Define(IJobEvent e, JobDefinition definition, int revision, string change)
    {
        var schedule = definition.Schedule is null ? null : JsonSerializer.Serialize(definition.Schedule, LedgerJson.Default.ScheduleSpec);
        Run(_define, e.Job.Value, e.Version, e.Tenant.Value, Times.Micros(e.At), definition.Enabled ? 1 : 0, change, schedule, definition.Timezone, revision, e.By.Name);
    }

    private void Change(IJobEvent e, int? enabled, int? paused, int deleted, string? reason, DateTimeOffset? until, string change) => Run(
        _change, e.Job.Value, e.Version, Times.Micros(e.At), enabled, paused, deleted, reason, until is { } at ? Times.Micros(at) : null, change, e.By.Name);

    private static void Run(Statement statement, params ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            statement.Set(i, values[i]);
        }

        statement.Run();
    }

    private IEnumerable<Statement> Statements => [_know, _define, _change, _skip, _backfill, _backfillStart, _backfillStep, _backfillEnd];
}

using System.Collections.Immutable;
using System.Data.Common;
using System.Text.Json;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Actors.Projections;

/// <summary>Reads the execution ledger: what ran, what did not, and why.</summary>
/// <remarks>
/// As fresh as <see cref="ProjectionRunner.Health"/> says. Lists answer null when the filter or cursor is wrong, with the reasons
/// added to <c>violations</c>. <see cref="ReadModelUnavailableException"/> means that the read database is being replaced: 503.
/// </remarks>
public sealed class LedgerQueries(ReadDatabase database, TimeProvider time)
{
    /// <summary>Where a count ends: beyond it the number helps nobody, and reading it would take long.</summary>
    public const int MostCounted = 100_000;

    private const string WithName = $"SELECT {LedgerReader.Columns}, k.name FROM executions e JOIN ledger_jobs k ON k.job = e.job ";

    /// <summary>Executions, newest first.</summary>
    public Page<ExecutionView>? List(ExecutionFilter filter, ICollection<Violation> violations)
    {
        var query = ExecutionListQuery.Compile(filter, violations);
        return query is null ? null : database.Read(query.Run);
    }

    /// <summary>Executions that failed for good (failed, timed out, lost), newest first; open ones unless the filter says otherwise.</summary>
    public Page<ExecutionView>? DeadLetters(ExecutionFilter filter, ICollection<Violation> violations) =>
        List(filter with { DeadLetters = filter.DeadLetters ?? DeadLetterState.Open }, violations);

    /// <summary>How many dead letters nobody has done anything about; counted up to <see cref="MostCounted"/>.</summary>
    public long OpenDeadLetters(TenantId tenant) => database.Read(connection =>
    {
        using var command = Sql.Command(connection, "SELECT count(*) FROM (SELECT 1 FROM executions WHERE tenant=$tenant AND dead=1 AND dead IS NOT NULL LIMIT $most) AS counted");
        command.Bind("$tenant", tenant.Value);
        command.Bind("$most", MostCounted);
        return (long)command.ExecuteScalar()!;
    });

    public ExecutionView? Find(TenantId tenant, ExecutionId id)
    {
        if (!ExecutionId.TryParse(id.Value, out _))
        {
            return null;
        }

        return id.IsSlot
            ? FindSlot(tenant, id.Job, SlotOf(id), LedgerReader.View)
            : database.Read(connection =>
            {
                using var command = Sql.Command(connection, WithName + "WHERE e.run=$run AND e.run<>'' AND e.job=$job AND e.tenant=$tenant");
                command.Bind("$run", id.Value[(JobId.Length + 1)..]);
                command.Bind("$job", id.Job.Value);
                command.Bind("$tenant", tenant.Value);
                return One(command, LedgerReader.View);
            });
    }

    /// <summary>The dispositions of a job's slots, oldest first; a range of slots is one item.</summary>
    public Page<SlotView>? Slots(SlotFilter filter, ICollection<Violation> violations)
    {
        var query = SlotListQuery.Compile(filter, violations);
        return query is null ? null : database.Read(query.Run);
    }

    /// <summary>What became of the slot at this nominal time; null when the ledger has nothing for it (no slot, not due yet, or before the retention window).</summary>
    public SlotView? DispositionOf(TenantId tenant, JobId job, DateTimeOffset nominal) =>
        FindSlot(tenant, job, nominal, static (row, _) => LedgerReader.Slot(row)) ?? database.Read(connection =>
        {
            using var command = Sql.Command(
                connection,
                "SELECT first, last, n, reason, detail, at FROM slot_skips WHERE job=$job AND last>=$at AND first<=$at AND tenant=$tenant ORDER BY last LIMIT 1");
            command.Bind("$job", job.Value);
            command.Bind("$at", Times.Micros(nominal));
            command.Bind("$tenant", tenant.Value);
            using var reader = command.ExecuteReader();
            return reader.Read() ? SlotListQuery.Range(job, nominal, reader) : null;
        });

    /// <summary>The nearest slots before and after this time that the ledger has; of a range of skipped ones its last and its first.</summary>
    public (DateTimeOffset? Before, DateTimeOffset? After) SlotsBeside(TenantId tenant, JobId job, DateTimeOffset at) => database.Read(connection =>
    {
        using var command = Sql.Command(
            connection,
            """
            SELECT
              (SELECT max(at) FROM (
                SELECT max(nominal) AS at FROM executions WHERE job=$job AND run='' AND nominal<$at AND tenant=$tenant
                UNION ALL SELECT max(last) FROM slot_skips WHERE job=$job AND last<$at AND tenant=$tenant) AS b),
              (SELECT min(at) FROM (
                SELECT min(nominal) AS at FROM executions WHERE job=$job AND run='' AND nominal>$at AND tenant=$tenant
                UNION ALL SELECT min(first) FROM slot_skips WHERE job=$job AND last>$at AND first>$at AND tenant=$tenant) AS a)
            """);
        command.Bind("$job", job.Value);
        command.Bind("$at", Times.Micros(at));
        command.Bind("$tenant", tenant.Value);
        using var reader = command.ExecuteReader();
        return reader.Read() ? (LedgerReader.At(LedgerReader.Integer(reader, 0)), LedgerReader.At(LedgerReader.Integer(reader, 1))) : default;
    });

    /// <summary>How schedule and state of a job changed, oldest first.</summary>
    public ImmutableArray<PlanInterval> PlanHistory(TenantId tenant, JobId job)
    {
        var rows = database.Read(connection =>
        {
            using var command = Sql.Command(
                connection,
                """
                SELECT at, enabled, paused, deleted, pause_reason, pause_until, change, schedule, timezone, revision, version, by
                FROM plan_history WHERE job=$job AND tenant=$tenant ORDER BY version
                """);
            command.Bind("$job", job.Value);
            command.Bind("$tenant", tenant.Value);
            return Sql.All(command, Interval);
        });
        return PlanIntervals.Join(rows, time.GetUtcNow());
    }

    /// <summary>Counts since an instant (by claim, rounded down to the hour).</summary>
    public LedgerStats Stats(TenantId tenant, DateTimeOffset from)
    {
        var counts = database.Read(connection =>
        {
            using var command = Sql.Command(connection, "SELECT status, CAST(sum(n) AS BIGINT) FROM execution_hours WHERE tenant=$tenant AND hour>=$hour GROUP BY status");
            command.Bind("$tenant", tenant.Value);
            command.Bind("$hour", LedgerReader.HourOf(Times.Micros(from)));
            return Sql.All(command, static r => (Status: r.GetInt32(0), Count: r.GetInt64(1)));
        });
        return new LedgerStats(
            counts.Where(c => c.Status >= 0 && c.Count > 0).ToImmutableSortedDictionary(c => (ExecutionStatus)c.Status, c => c.Count),
            counts.Where(c => c.Status is LedgerReader.RangeStatus or (int)ExecutionStatus.Skipped).Sum(c => c.Count));
    }

    /// <summary>The backfills of a job, newest first.</summary>
    public ImmutableArray<TimetableReplies.BackfillView> Backfills(TenantId tenant, JobId job) => database.Read(connection =>
    {
        using var command = Sql.Command(
            connection,
            """
            SELECT operation, from_at, to_at, max_concurrent, total, started, succeeded, failed, status, created, ended, reason
            FROM backfills WHERE job=$job AND tenant=$tenant ORDER BY created DESC LIMIT 500
            """);
        command.Bind("$job", job.Value);
        command.Bind("$tenant", tenant.Value);
        return Sql.All(command, r => new TimetableReplies.BackfillView(
            r.GetString(0), job, Times.From(r.GetInt64(1)), Times.From(r.GetInt64(2)), r.GetInt32(3), r.GetInt64(4), r.GetInt64(5), r.GetInt64(6),
            r.GetInt64(7), r.GetString(8), Times.From(r.GetInt64(9)), LedgerReader.At(LedgerReader.Integer(r, 10)), Replayed: false)
        { Reason = r.IsDBNull(11) ? null : r.GetString(11) });
    });

    private T? FindSlot<T>(TenantId tenant, JobId job, DateTimeOffset nominal, Func<LedgerRow, string, T> view)
        where T : class => database.Read(connection =>
        {
            using var command = Sql.Command(connection, WithName + "WHERE e.job=$job AND e.nominal=$nominal AND e.run='' AND e.tenant=$tenant");
            command.Bind("$job", job.Value);
            command.Bind("$nominal", Times.Micros(nominal));
            command.Bind("$tenant", tenant.Value);
            return One(command, view);
        });

    private static T? One<T>(DbCommand command, Func<LedgerRow, string, T> view)
        where T : class
    {
        using var reader = command.ExecuteReader();
        return reader.Read() ? view(LedgerReader.Row(reader), reader.GetString(LedgerReader.ColumnCount)) : null;
    }

    private static DateTimeOffset SlotOf(ExecutionId id) =>
        Rfc3339.TryParse(id.Value[(JobId.Length + 1)..], out var at) ? at : throw new InvalidDataException($"{id} names no instant");

    private static PlanIntervals.Change Interval(DbDataReader r) => new(
        Times.From(r.GetInt64(0)), r.GetInt64(1) != 0, r.GetInt64(2) != 0, r.GetInt64(3) != 0, LedgerReader.Text(r, 4),
        LedgerReader.At(LedgerReader.Integer(r, 5)), r.GetString(6),
        LedgerReader.Text(r, 7) is { } schedule ? JsonSerializer.Deserialize(schedule, LedgerJson.Default.ScheduleSpec) : (ScheduleSpec?)null,
        r.GetString(8), r.GetInt32(9), r.GetInt64(10), new Principal(r.GetString(11)));
}

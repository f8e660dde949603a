using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Chronos.Actors.Projections;

/// <summary>What a run of retention removed.</summary>
public sealed record RetentionResult(long Executions, long SlotRanges, long PlanChanges);

/// <summary>Forgets old rows of the ledger, in small chunks between the chunks of the fold, so that neither waits long for the other.</summary>
/// <remarks>What is still waiting or running stays, however old. A rebuild brings back what the journal still has; the next run removes it again.</remarks>
public sealed class LedgerRetention(ProjectionRunner runner, ILogger<LedgerRetention> log)
{
    private const int Chunk = 2_000;

    /// <summary>Removes what is older than <paramref name="maxAge"/>, and the oldest executions beyond <paramref name="maxExecutions"/>.</summary>
    public async Task<RetentionResult> RunOnce(TimeSpan maxAge, long maxExecutions, DateTimeOffset now, CancellationToken cancellation)
    {
        var horizon = Times.Micros(now - maxAge);
        long executions = 0, ranges = 0, changes = 0;
        while (await Step((c, t) => RemoveExecutions(c, t, horizon, long.MaxValue), cancellation) is var removed and > 0)
        {
            executions += removed;
        }

        var surplus = await Step(CountExecutions, cancellation) - maxExecutions;
        while (surplus > 0 && await Step((c, t) => RemoveExecutions(c, t, long.MaxValue, surplus), cancellation) is var removed and > 0)
        {
            executions += removed;
            surplus -= removed;
        }

        while (await Step((c, t) => Run(c, t, "DELETE FROM slot_skips WHERE (job, last, first) IN (SELECT job, last, first FROM slot_skips WHERE at<$horizon LIMIT $chunk)", horizon), cancellation) is var removed and > 0)
        {
            ranges += removed;
        }

        // The change that was in force at the horizon is needed to explain the time after it.
        const string plans = """
            DELETE FROM plan_history WHERE (job, version) IN (
              SELECT p.job, p.version FROM plan_history p
              WHERE EXISTS (SELECT 1 FROM plan_history n WHERE n.job=p.job AND n.version>p.version AND n.at<$horizon) LIMIT $chunk)
            """;
        while (await Step((c, t) => Run(c, t, plans, horizon), cancellation) is var removed and > 0)
        {
            changes += removed;
        }

        await Step((c, t) => Run(c, t, "DELETE FROM execution_hours WHERE n<=0 OR (status=-1 AND hour<$horizon/3600000000)", horizon), cancellation);
        await Step((c, t) => Run(c, t, "DELETE FROM backfills WHERE ended<$horizon", horizon), cancellation);
        var result = new RetentionResult(executions, ranges, changes);
        if (executions + ranges + changes > 0)
        {
            log.LogInformation("Retention removed {Executions} executions, {Ranges} ranges of slots and {Changes} plan changes", executions, ranges, changes);
        }

        return result;
    }

    /// <summary>Gives up dead letters that have been open for longer than <paramref name="maxAge"/>. They stay in the ledger, as expired.</summary>
    public async Task<long> ExpireDeadLetters(TimeSpan maxAge, DateTimeOffset now, CancellationToken cancellation)
    {
        const string expire = """
            UPDATE executions SET dead=4, dead_at=$now WHERE seq IN (
              SELECT seq FROM executions WHERE dead=1 AND dead IS NOT NULL AND dead_at<$horizon LIMIT $chunk)
            """;
        long expired = 0;
        while (await Step((c, t) => Run(c, t, expire.Replace("$now", Times.Micros(now).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), Times.Micros(now - maxAge)), cancellation) is var changed and > 0)
        {
            expired += changed;
        }

        if (expired > 0)
        {
            log.LogInformation("{Count} dead letters were open for longer than {Age} and are given up", expired, maxAge);
        }

        return expired;
    }

    private Task<long> Step(Func<DbConnection, DbTransaction, long> work, CancellationToken cancellation) =>
        runner.OnWriter(store => store.InTransaction(work), elsewhere: () => 0, cancellation);

    private static long CountExecutions(DbConnection connection, DbTransaction transaction)
    {
        using var command = Sql.Command(connection, "SELECT CAST(coalesce(sum(n), 0) AS BIGINT) FROM execution_hours WHERE status>=0");
        command.Transaction = transaction;
        return (long)command.ExecuteScalar()!;
    }

    private static long RemoveExecutions(DbConnection connection, DbTransaction transaction, long horizon, long max)
    {
        var chunk = Math.Min(Chunk, max);
        var oldest = Tenants(connection, transaction).SelectMany(t => Oldest(connection, transaction, t, horizon, chunk))
            .OrderBy(r => r.Listed).Take((int)chunk).ToList();
        using var delete = new Statement(connection, "DELETE FROM executions WHERE seq=$seq", "$seq");
        using var count = new Statement(
            connection, "UPDATE execution_hours SET n=n-$n WHERE tenant=$tenant AND hour=$hour AND status=$status", "$n", "$tenant", "$hour", "$status");
        delete.Enlist(transaction);
        count.Enlist(transaction);
        foreach (var row in oldest)
        {
            delete.Set(0, row.Seq);
            delete.Run();
        }

        foreach (var group in oldest.GroupBy(r => (r.Tenant, Hour: LedgerReader.HourOf(r.Listed), r.Status)))
        {
            count.Set(0, group.LongCount());
            count.Set(1, group.Key.Tenant);
            count.Set(2, group.Key.Hour);
            count.Set(3, (long)group.Key.Status);
            count.Run();
        }

        return oldest.Count;
    }

    private static ImmutableArray<string> Tenants(DbConnection connection, DbTransaction transaction)
    {
        using var command = Sql.Command(connection, "SELECT DISTINCT tenant FROM execution_hours");
        command.Transaction = transaction;
        return Sql.All(command, static r => r.GetString(0));
    }

    private static ImmutableArray<(long Seq, string Tenant, long Listed, int Status)> Oldest(
        DbConnection connection, DbTransaction transaction, string tenant, long horizon, long max)
    {
        using var command = Sql.Command(
            connection, "SELECT seq, tenant, listed, status FROM executions WHERE tenant=$tenant AND listed<$horizon AND status NOT IN (0, 1) ORDER BY listed LIMIT $max");
        command.Transaction = transaction;
        command.Bind("$tenant", tenant);
        command.Bind("$horizon", horizon);
        command.Bind("$max", max);
        return Sql.All(command, static r => (r.GetInt64(0), r.GetString(1), r.GetInt64(2), r.GetInt32(3)));
    }

    private static long Run(DbConnection connection, DbTransaction transaction, string sql, long horizon)
    {
        using var command = Sql.Command(connection, sql);
        command.Transaction = transaction;
        command.Bind("$horizon", horizon);
        command.Bind("$chunk", Chunk);
        return command.ExecuteNonQuery();
    }
}

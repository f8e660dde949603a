using System.Buffers;
using System.Data.Common;
using System.Text.Json;
using Chronos.Core.Kernel;
using Microsoft.Data.Sqlite;

namespace Chronos.Actors.Projections;

/// <summary>The prepared statements of the executions table on SQLite.</summary>
internal sealed class SqliteLedgerWriter : LedgerWriter
{
    private const string Columns =
        "claimed=$claimed, started=$started, finished=$finished, trigger=$trigger, revision=$revision, status=$status, reason=$reason, detail=$detail, "
        + "node=$node, retry_at=$retry_at, lateness_ms=$lateness_ms, source=$source, payload=$payload, by=$by, attempts=$attempts, "
        + "dead=$dead, dead_at=$dead_at, dead_by=$dead_by, dead_as=$dead_as";

    private readonly FastStatement _tenant;
    private readonly FastStatement _hasSlot;
    private readonly Statement _findSlot;
    private readonly Statement _findRun;
    private readonly Statement _waiting;
    private readonly FastStatement _insert;
    private readonly FastStatement _update;
    private readonly FastStatement _updateListed;
    private readonly FastStatement _count;
    private readonly ArrayBufferWriter<byte> _attempts = new();
    private readonly Utf8JsonWriter _json;

    public SqliteLedgerWriter(SqliteConnection connection)
        : base(connection)
    {
        _json = new Utf8JsonWriter(_attempts);
        _tenant = new FastStatement(connection, "SELECT tenant FROM ledger_jobs WHERE job=$job", "$job");
        _hasSlot = new FastStatement(connection, "SELECT 1 FROM executions WHERE job=$job AND nominal=$nominal AND run=''", "$job", "$nominal");
        _findSlot = new Statement(connection, $"SELECT {LedgerReader.Columns} FROM executions e WHERE e.job=$job AND e.nominal=$nominal AND e.run=''", "$job", "$nominal");
        _findRun = new Statement(connection, $"SELECT {LedgerReader.Columns} FROM executions e WHERE e.run=$run AND e.run<>''", "$run");
        _waiting = new Statement(
            connection,
            $"SELECT {LedgerReader.Columns} FROM executions e WHERE e.job=$job AND e.nominal BETWEEN $first AND $last AND e.run='' AND e.status=0 AND e.claimed IS NULL",
            "$job", "$first", "$last");
        string[] values =
        [
            "$claimed", "$started", "$finished", "$trigger", "$revision", "$status", "$reason", "$detail", "$node", "$retry_at", "$lateness_ms",
            "$source", "$payload", "$by", "$attempts", "$dead", "$dead_at", "$dead_by", "$dead_as",
        ];
        _insert = new FastStatement(
            connection,
            $"""
            INSERT INTO executions (claimed, started, finished, trigger, revision, status, reason, detail, node, retry_at, lateness_ms, source, payload, by, attempts,
              dead, dead_at, dead_by, dead_as,
              tenant, job, nominal, run, listed)
            VALUES ({string.Join(", ", values)}, $tenant, $job, $nominal, $run, $listed)
            """,
            [.. values, "$tenant", "$job", "$nominal", "$run", "$listed"]);
        _update = new FastStatement(connection, $"UPDATE executions SET {Columns} WHERE seq=$seq", [.. values, "$seq"]);
        _updateListed = new FastStatement(connection, $"UPDATE executions SET {Columns}, listed=$listed WHERE seq=$seq", [.. values, "$seq", "$listed"]);
        _count = new FastStatement(
            connection,
            "INSERT INTO execution_hours (tenant, hour, status, n) VALUES ($tenant, $hour, $status, $n) ON CONFLICT DO UPDATE SET n = n + excluded.n",
            "$tenant", "$hour", "$status", "$n");
    }

    public override void Dispose()
    {
        foreach (var statement in (IEnumerable<IDisposable>)[_tenant, _hasSlot, _findSlot, _findRun, _waiting, _insert, _update, _updateListed, _count, _json])
        {
            statement.Dispose();
        }
    }

    public override void Enlist(DbTransaction transaction)
    {
        base.Enlist(transaction);
        _findSlot.Enlist(transaction);
        _findRun.Enlist(transaction);
        _waiting.Enlist(transaction);
    }

    public override string? TenantOf(JobId job)
    {
        _tenant.Set(0, job.Value);
        return _tenant.Text();
    }

    public override LedgerRow? Find(ExecutionId id, string job, long nominal)
    {
        var statement = id.IsSlot ? _findSlot : _findRun;
        if (id.IsSlot)
        {
            // Nearly every slot is new: that there is none is asked in the cheapest way.
            _hasSlot.Set(0, job);
            _hasSlot.Set(1, nominal);
            if (!_hasSlot.Run())
            {
                return null;
            }

            statement.Set(0, job);
            statement.Set(1, nominal);
        }
        else
        {
            statement.Set(0, id.Value[(JobId.Length + 1)..]);
        }

        using var reader = statement.Query();
        return reader.Read() ? LedgerReader.Row(reader) : null;
    }

    public override List<LedgerRow> Waiting(string job, long first, long last)
    {
        _waiting.Set(0, job);
        _waiting.Set(1, first);
        _waiting.Set(2, last);
        using var reader = _waiting.Query();
        var rows = new List<LedgerRow>();
        while (reader.Read())
        {
            rows.Add(LedgerReader.Row(reader));
        }

        return rows;
    }

    protected override void Write(LedgerRow row)
    {
        var statement = row.Seq == 0 ? _insert : row.Listed == row.StoredListed ? _update : _updateListed;
        statement.Set(0, row.Claimed);
        statement.Set(1, row.Started);
        statement.Set(2, row.Finished);
        statement.Set(3, (long)row.Trigger);
        statement.Set(4, (long?)row.Revision);
        statement.Set(5, (long)row.Status);
        statement.Set(6, (long?)row.Reason);
        statement.Set(7, row.Detail);
        statement.Set(8, row.Node);
        statement.Set(9, row.RetryAt);
        statement.Set(10, row.LatenessMs);
        statement.Set(11, row.Source);
        statement.Set(12, row.Payload);
        statement.Set(13, row.By);
        SetAttempts(statement, row);
        statement.Set(15, (long?)row.Dead);
        statement.Set(16, row.DeadAt);
        statement.Set(17, row.DeadBy);
        statement.Set(18, row.DeadAs);
        if (row.Seq == 0)
        {
            statement.Set(19, row.Tenant);
            statement.Set(20, row.Job);
            statement.Set(21, row.Nominal);
            statement.Set(22, row.Run);
            statement.Set(23, row.Listed);
        }
        else
        {
            statement.Set(19, row.Seq);
            if (row.Listed != row.StoredListed)
            {
                statement.Set(20, row.Listed);
            }
        }

        statement.Run();
        if (row.Seq == 0)
        {
            row.Seq = statement.LastInserted;
        }

        row.StoredListed = row.Listed;
    }

    private void SetAttempts(FastStatement statement, LedgerRow row)
    {
        if (row.Attempts.Count == 0)
        {
            statement.SetNull(14);
            return;
        }

        _attempts.ResetWrittenCount();
        _json.Reset();
        JsonSerializer.Serialize(_json, row.Attempts, LedgerJson.Default.ListStoredAttempt);
        _json.Flush();
        statement.Set(14, _attempts.WrittenSpan);
    }

    protected override void WriteCount(string tenant, long hour, int status, long change)
    {
        _count.Set(0, tenant);
        _count.Set(1, hour);
        _count.Set(2, status);
        _count.Set(3, change);
        _count.Run();
    }
}

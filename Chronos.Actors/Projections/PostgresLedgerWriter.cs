using System.Data.Common;
using System.Text.Json;
using Chronos.Core.Kernel;
using Npgsql;
using NpgsqlTypes;

namespace Chronos.Actors.Projections;

/// <summary>
/// The executions table on PostgreSQL: what a chunk needs is read in one statement and what it changed is written in one, because each
/// statement is a journey over the network.
/// </summary>
internal sealed class PostgresLedgerWriter : LedgerWriter
{
    private static readonly (string Name, NpgsqlDbType Type, Func<LedgerRow, object?> Of)[] Fields =
    [
        ("tenant", NpgsqlDbType.Text, r => r.Tenant),
        ("job", NpgsqlDbType.Text, r => r.Job),
        ("nominal", NpgsqlDbType.Bigint, r => r.Nominal),
        ("run", NpgsqlDbType.Text, r => r.Run),
        ("listed", NpgsqlDbType.Bigint, r => r.Listed),
        ("claimed", NpgsqlDbType.Bigint, r => r.Claimed),
        ("started", NpgsqlDbType.Bigint, r => r.Started),
        ("finished", NpgsqlDbType.Bigint, r => r.Finished),
        ("trigger", NpgsqlDbType.Bigint, r => (long)r.Trigger),
        ("revision", NpgsqlDbType.Bigint, r => (long?)r.Revision),
        ("status", NpgsqlDbType.Bigint, r => (long)r.Status),
        ("reason", NpgsqlDbType.Bigint, r => (long?)r.Reason),
        ("detail", NpgsqlDbType.Text, r => Plain(r.Detail)),
        ("node", NpgsqlDbType.Text, r => r.Node),
        ("retry_at", NpgsqlDbType.Bigint, r => r.RetryAt),
        ("lateness_ms", NpgsqlDbType.Double, r => r.LatenessMs),
        ("source", NpgsqlDbType.Text, r => Plain(r.Source)),
        ("payload", NpgsqlDbType.Text, r => Plain(r.Payload)),
        ("by", NpgsqlDbType.Text, r => Plain(r.By)),
        ("attempts", NpgsqlDbType.Bytea, r => r.Attempts.Count == 0 ? null : JsonSerializer.SerializeToUtf8Bytes(r.Attempts, LedgerJson.Default.ListStoredAttempt)),
        ("dead", NpgsqlDbType.Bigint, r => (long?)r.Dead),
        ("dead_at", NpgsqlDbType.Bigint, r => r.DeadAt),
        ("dead_by", NpgsqlDbType.Text, r => Plain(r.DeadBy)),
        ("dead_as", NpgsqlDbType.Text, r => r.DeadAs),
    ];

    private static readonly string Columns = string.Join(", ", Fields.Select(f => f.Name));
    private static readonly string Write1 = Sql.Upsert("executions", Columns, "job, nominal, run", $"SELECT * FROM unnest({string.Join(", ", Fields.Select((_, i) => $"${i + 1}"))})");

    private readonly NpgsqlCommand _findSlots;
    private readonly NpgsqlCommand _findRuns;
    private readonly NpgsqlCommand _write;
    private readonly Statement _tenant;
    private readonly Statement _waiting;
    private readonly Statement _count;
    private readonly List<LedgerRow> _kept = [];

    /// <summary>What this chunk may ask for, as it stands in the table; null where there is nothing.</summary>
    private readonly Dictionary<ExecutionId, LedgerRow?> _expected = [];

    public PostgresLedgerWriter(NpgsqlConnection connection)
        : base(connection)
    {
        _findSlots = new NpgsqlCommand(
            $"SELECT {LedgerReader.Columns} FROM unnest($1, $2) AS w (job, nominal) JOIN executions e ON e.job=w.job AND e.nominal=w.nominal AND e.run=''", connection);
        _findSlots.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        _findSlots.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        _findRuns = new NpgsqlCommand($"SELECT {LedgerReader.Columns} FROM executions e WHERE e.run = ANY($1) AND e.run<>''", connection);
        _findRuns.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        _write = new NpgsqlCommand(Write1, connection);
        foreach (var (_, type, _) in Fields)
        {
            _write.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | type });
        }

        _tenant = new Statement(connection, "SELECT tenant FROM ledger_jobs WHERE job=$job", "$job");
        _waiting = new Statement(
            connection,
            $"SELECT {LedgerReader.Columns} FROM executions e WHERE e.job=$job AND e.nominal BETWEEN $first AND $last AND e.run='' AND e.status=0 AND e.claimed IS NULL",
            "$job", "$first", "$last");
        _count = new Statement(
            connection,
            "INSERT INTO execution_hours (tenant, hour, status, n) VALUES ($tenant, $hour, $status, $n) ON CONFLICT (tenant, hour, status) DO UPDATE SET n = execution_hours.n + excluded.n",
            "$tenant", "$hour", "$status", "$n");
    }

    public override void Dispose()
    {
        foreach (var command in (IEnumerable<IDisposable>)[_findSlots, _findRuns, _write, _tenant, _waiting, _count])
        {
            command.Dispose();
        }
    }

    public override void Enlist(DbTransaction transaction)
    {
        base.Enlist(transaction);
        _kept.Clear();
        _expected.Clear();
    }

    public override void Expect(IEnumerable<ExecutionId> executions)
    {
        var wanted = executions.Where(e => !_expected.ContainsKey(e)).Distinct().ToList();
        foreach (var id in wanted)
        {
            _expected[id] = null;
        }

        var slots = wanted.Where(e => e.IsSlot).Select(e => (Job: e.Job.Value, Nominal: Nominal(e))).ToList();
        if (slots.Count > 0)
        {
            _findSlots.Parameters[0].Value = slots.ConvertAll(s => s.Job).ToArray();
            _findSlots.Parameters[1].Value = slots.ConvertAll(s => s.Nominal).ToArray();
            Take(_findSlots);
        }

        var runs = wanted.Where(e => !e.IsSlot).Select(e => e.Value[(JobId.Length + 1)..]).ToArray();
        if (runs.Length > 0)
        {
            _findRuns.Parameters[0].Value = runs;
            Take(_findRuns);
        }
    }

    public override string? TenantOf(JobId job)
    {
        _tenant.Set(0, job.Value);
        return _tenant.Scalar() as string;
    }

    public override LedgerRow? Find(ExecutionId id, string job, long nominal)
    {
        Expect([id]);
        return _expected[id];
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

    public override void Flush()
    {
        if (_kept.Count == 0)
        {
            return;
        }

        for (var i = 0; i < Fields.Length; i++)
        {
            _write.Parameters[i].Value = Column(Fields[i].Type, Fields[i].Of);
        }

        _write.ExecuteNonQuery();
        foreach (var row in _kept)
        {
            // Whoever asks for it again reads it as it is now.
            _expected.Remove(LedgerReader.IdOf(row));
        }

        _kept.Clear();
    }

    protected override void Write(LedgerRow row) => _kept.Add(row);

    protected override void WriteCount(string tenant, long hour, int status, long change)
    {
        _count.Set(0, tenant);
        _count.Set(1, hour);
        _count.Set(2, (long)status);
        _count.Set(3, change);
        _count.Run();
    }

    private Array Column(NpgsqlDbType type, Func<LedgerRow, object?> of) => type switch
    {
        NpgsqlDbType.Text => _kept.Select(r => (string?)of(r)).ToArray(),
        NpgsqlDbType.Bigint => _kept.Select(r => (long?)of(r)).ToArray(),
        NpgsqlDbType.Double => _kept.Select(r => (double?)of(r)).ToArray(),
        _ => _kept.Select(r => (byte[]?)of(r)).ToArray(),
    };

    private void Take(NpgsqlCommand command)
    {
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var row = LedgerReader.Row(reader);
            _expected[LedgerReader.IdOf(row)] = row;
        }
    }

    private static long Nominal(ExecutionId id) =>
        Rfc3339.TryParse(id.Value[(JobId.Length + 1)..], out var at) ? Times.Micros(at) : throw new InvalidDataException($"{id} names no instant");

    /// <summary>PostgreSQL has no character 0 in a text.</summary>
    private static string? Plain(string? text) => text?.Replace('\0', '\uFFFD');
}

using System.Data.Common;
using Chronos.Core.Kernel;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Chronos.Actors.Projections;

/// <summary>Writes the executions table, on one connection; keeps the counts by hour in step with it.</summary>
internal abstract class LedgerWriter(DbConnection connection) : IDisposable
{
    /// <summary>Changes of <c>execution_hours</c> that are not written yet.</summary>
    private readonly Dictionary<(string Tenant, long Hour, int Status), long> _hours = [];

    public DbConnection Connection { get; } = connection;

    public static LedgerWriter For(DbConnection connection) => connection switch
    {
        NpgsqlConnection postgres => new PostgresLedgerWriter(postgres),
        _ => new SqliteLedgerWriter((SqliteConnection)connection),
    };

    public abstract void Dispose();

    /// <summary>Begins a transaction; what an earlier one left behind when it failed is forgotten.</summary>
    public virtual void Enlist(DbTransaction transaction) => _hours.Clear();

    /// <summary>Executions that will be asked for: a database on the other side of a network gives them in one answer.</summary>
    public virtual void Expect(IEnumerable<ExecutionId> executions)
    {
    }

    /// <summary>Whose a job is; null when nothing in the journal has said so.</summary>
    public abstract string? TenantOf(JobId job);

    public abstract LedgerRow? Find(ExecutionId id, string job, long nominal);

    /// <summary>The slots in a range that still wait for their turn. Everything saved before is written.</summary>
    public abstract List<LedgerRow> Waiting(string job, long first, long last);

    public void Save(LedgerRow row)
    {
        Write(row);
        Recount(row);
    }

    /// <summary>Writes what <see cref="Save"/> may have kept back.</summary>
    public virtual void Flush()
    {
    }

    /// <summary>Slots of a range: counted, because they have no row each.</summary>
    public void CountRange(string tenant, long at, long slots) => Add((tenant, LedgerReader.HourOf(at), LedgerReader.RangeStatus), slots);

    public void WriteCounts()
    {
        foreach (var ((tenant, hour, status), change) in _hours)
        {
            if (change != 0)
            {
                WriteCount(tenant, hour, status, change);
            }
        }

        _hours.Clear();
    }

    protected abstract void Write(LedgerRow row);

    protected abstract void WriteCount(string tenant, long hour, int status, long change);

    private void Recount(LedgerRow row)
    {
        var now = (LedgerReader.HourOf(row.Listed), (int)row.Status);
        if (row.Counted == now)
        {
            return;
        }

        if (row.Counted is { } before)
        {
            Add((row.Tenant, before.Hour, before.Status), -1);
        }

        Add((row.Tenant, now.Item1, now.Item2), 1);
        row.Counted = now;
    }

    private void Add((string Tenant, long Hour, int Status) key, long change) => _hours[key] = _hours.GetValueOrDefault(key) + change;
}

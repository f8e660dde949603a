using System.Data.Common;
using Chronos.Actors.Projections;
using Chronos.Core.Dispatching;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Chronos.Actors.NodeStore;

/// <summary>The SQLite file of the output store. Any thread may look; the lock keeps one connection enough, for these reads are rare.</summary>
internal sealed class OutputFile(string path, OutputRetention retention, TimeProvider time, ILogger log) : IDisposable
{
    private const string Schema = """
        PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000;
        CREATE TABLE IF NOT EXISTS outputs (
          seq INTEGER PRIMARY KEY, tenant TEXT NOT NULL, execution TEXT NOT NULL, attempt INTEGER NOT NULL, type TEXT NOT NULL,
          at INTEGER NOT NULL, size INTEGER NOT NULL, bytes BLOB NOT NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS outputs_attempt ON outputs (execution, attempt, tenant);
        CREATE INDEX IF NOT EXISTS outputs_at ON outputs (at);
        """;

    private readonly string _path = Path.GetFullPath(path);
    private readonly Lock _lock = new();
    private SqliteConnection? _connection;
    private long _bytes;

    public void Save(IReadOnlyList<Pending> batch, DateTimeOffset now)
    {
        lock (_lock)
        {
            try
            {
                Write(Connect(), batch, now);
            }
            catch (SqliteException e) when (SqliteDamage.IsDamage(e))
            {
                Replace(e.Message);
                Write(Connect(), batch, now);
            }
        }
    }

    public StoredOutput? Find(OutputKey key)
    {
        lock (_lock)
        {
            try
            {
                using var command = Sql.Command(Connect(), "SELECT type, bytes, at FROM outputs WHERE execution=$execution AND attempt=$attempt AND tenant=$tenant");
                Bind(command, key);
                using var reader = command.ExecuteReader();
                return reader.Read() ? new StoredOutput(reader.GetString(0), (byte[])reader.GetValue(1), Times.From(reader.GetInt64(2))) : null;
            }
            catch (SqliteException e) when (SqliteDamage.IsDamage(e))
            {
                Replace(e.Message);
                return null;
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _connection?.Dispose();
            _connection = null;
        }
    }

    private void Write(SqliteConnection connection, IReadOnlyList<Pending> batch, DateTimeOffset now)
    {
        using var transaction = connection.BeginTransaction();
        using var insert = Sql.Command(
            connection,
            """
            INSERT OR REPLACE INTO outputs (tenant, execution, attempt, type, at, size, bytes)
            VALUES ($tenant, $execution, $attempt, $type, $at, $size, $bytes)
            """);
        insert.Transaction = transaction;
        var added = 0L;
        foreach (var (key, output, _) in batch)
        {
            insert.Parameters.Clear();
            Bind(insert, key);
            insert.Bind("$type", output.ContentType);
            insert.Bind("$at", Times.Micros(output.At));
            insert.Bind("$size", output.Bytes.Length);
            insert.Bind("$bytes", output.Bytes);
            insert.ExecuteNonQuery();
            added += output.Bytes.Length;
        }

        var removed = Trim(connection, transaction, Times.Micros(now - retention.MaxAge), _bytes + added - retention.MaxBytes);
        transaction.Commit();
        _bytes += added - removed;
    }

    /// <summary>Removes what is too old, then the oldest until the size fits. Pages are used again, so the file stops growing.</summary>
    private static long Trim(SqliteConnection connection, SqliteTransaction transaction, long horizon, long surplus)
    {
        var last = (At: 0L, Seq: 0L);
        var removed = 0L;
        using (var oldest = Sql.Command(connection, "SELECT at, seq, size FROM outputs ORDER BY at, seq"))
        {
            oldest.Transaction = transaction;
            using var reader = oldest.ExecuteReader();
            while (reader.Read() && (reader.GetInt64(0) < horizon || removed < surplus))
            {
                last = (reader.GetInt64(0), reader.GetInt64(1));
                removed += reader.GetInt64(2);
            }
        }

        if (last != default)
        {
            using var delete = Sql.Command(connection, "DELETE FROM outputs WHERE (at, seq) <= ($at, $seq)");
            delete.Transaction = transaction;
            delete.Bind("$at", last.At);
            delete.Bind("$seq", last.Seq);
            delete.ExecuteNonQuery();
        }

        return removed;
    }

    private SqliteConnection Connect()
    {
        if (_connection is not null)
        {
            return _connection;
        }

        try
        {
            return _connection = Open(check: File.Exists(_path));
        }
        catch (SqliteException e) when (SqliteDamage.IsDamage(e))
        {
            Replace(e.Message);
            return _connection = Open(check: false);
        }
    }

    private SqliteConnection Open(bool check)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _path, Pooling = false }.ConnectionString);
        try
        {
            connection.Open();
            if (check)
            {
                SqliteDamage.Check(connection, _path, log);
            }

            Sql.Execute(connection, Schema);
            using var size = Sql.Command(connection, "SELECT coalesce(sum(size), 0) FROM outputs");
            _bytes = (long)size.ExecuteScalar()!;
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Replace(string reason)
    {
        _connection?.Dispose();
        _connection = null;
        var aside = DamagedFile.MoveAside(_path, time.GetUtcNow());
        log.LogError("The output store {Path} is damaged ({Reason}); it was moved to {Aside} and begun anew. Excerpts in the journal are not affected", _path, reason, aside ?? "nowhere");
    }

    private static void Bind(DbCommand command, OutputKey key)
    {
        command.Bind("$tenant", key.Tenant.Value);
        command.Bind("$execution", key.Execution.Value);
        command.Bind("$attempt", key.Attempt);
    }
}

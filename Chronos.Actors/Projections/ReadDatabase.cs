using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Chronos.Actors.Projections;

/// <summary>
/// The SQLite file of the read models: one writer connection, owned by the <see cref="ProjectionRunner"/>, and pooled connections
/// for readers. Nothing in it is the truth; when it is damaged it is moved aside and the journal makes another.
/// </summary>
public sealed class ReadDatabase : IDisposable
{
    private readonly TimeProvider _time;
    private readonly ILogger<ReadDatabase> _log;

    /// <summary>Held for reading by every query, for writing while the file is exchanged: nobody keeps reading a file that is gone.</summary>
    private readonly ReaderWriterLockSlim _exchange = new();
    private string? _damage;

    public ReadDatabase(string path, TimeProvider time, ILogger<ReadDatabase> log)
    {
        Path = System.IO.Path.GetFullPath(path);
        _time = time;
        _log = log;
    }

    public string Path { get; }

    public void Dispose()
    {
        SqliteConnection.ClearPool(Reader());
        _exchange.Dispose();
    }

    /// <summary>Runs a query on a connection of its own.</summary>
    /// <exception cref="ReadModelUnavailableException">The file is damaged (the runner has been told) or not there yet.</exception>
    internal T Read<T>(Func<SqliteConnection, T> query)
    {
        _exchange.EnterReadLock();
        try
        {
            using var connection = Reader();
            connection.Open();
            Execute(connection, "PRAGMA query_only=ON; PRAGMA busy_timeout=2000;");
            return query(connection);
        }
        catch (SqliteException e)
        {
            if (SqliteDamage.IsDamage(e))
            {
                Interlocked.CompareExchange(ref _damage, $"a query met: {e.Message}", null);
            }
            else if (e.SqliteErrorCode == SqliteDamage.CannotOpen && !File.Exists(Path))
            {
                Interlocked.CompareExchange(ref _damage, "the file has vanished", null);
            }

            throw new ReadModelUnavailableException("the read database cannot be read at present", e);
        }
        finally
        {
            _exchange.ExitReadLock();
        }
    }

    /// <summary>What readers found wrong since the last call, if anything.</summary>
    internal string? TakeDamage() => Interlocked.Exchange(ref _damage, null);

    /// <summary>
    /// Opens the writer. A file that was not closed in order is checked first; a damaged one is moved aside. Readers come in only
    /// when <paramref name="prepare"/> has made the tables: one that met none would take that for damage.
    /// </summary>
    internal SqliteConnection OpenWriter(Action<SqliteConnection> prepare)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        _exchange.EnterWriteLock();
        try
        {
            var existed = File.Exists(Path);
            if (!existed)
            {
                _log.LogInformation("There is no read database {Path}; it is made from the journal", Path);
            }

            try
            {
                return Open(check: existed && !CloseMarker.Matches(Path), prepare);
            }
            catch (SqliteException e) when (SqliteDamage.IsDamage(e))
            {
                MoveAside(e.Message);
                return Open(check: false, prepare);
            }
        }
        finally
        {
            _exchange.ExitWriteLock();
        }
    }

    /// <summary>Replaces a damaged file by an empty one.</summary>
    internal SqliteConnection Replace(SqliteConnection? writer, string reason, Action<SqliteConnection> prepare)
    {
        _exchange.EnterWriteLock();
        try
        {
            writer?.Dispose();
            MoveAside(reason);
            return Open(check: false, prepare);
        }
        finally
        {
            _exchange.ExitWriteLock();
        }
    }

    /// <summary>Closes in order, so that the next start need not check the file.</summary>
    internal void Close(SqliteConnection writer)
    {
        _exchange.EnterWriteLock();
        try
        {
            SqliteConnection.ClearPool(Reader());
            Execute(writer, "PRAGMA wal_checkpoint(TRUNCATE);");
            writer.Dispose();
            CloseMarker.Write(Path);
        }
        catch (Exception e) when (e is SqliteException or IOException)
        {
            writer.Dispose();
            _log.LogWarning(e, "The read database {Path} could not be closed in order; the next start checks it", Path);
        }
        finally
        {
            _exchange.ExitWriteLock();
        }
    }

    internal static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private SqliteConnection Open(bool check, Action<SqliteConnection> prepare)
    {
        CloseMarker.Remove(Path);
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = Path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false }.ConnectionString);
        try
        {
            connection.Open();

            // NORMAL may lose the last commits in a power cut, never the order of them: the offset goes back with the model.
            // Every execution changes pages all over three indexes: moved into the file after 16 MB of log, most of them are written once, not four times.
            Execute(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=4000;");
            if (check)
            {
                SqliteDamage.Check(connection, Path, _log);
            }

            prepare(connection);
            TakeDamage();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void MoveAside(string reason)
    {
        SqliteConnection.ClearPool(Reader());
        CloseMarker.Remove(Path);
        var aside = DamagedFile.MoveAside(Path, _time.GetUtcNow());
        _log.LogError("The read database {Path} is damaged ({Reason}); it was moved to {Aside} and is made anew from the journal", Path, reason, aside ?? "nowhere");
    }

    private SqliteConnection Reader() => new(
        new SqliteConnectionStringBuilder { DataSource = Path, Mode = SqliteOpenMode.ReadWrite, Pooling = true }.ConnectionString);

}

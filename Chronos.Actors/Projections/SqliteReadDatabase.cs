using System.Data.Common;
using System.IO.Hashing;
using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Chronos.Actors.Projections;

/// <summary>The read models of one node in a SQLite file. When it is damaged it is moved aside and the journal makes another.</summary>
public sealed class SqliteReadDatabase : ReadDatabase
{
    private readonly TimeProvider _time;
    private readonly ILogger<SqliteReadDatabase> _log;

    /// <summary>Held for reading by every query, for writing while the file is exchanged: nobody keeps reading a file that is gone.</summary>
    private readonly ReaderWriterLockSlim _exchange = new();
    private string? _damage;

    public SqliteReadDatabase(string path, TimeProvider time, ILogger<SqliteReadDatabase> log)
    {
        Path = System.IO.Path.GetFullPath(path);
        _time = time;
        _log = log;
    }

    public string Path { get; }

    public override void Dispose()
    {
        SqliteConnection.ClearPool(Reader());
        _exchange.Dispose();
    }

    internal override T Read<T>(Func<DbConnection, T> query)
    {
        _exchange.EnterReadLock();
        try
        {
            using var connection = Reader();
            connection.Open();
            Sql.Execute(connection, "PRAGMA query_only=ON; PRAGMA busy_timeout=2000;");
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

    internal override string? TakeDamage() => Interlocked.Exchange(ref _damage, null);

    /// <remarks>A file that was not closed in order is checked first: a reader that met no tables would take that for damage.</remarks>
    internal override DbConnection? OpenWriter(Action<DbConnection> prepare)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        _exchange.EnterWriteLock();
        try
        {
            if (Directory.Exists(Path))
            {
                MoveAside("it is a folder");
            }

            var existed = File.Exists(Path);
            if (!existed)
            {
                _log.LogInformation("There is no read database {Path}; it is made from the journal", Path);
            }

            try
            {
                var check = existed && !CloseMarker.Matches(Path);
                if (check)
                {
                    SqliteDamage.CheckBeginning(Path);
                    SayOfLog();
                }

                return Open(check, prepare);
            }
            catch (Exception e) when (e is DamagedReadModelException || IsDamage(e))
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

    internal override DbConnection Replace(DbConnection? writer, string reason, Action<DbConnection> prepare)
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

    /// <remarks>The next start need not check the file then.</remarks>
    internal override void Close(DbConnection writer)
    {
        _exchange.EnterWriteLock();
        try
        {
            SqliteConnection.ClearPool(Reader());
            Sql.Execute(writer, "PRAGMA wal_checkpoint(TRUNCATE);");
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

    internal override bool IsDamage(Exception e) => e is SqliteException sql && SqliteDamage.IsDamage(sql);

    internal override bool IsPassing(Exception e) => e is SqliteException sql && SqliteDamage.IsPassing(sql);

    /// <remarks>A file can be sound and yet lack a table.</remarks>
    internal override long? Fingerprint(DbConnection writer, DbTransaction? transaction)
    {
        using var command = Sql.Command(writer, "SELECT coalesce(group_concat(sql, ';'), '') FROM (SELECT sql FROM sqlite_master ORDER BY name)");
        command.Transaction = transaction;
        return unchecked((long)XxHash64.HashToUInt64(Encoding.UTF8.GetBytes((string)command.ExecuteScalar()!)));
    }

    private SqliteConnection Open(bool check, Action<DbConnection> prepare)
    {
        CloseMarker.Remove(Path);
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = Path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false }.ConnectionString);
        try
        {
            connection.Open();

            // NORMAL may lose the last commits in a power cut, never the order of them: the offset goes back with the model.
            // Every execution changes pages all over three indexes: moved into the file after 16 MB of log, most of them are written once, not four times.
            Sql.Execute(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=4000;");
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

    /// <summary>What was written over pages that the log still holds shows nowhere: SQLite puts them back.</summary>
    private void SayOfLog()
    {
        if (new FileInfo(Path + "-wal") is { Exists: true, Length: > 0 } log)
        {
            _log.LogInformation("The read database {Path} was not closed in order: the pages in its log ({Bytes} bytes) are restored, and it is checked", Path, log.Length);
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

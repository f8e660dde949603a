using Chronos.Actors.Journal;
using Microsoft.Data.Sqlite;

namespace Chronos.Tests.Actors.Journal;

/// <summary>Another process that holds SQLite's write lock: whatever is written meanwhile is in flight.</summary>
internal sealed class LockedFile : IDisposable
{
    private readonly SqliteConnection _connection;

    public LockedFile(JournalDatabase database)
    {
        _connection = database.OpenOwn();
        Execute("BEGIN IMMEDIATE");
    }

    public void Dispose()
    {
        Execute("ROLLBACK");
        _connection.Dispose();
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}

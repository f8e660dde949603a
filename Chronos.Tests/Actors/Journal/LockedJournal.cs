using System.Data.Common;
using Chronos.Actors.Journal;

namespace Chronos.Tests.Actors.Journal;

/// <summary>Another process that holds the lock of the writers: whatever is written meanwhile is in flight.</summary>
internal sealed class LockedJournal : IDisposable
{
    private readonly DbConnection _connection;

    public LockedJournal(JournalDatabase database)
    {
        _connection = database.OpenOwn();
        _connection.Execute(database is SqliteJournalDatabase ? "BEGIN IMMEDIATE" : "BEGIN; LOCK TABLE journal IN SHARE ROW EXCLUSIVE MODE");
    }

    public void Dispose()
    {
        _connection.Execute("ROLLBACK");
        _connection.Dispose();
    }
}

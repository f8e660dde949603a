using Microsoft.Data.Sqlite;

namespace Chronos.Actors.Journal;

/// <summary>
/// Moves SQLite's write-ahead log into the file on a thread of its own, beside the commits and not inside one. A write never waits for
/// more than the few pages that came meanwhile.
/// </summary>
/// <remarks>
/// Such a checkpoint does not stop writers, and so it is never quite complete while they go on; the log begins anew only after a complete one.
/// That is why the writer makes the last step itself, between two commits: by then it moves what the last commit or two have written.
/// </remarks>
internal sealed class LogCheckpoint : IDisposable
{
    /// <summary>Pages of log from which on it is moved.</summary>
    private const int Pages = 1_000;

    /// <summary>Pages of log at which SQLite does it inside a commit after all, 64 MB: only where this thread has failed.</summary>
    public const int AtLatest = 16_000;

    /// <summary>What a small commit changes beside the rows themselves: a leaf of each index, and the sequence.</summary>
    private const int PagesOfCommit = 3;
    private const int PageBytes = 4_096;
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly Func<SqliteConnection> _open;
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private long _bytes;
    private volatile bool _isToEnd;
    private volatile bool _stops;

    /// <param name="open">Opens a connection that is its own.</param>
    public LogCheckpoint(Func<SqliteConnection> open)
    {
        _open = open;
        _thread = new Thread(Run) { IsBackground = true, Name = "chronos-journal-checkpoint" };
        _thread.Start();
    }

    /// <summary>A commit of so many bytes has been made by the one writer; the log may be worth moving now.</summary>
    /// <param name="writer">The writer's connection, outside a transaction.</param>
    public void Committed(SqliteConnection writer, long bytes)
    {
        _bytes += bytes + (PagesOfCommit * PageBytes);
        if (_isToEnd)
        {
            _isToEnd = false;
            Move(writer);
        }
        else if (_bytes > (long)Pages * PageBytes)
        {
            _bytes = 0;
            _wake.Set();
        }
    }

    public void Dispose()
    {
        _stops = true;
        _wake.Set();
        if (_thread.Join(StopPatience))
        {
            _wake.Dispose();
        }
    }

    private void Run()
    {
        SqliteConnection? connection = null;
        while (_wake.WaitOne() && !_stops)
        {
            try
            {
                Move(connection ??= _open());
                _isToEnd = true;
            }
            catch (SqliteException)
            {
                // The next round tries anew, and beyond the limit SQLite does it inside a commit, which says what is wrong.
                connection?.Dispose();
                connection = null;
            }
        }

        connection?.Dispose();
    }

    /// <summary>Without waiting for readers or writers: what cannot be moved now is moved the next time.</summary>
    private static void Move(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA wal_checkpoint(PASSIVE)";
        command.ExecuteNonQuery();
    }
}

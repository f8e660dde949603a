using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Chronos.Actors.Journal;

/// <summary>
/// A few threads that recover persistent actors, each with a connection and prepared statements of its own. SQLite reads block, and a
/// long replay must hold up neither the journal's actor nor the thread pool.
/// </summary>
internal sealed class JournalReaders : IDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly JournalDatabase _database;
    private readonly BlockingCollection<IReading> _queue = [];
    private readonly Thread[] _threads;

    public JournalReaders(JournalDatabase database)
    {
        _database = database;
        _threads = [.. Enumerable.Range(1, Math.Clamp(Environment.ProcessorCount, 2, 4)).Select(n => new Thread(Run) { IsBackground = true, Name = $"chronos-journal-reader-{n}" })];
        foreach (var thread in _threads)
        {
            thread.Start();
        }
    }

    private interface IReading
    {
        /// <returns>Whether the session is still good.</returns>
        bool Run(ReadSession session);

        void Fail(Exception cause);
    }

    public Task<T> Read<T>(Func<ReadSession, T> read, CancellationToken cancellation)
    {
        var reading = new Reading<T>(read, _database, cancellation);
        _queue.Add(reading, CancellationToken.None);
        return reading.Outcome;
    }

    public void Dispose()
    {
        _queue.CompleteAdding();
        while (_queue.TryTake(out var reading))
        {
            reading.Fail(new OperationCanceledException("the journal has stopped"));
        }

        if (_threads.All(t => t.Join(StopPatience)))
        {
            _queue.Dispose();
        }
    }

    private void Run()
    {
        ReadSession? session = null;
        foreach (var reading in _queue.GetConsumingEnumerable())
        {
            try
            {
                session ??= new ReadSession(_database);
            }
            catch (SqliteException e)
            {
                reading.Fail(e.Explain(_database));
                continue;
            }

            if (!reading.Run(session))
            {
                session.Dispose();
                session = null;
            }
        }

        session?.Dispose();
    }

    private sealed class Reading<T>(Func<ReadSession, T> read, JournalDatabase database, CancellationToken cancellation) : IReading
    {
        private readonly TaskCompletionSource<T> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Outcome => _outcome.Task;

        public bool Run(ReadSession session)
        {
            if (cancellation.IsCancellationRequested)
            {
                _outcome.TrySetCanceled(cancellation);
                return true;
            }

            try
            {
                _outcome.TrySetResult(read(session));
                return true;
            }
            catch (SqliteException e)
            {
                _outcome.TrySetException(e.Explain(database));
                return false;
            }
            catch (Exception e)
            {
                _outcome.TrySetException(e);
                return true;
            }
        }

        public void Fail(Exception cause) => _outcome.TrySetException(cause);
    }
}

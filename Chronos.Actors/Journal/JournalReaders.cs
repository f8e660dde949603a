using System.Collections.Concurrent;
using System.Data.Common;

namespace Chronos.Actors.Journal;

/// <summary>
/// A few threads that recover persistent actors, each with a connection and prepared statements of its own. Reads block, and a
/// long replay must hold up neither the journal's actor nor the thread pool.
/// </summary>
internal sealed class JournalReaders : IDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly JournalDatabase _database;
    private readonly JournalOptions _options;
    private readonly BlockingCollection<IReading> _queue = [];
    private readonly Thread[] _threads;
    private volatile int _breaks;

    public JournalReaders(JournalDatabase database, JournalOptions options)
    {
        (_database, _options) = (database, options);
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
        var breaks = _breaks;
        foreach (var reading in _queue.GetConsumingEnumerable())
        {
            if (session is not null && breaks != _breaks)
            {
                // Where one connection broke the others did too; to learn it one failed recovery after another takes too long.
                Discard(session);
                session = null;
            }

            try
            {
                breaks = _breaks;
                session ??= new ReadSession(_database);
            }
            catch (Exception e)
            {
                // Whatever it is: a thread that ended here would leave nobody to recover anything once the database is back.
                var reason = e is DbException error ? _database.Explain(error) : e;
                _options.Pulse.Failed(reason.Message, _options.Clock.GetUtcNow());
                reading.Fail(reason);
                continue;
            }

            if (!reading.Run(session))
            {
                Discard(session);
                session = null;
                Interlocked.Increment(ref _breaks);
            }
        }

        session?.Dispose();
    }

    private static void Discard(ReadSession session)
    {
        try
        {
            session.Dispose();
        }
        catch (Exception e) when (e is DbException or InvalidOperationException or IOException)
        {
            // A connection that broke may refuse to be closed.
        }
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
            catch (DbException e)
            {
                _outcome.TrySetException(database.Explain(e));
                return false;
            }
            catch (Exception e)
            {
                // Of the event, or of a connection that is not usable any more: a new one costs little and is certainly good.
                _outcome.TrySetException(e);
                return false;
            }
        }

        public void Fail(Exception cause) => _outcome.TrySetException(cause);
    }
}

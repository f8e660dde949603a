using System.Collections.Concurrent;
using System.Data.Common;

namespace Chronos.Actors.Journal;

/// <summary>How much the writer takes at once.</summary>
/// <param name="Capacity">Writes that may wait; one more is refused.</param>
/// <param name="BatchEvents">Events of one transaction, give or take the last write.</param>
internal readonly record struct WriterLimits(int Capacity, int BatchEvents);

/// <summary>
/// The one thread that writes events. It stores everything that waits in one transaction: what arrives during a commit shares the
/// next one, so the price of the disk falls per event as the load rises. It never lingers for more.
/// </summary>
internal sealed class JournalWriter : IDisposable
{
    private const long BatchBytes = 8 * 1024 * 1024;
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly JournalDatabase _database;
    private readonly JournalOptions _options;
    private readonly WriterLimits _limits;
    private readonly BlockingCollection<JournalWrite> _queue;
    private readonly ConcurrentDictionary<string, JournalWrite> _inFlight = new(StringComparer.Ordinal);
    private readonly List<JournalWrite> _batch = [];
    private readonly Thread _thread;
    private IWriteSession? _session;

    public JournalWriter(JournalDatabase database, JournalOptions options, WriterLimits limits)
    {
        _database = database;
        _options = options;
        _limits = limits;
        _queue = new BlockingCollection<JournalWrite>(limits.Capacity);
        _thread = new Thread(Run) { IsBackground = true, Name = "chronos-journal-writer" };
        _thread.Start();
    }

    /// <summary>The outcome of the newest write of this id that is still under way, whatever it will be.</summary>
    public Task Settled(string persistenceId) =>
        _inFlight.TryGetValue(persistenceId, out var write) ? write.Outcome.ContinueWith(static _ => { }, TaskScheduler.Default) : Task.CompletedTask;

    /// <summary>Stores a write; see <see cref="JournalWrite.Outcome"/>.</summary>
    /// <exception cref="JournalFullException">The queue is full.</exception>
    public async Task Store(JournalWrite write, CancellationToken cancellation)
    {
        _inFlight[write.PersistenceId] = write;
        try
        {
            write.CancelWith(cancellation);
            if (!_queue.TryAdd(write))
            {
                write.Fail(new JournalFullException(_limits.Capacity));
            }

            await write.Outcome.ConfigureAwait(false);
        }
        finally
        {
            _inFlight.TryRemove(KeyValuePair.Create(write.PersistenceId, write));
        }
    }

    /// <summary>Takes nothing more, stores what waits, and ends.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        if (_thread.Join(StopPatience))
        {
            _queue.Dispose();
        }
    }

    private void Run()
    {
        foreach (var write in _queue.GetConsumingEnumerable())
        {
            if (!write.TryTake())
            {
                continue;
            }

            _batch.Add(write);
            using (_database.Gate.Enter())
            {
                StoreBatch();
            }

            _batch.Clear();
        }

        _session?.Dispose();
    }

    private void StoreBatch()
    {
        var clock = _options.Clock;
        var started = clock.GetTimestamp();
        try
        {
            var session = _session ??= _database.OpenWriter();
            session.Begin();
            var (events, bytes) = InsertWaiting(session);
            session.Commit();
            JournalMetrics.BatchSize.Record(events);
            JournalMetrics.EventBytes.Add(bytes);
        }
        catch (DbException e) when (_database.IsOfOneWrite(e))
        {
            StoreEachAlone(e);
            return;
        }
        catch (Exception e)
        {
            Abandon(e);
            return;
        }

        JournalMetrics.CommitSeconds.Record(clock.GetElapsedTime(started).TotalSeconds);
        foreach (var write in _batch)
        {
            _options.Tail?.Add(write.Rows);
        }

        // Before anybody hears of it: who reads a list because of the answer is to learn that the list may be behind.
        _options.Pulse.Beat();
        foreach (var write in _batch)
        {
            write.Succeed();
        }

        Rest();
    }

    /// <summary>The batch is stored and answered: what goes wrong now is the next one's affair, with a new connection.</summary>
    private void Rest()
    {
        try
        {
            _session?.Rest();
        }
        catch (DbException)
        {
            CloseSession();
        }
    }

    /// <summary>Inserts the write that began the batch and all that wait, also those that come meanwhile, up to the limits.</summary>
    private (int Events, long Bytes) InsertWaiting(IWriteSession session)
    {
        var (events, bytes) = Insert(session, _batch[0]);
        while (events < _limits.BatchEvents && bytes < BatchBytes && _queue.TryTake(out var next))
        {
            if (next.TryTake())
            {
                _batch.Add(next);
                var (moreEvents, moreBytes) = Insert(session, next);
                events += moreEvents;
                bytes += moreBytes;
            }
        }

        return (events, bytes);
    }

    private static (int Events, long Bytes) Insert(IWriteSession session, JournalWrite write)
    {
        session.Insert(write);
        var bytes = 0L;
        foreach (var row in write.Rows)
        {
            bytes += row.Message.Length;
        }

        return (write.Rows.Count, bytes);
    }

    /// <summary>One write of the batch cannot be stored: stores the others, so that a fenced writer does no harm to its neighbours.</summary>
    private void StoreEachAlone(DbException cause)
    {
        var failures = new Dictionary<JournalWrite, Exception>();
        try
        {
            var session = _session!;
            session.Rollback();
            session.Begin();
            foreach (var write in _batch)
            {
                try
                {
                    session.InsertAlone(write);
                }
                catch (DbException e) when (_database.IsOfOneWrite(e))
                {
                    failures.Add(write, _database.IsFence(e) ? new JournalFencedException(write.PersistenceId, write.FirstSequenceNr, e) : e);
                }
            }

            session.Commit();
        }
        catch (Exception e)
        {
            Abandon(new AggregateException(e, cause));
            return;
        }

        _options.Pulse.Beat();
        foreach (var write in _batch)
        {
            if (failures.TryGetValue(write, out var failure))
            {
                write.Fail(failure);
            }
            else
            {
                write.Succeed();
            }
        }
    }

    /// <summary>The database failed: nothing of the batch is stored. The next batch tries with a new connection.</summary>
    private void Abandon(Exception cause)
    {
        CloseSession();
        var reason = cause is DbException error ? _database.Explain(error) : cause;
        _options.Pulse.Failed(reason.Message, _options.Clock.GetUtcNow());
        foreach (var write in _batch)
        {
            write.Fail(reason);
        }
    }

    private void CloseSession()
    {
        try
        {
            _session?.Dispose();
        }
        catch (Exception e) when (e is DbException or InvalidOperationException or IOException)
        {
            // It is gone either way; the cause is what the callers need.
        }

        _session = null;
    }
}

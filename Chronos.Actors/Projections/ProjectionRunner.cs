using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Data;
using System.Data.Common;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Core.Projections;
using Microsoft.Extensions.Logging;

namespace Chronos.Actors.Projections;

/// <summary>
/// Folds the journal into the read models: one loop on one thread of its own for one read database. Model and offset change in
/// one transaction. Each projection has its own offset: one that is rebuilt does not hold up the others.
/// </summary>
/// <remarks>How it meets damage, poison and an unreadable journal is in <c>NOTES.md</c>.</remarks>
public sealed class ProjectionRunner : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>After a commit nobody waits for, folding stands back so long: firing and its outcomes have the processors first, and one chunk takes all of it.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(75);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    private readonly ReadDatabase _database;
    private readonly IJournalReader _journal;
    private readonly JournalPulse _pulse;
    private readonly TimeProvider _time;
    private readonly ILogger<ProjectionRunner> _log;
    private readonly StandBack _standBack;
    private readonly ImmutableArray<ProjectionTrack> _tracks;
    private readonly ConcurrentQueue<Action> _work = new();
    private readonly ProjectionWaiters _waiters = new();
    private readonly ProjectionMeter _meter;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _stopped = NewWake();
    private readonly Thread _thread;
    private volatile TaskCompletionSource _wake = NewWake();
    private ProjectionStore? _store;
    private volatile (ProjectionHealth Health, DateTimeOffset? Since)[] _health;
    private volatile Glimpse _glimpse;
    private int _chunk = ProjectionStore.MaxChunk;
    private long _highest;

    /// <summary>When this node last asked to be the one that folds.</summary>
    private long? _tried;

    public ProjectionRunner(
        ReadDatabase database, IEnumerable<IProjection> projections, IJournalReader journal, JournalPulse pulse, TimeProvider time, ILogger<ProjectionRunner> log,
        NodePressure? pressure = null)
    {
        _standBack = new StandBack(pressure, time);
        _database = database;
        _journal = journal;
        _pulse = pulse;
        _time = time;
        _log = log;
        _tracks = [.. projections.Select(p => new ProjectionTrack(p))];
        _health = Look();
        _glimpse = new Glimpse(pulse.Next, time.GetUtcNow());
        _meter = new ProjectionMeter(() => Health);
        _thread = new Thread(Loop) { Name = "projections", IsBackground = true };
        _database.Woken = () => Post(() => { });
    }

    public ImmutableArray<ProjectionHealth> Health
    {
        get
        {
            // Something that was committed after the last look is not folded, and nobody looked how old it is: not older than that look.
            var glimpse = _glimpse;
            DateTimeOffset? unseen = glimpse.Beat.IsCompleted ? glimpse.At : null;
            return [.. _health.Select(h => (h.Since ?? (h.Health.State == ProjectionState.Stopped ? null : unseen)) is { } since
                ? h.Health with { LagSeconds = Math.Max(0.001, (_time.GetUtcNow() - since).TotalSeconds) }
                : h.Health)];
        }
    }

    public void Start() => _thread.Start();

    /// <summary>Ends the loop after the transaction that it is in, and closes the file in order.</summary>
    public void Dispose()
    {
        if (!_stop.IsCancellationRequested)
        {
            _stop.Cancel();
            _stopped.TrySetResult();
            if (_thread.IsAlive)
            {
                _thread.Join();
            }

            _meter.Dispose();
        }
    }

    /// <summary>Read your writes: true as soon as every projection holds the entry with this ordering, false after the timeout or when one cannot.</summary>
    public Task<bool> WaitUntil(long ordering, TimeSpan timeout, CancellationToken cancellation)
    {
        var waiting = _waiters.Add(ordering, timeout, _time, cancellation);
        Post(() => { });
        return waiting;
    }

    /// <summary>Empties the model of a projection and folds the journal anew; the task ends when it has begun. False: there is no such projection.</summary>
    public Task<bool> Rebuild(string projection, CancellationToken cancellation)
    {
        var track = _tracks.FirstOrDefault(t => t.Name == projection);
        return track is null ? Task.FromResult(false) : OnWriter(
            store => Rebuild(store, track),
            () =>
            {
                _database.AskForRebuild(track.Name);
                return true;
            },
            cancellation);
    }

    /// <summary>Runs work on the writer connection, between two chunks; where another node folds for all, <paramref name="elsewhere"/> answers.</summary>
    internal async Task<T> OnWriter<T>(Func<ProjectionStore, T> work, Func<T> elsewhere, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stop.Token);
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            if (cancellation.IsCancellationRequested)
            {
                done.TrySetCanceled(cancellation);
                return;
            }

            try
            {
                done.TrySetResult(_store is { } store ? work(store) : elsewhere());
            }
            catch (Exception e)
            {
                done.TrySetException(e);
                throw;
            }
        });
        return await done.Task.WaitAsync(either.Token);
    }

    private bool Rebuild(ProjectionStore store, ProjectionTrack track)
    {
        _log.LogInformation("The projection {Projection} is rebuilt from the journal on request", track.Name);

        // Told before it is so, and before whoever asked has an answer: nobody may take the empty model for the full one.
        track.State = ProjectionState.Rebuilding;
        Publish();
        store.Reset(track);
        track.BehindSince = _time.GetUtcNow();
        Publish();
        return true;
    }

    private void Post(Action work)
    {
        _work.Enqueue(work);
        Interlocked.Exchange(ref _wake, NewWake()).TrySetResult();
    }

    private void Loop()
    {
        while (!_stop.IsCancellationRequested)
        {
            // Both are taken before looking, so that what happens while we look is not slept through.
            var beat = _pulse.Next;
            var wake = _wake.Task;
            if (!ReferenceEquals(beat, _glimpse.Beat))
            {
                // Committed since the last look: a lag until this one has found it.
                Behind(_glimpse.At);
            }

            _glimpse = new Glimpse(beat, _time.GetUtcNow());
            var worked = false;
            try
            {
                LetFiringGoFirst(wake);
                worked = Turn();
            }
            catch (Exception e) when (e is DamagedReadModelException || _database.IsDamage(e))
            {
                Replace(e.Message);
            }
            catch (Exception e)
            {
                // Disk full, database locked, journal out of reach or with an event that cannot be read: nothing is skipped, it is tried again.
                Wait(e);
                DropBroken();
            }

            Publish();
            if (!worked && !_stop.IsCancellationRequested)
            {
                Sleep(beat, wake);
            }
        }

        Close();
    }

    /// <summary>Who waits for something that is not folded yet does not wait for this.</summary>
    private void LetFiringGoFirst(Task wake)
    {
        if (!_standBack.IsAsked)
        {
            return;
        }

        Behind(_time.GetUtcNow());
        while (!_waiters.Any && !_stop.IsCancellationRequested && Task.WaitAny([wake, _stopped.Task], Glance) < 0 && _standBack.IsAsked)
        {
            // Looked at again: the pressure may be over.
        }
    }

    private void Behind(DateTimeOffset since)
    {
        foreach (var track in _tracks.Where(t => !t.Stopped))
        {
            track.BehindSince ??= since;
        }

        Publish();
    }

    /// <summary>One look at everything. True when something was folded, so that there may be more.</summary>
    private bool Turn()
    {
        if (_store is null && !Open())
        {
            Follow();
            return false;
        }

        if (_database.TakeDamage() is { } damage)
        {
            throw new DamagedReadModelException(damage);
        }

        RunWork();
        _highest = _journal.Highest();
        var worked = false;
        foreach (var group in _tracks.Where(t => !t.Stopped).GroupBy(t => t.Offset).OrderByDescending(g => g.Key))
        {
            worked |= Advance([.. group]);
        }

        _standBack.Folded(complete: _tracks.All(t => t.Stopped || t.Offset >= _highest));
        Meet();
        return worked;
    }

    /// <summary>Becomes the writer. False: another node is.</summary>
    private bool Open()
    {
        if (_tried is { } last && _time.GetElapsedTime(last) < Poll)
        {
            return false;
        }

        _tried = _time.GetTimestamp();
        if (_database.OpenWriter(Prepare) is not { } writer)
        {
            return false;
        }

        (_store, _tried) = (new ProjectionStore(_database, writer, _log), null);
        Meet();
        return true;
    }

    /// <remarks>
    /// Where the journal ends is asked now that this node is the one that folds: another may have folded more since any earlier look, and its
    /// model would be taken for that of another journal, and be emptied.
    /// </remarks>
    private void Prepare(DbConnection connection) => new ProjectionStore(_database, connection, _log).Prepare(_tracks, _journal.Highest());

    /// <summary>Tells the other nodes where the projections stand, and does what they ask for.</summary>
    private void Meet()
    {
        foreach (var name in _database.Meet(_store!.Connection, Health))
        {
            if (_tracks.FirstOrDefault(t => t.Name == name) is { } track)
            {
                Rebuild(_store, track);
            }
        }
    }

    /// <summary>Another node folds for all: how far it is, and, where somebody here needs more, a word to it.</summary>
    private void Follow()
    {
        RunWork();
        _highest = _journal.Highest();
        foreach (var told in _database.Follow(wanted: _tracks.Any(t => t.Offset < _highest)))
        {
            if (_tracks.FirstOrDefault(t => t.Name == told.Name) is { } track)
            {
                (track.Offset, track.State, track.Error) = (told.Offset, told.State, told.Error);
                track.BehindSince = told.Offset < _highest ? track.BehindSince ?? _time.GetUtcNow() : null;
            }
        }
    }

    private void RunWork()
    {
        while (_work.TryDequeue(out var work))
        {
            work();
        }
    }

    /// <summary>A connection that ended is no writer any more; whoever comes first is the next.</summary>
    private void DropBroken()
    {
        if (_store is { Connection.State: not ConnectionState.Open })
        {
            DisposeProjections();
            _database.Close(_store.Connection);
            _store = null;
        }
    }

    private bool Advance(ImmutableArray<ProjectionTrack> group)
    {
        var entries = _journal.Read(group[0].Offset, _chunk);
        if (entries.Count == 0)
        {
            CaughtUp(group);
            return false;
        }

        var oldest = entries.Select(ProjectionTrack.TimeOf).FirstOrDefault(t => t is not null);
        foreach (var track in group)
        {
            track.BehindSince = oldest ?? track.BehindSince;
            track.Error = null;
            track.State = track.State == ProjectionState.Waiting ? ProjectionState.Rebuilding : track.State;
        }

        Publish();
        var began = _time.GetTimestamp();
        _store!.Fold(group, entries);
        _chunk = ProjectionStore.NextChunk(_chunk, _time.GetElapsedTime(began));

        // Under steady load there is always one more entry: who holds what was there when we looked is not behind.
        if (entries[^1].Ordering >= _highest)
        {
            _highest = entries[^1].Ordering;
            CaughtUp(group);
        }

        return true;
    }

    private static void CaughtUp(ImmutableArray<ProjectionTrack> group)
    {
        foreach (var track in group.Where(t => !t.Stopped))
        {
            track.CaughtUp();
        }
    }

    private void Replace(string reason)
    {
        try
        {
            // Told before it is so: nobody may take the empty model for the full one.
            foreach (var track in _tracks)
            {
                track.Offset = 0;
                track.State = ProjectionState.Rebuilding;
            }

            Publish();
            var damaged = _store?.Connection;
            DisposeProjections();
            _store = null;
            var writer = _database.Replace(damaged, reason, Prepare);
            _store = new ProjectionStore(_database, writer, _log);
        }
        catch (Exception e)
        {
            Wait(e);
        }
    }

    private void Wait(Exception e)
    {
        foreach (var track in _tracks.Where(t => !t.Stopped))
        {
            if (track.Error != e.Message)
            {
                _log.LogError(e, "The projection {Projection} waits at {Offset}: {Error}", track.Name, track.Offset, e.Message);
            }

            track.State = ProjectionState.Waiting;
            track.Error = e.Message;
            track.BehindSince ??= _time.GetUtcNow();
        }
    }

    private void Publish()
    {
        _health = Look();
        _waiters.Settle(_tracks);
    }

    private (ProjectionHealth Health, DateTimeOffset? Since)[] Look() =>
        [.. _tracks.Select(t => (new ProjectionHealth(t.Name, t.State, t.Offset, Math.Max(0, _highest - t.Offset), 0, t.Error), t.BehindSince))];

    /// <summary>Blocking is right here: the thread is the runner's own.</summary>
    private void Sleep(Task beat, Task wake)
    {
        try
        {
            var nap = _store is null && _waiters.Any ? Glance : Poll;
            if (Task.WaitAny([wake, beat], (int)nap.TotalMilliseconds, _stop.Token) == 1)
            {
                Task.WaitAny([wake], (int)Linger.TotalMilliseconds, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The loop sees the token itself.
        }
    }

    private void Close()
    {
        _waiters.Abandon();
        DisposeProjections();
        if (_store is not null)
        {
            _database.Close(_store.Connection);
        }
    }

    /// <summary>Their statements go before the connection does: SQLite keeps one with open statements alive, and its files with it.</summary>
    private void DisposeProjections()
    {
        foreach (var projection in _tracks.Select(t => t.Projection).OfType<IDisposable>())
        {
            projection.Dispose();
        }
    }

    /// <summary>A look at the journal.</summary>
    /// <param name="Beat">Completed by the first commit after it.</param>
    private sealed record Glimpse(Task Beat, DateTimeOffset At);

    private static TaskCompletionSource NewWake() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

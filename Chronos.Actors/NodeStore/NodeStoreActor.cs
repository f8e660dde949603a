using Akka.Actor;
using Akka.Event;
using Chronos.Actors.Journal;
using Chronos.Actors.Projections;
using Chronos.Core.Governance.Access;

namespace Chronos.Actors.NodeStore;

/// <summary>Key of the node store in the actor registry.</summary>
public sealed class NodeStoreKey;

/// <summary>
/// The only owner of this node's LiteDB file: follows the journal's key events, keeps them there with its place, and publishes them
/// to the <see cref="KeyDirectory"/>. Runs on a thread of its own, because LiteDB and the journal are read by blocking calls.
/// </summary>
/// <remarks>What the directory knows never waits for the file: on damage it goes on from memory and the journal while the file is made anew.</remarks>
internal sealed class NodeStoreActor : ReceiveActor, IWithTimers
{
    /// <summary>Dispatcher with one thread for this actor.</summary>
    public const string Dispatcher = "chronos.node-store-dispatcher";

    private const int Chunk = 1_000;

    /// <summary>The place is written without a key event only so often: a start may look through this much again.</summary>
    private const long OffsetStride = 20_000;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>Under load there are hundreds of commits a second, and hardly ever a key among them.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(20);

    private readonly string _path;
    private readonly IJournalReader _journal;
    private readonly JournalPulse _pulse;
    private readonly KeyDirectory _directory;
    private readonly TimeProvider _time;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private NodeStoreFile? _file;
    private NodeStoreState _state = NodeStoreState.Empty;
    private long _saved;
    private string? _trouble;
    private Task? _listening;

    public NodeStoreActor(string path, IJournalReader journal, JournalPulse pulse, KeyDirectory directory, TimeProvider time)
    {
        _path = Path.GetFullPath(path);
        _journal = journal;
        _pulse = pulse;
        _directory = directory;
        _time = time;
        Receive<Beat>(_ => Timers.StartSingleTimer(nameof(Breath), Look.Instance, Breath));
        Receive<Look>(_ => Follow());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(string path, IJournalReader journal, JournalPulse pulse, KeyDirectory directory, TimeProvider time) =>
        Akka.Actor.Props.Create(() => new NodeStoreActor(path, journal, pulse, directory, time)).WithDispatcher(Dispatcher);

    protected override void PreStart()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        var existed = File.Exists(_path);
        var log = new FileInfo(DamagedFile.LiteDbLogOf(_path)) is { Exists: true, Length: > 0 } left && existed ? left.Length : 0;
        try
        {
            (_file, _state) = NodeStoreFile.Open(_path);
            _saved = _state.Offset;
            _directory.Learn(_state.Keys.Values);
            if (log > 0)
            {
                _log.Info("The node store {0} was not closed in order: the pages in its log ({1} bytes) are restored, and it is checked", _path, log);
            }

            _log.Info(existed ? "Node store {0} opened with {1} keys" : "There is no node store {0}; it is made from the journal", _path, _state.Keys.Count);
        }
        catch (NodeStoreDamagedException e)
        {
            Discard(e);
        }

        Timers.StartPeriodicTimer(nameof(Poll), Look.Instance, TimeSpan.Zero, Poll);
        Listen();
    }

    protected override void PostStop() => _file?.Dispose();

    private void Follow()
    {
        Listen();
        try
        {
            if (_state.Offset > _journal.Highest())
            {
                throw new NodeStoreDamagedException("it is ahead of the journal, so it belongs to another one", new InvalidDataException(_path));
            }

            while (Advance())
            {
            }

            if (_file is not null || Recreate())
            {
                Calm();
            }
        }
        catch (NodeStoreDamagedException e)
        {
            Discard(e);
            Self.Tell(Look.Instance);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Complain(e, "The node store cannot follow the journal at {0}; keys are served as known until then");
        }
    }

    /// <summary>Folds one slice of the journal; true when there may be more.</summary>
    private bool Advance()
    {
        var slice = _journal.ReadStreams(KeyRingActor.StreamPrefix, _state.Offset, Chunk);
        var facts = slice.Entries.Select(e => e.Event).OfType<IKeyRingEvent>().ToList();
        var keys = _state.Keys;
        foreach (var fact in facts)
        {
            keys = StoredKey.Fold(keys, fact);
            _directory.Learn(fact);
        }

        var moved = slice.Reached > _state.Offset;
        _state = new NodeStoreState(slice.Reached, keys);
        if (_file is not null && (facts.Count > 0 || _state.Offset - _saved >= OffsetStride))
        {
            _file.Save(_state, facts.Select(f => f.Key.Value).Distinct(StringComparer.Ordinal).Select(id => _state.Keys[id]));
            _saved = _state.Offset;
        }

        return moved;
    }

    /// <summary>A new file gets all that the fold has. False: none can be made (the disk is full, say); the next poll tries again.</summary>
    private bool Recreate()
    {
        try
        {
            if (Path.Exists(_path))
            {
                // It could not be moved before, or is what the last try left.
                DamagedFile.MoveAside(_path, _time.GetUtcNow());
            }

            (_file, _) = NodeStoreFile.Open(_path);
            _file.Save(_state, _state.Keys.Values);
            _saved = _state.Offset;
            return true;
        }
        catch (Exception e) when (e is NodeStoreDamagedException or IOException or UnauthorizedAccessException)
        {
            _file?.Dispose();
            _file = null;
            Complain(e, "The node store cannot be made anew; keys are served from memory, as of {0}");
            return false;
        }
    }

    /// <summary>Moves the file aside and begins the fold anew. The directory keeps what it knows.</summary>
    private void Discard(NodeStoreDamagedException e)
    {
        _file?.Dispose();
        _file = null;
        _state = NodeStoreState.Empty;
        _saved = 0;
        try
        {
            var aside = DamagedFile.MoveAside(_path, _time.GetUtcNow());
            _log.Error("The node store {0} is damaged ({1}); it was moved to {2} and is made anew from the journal", _path, e.Message, aside ?? "nowhere");
        }
        catch (Exception move) when (move is IOException or UnauthorizedAccessException)
        {
            _log.Error(move, "The node store {0} is damaged ({1}) and cannot be moved aside; keys are served from memory", _path, e.Message);
        }
    }

    private void Complain(Exception e, string what)
    {
        if (_trouble != e.Message)
        {
            _trouble = e.Message;
            _log.Error(e, what, _state.Offset);
        }
    }

    private void Calm()
    {
        if (_trouble is not null)
        {
            _trouble = null;
            _log.Info("The node store follows the journal again, at {0}", _state.Offset);
        }
    }

    /// <summary>Arms the next beat. Taken before reading, so that a commit in between is not missed.</summary>
    private void Listen()
    {
        if (_listening is { IsCompleted: false })
        {
            return;
        }

        var self = Self;
        _listening = _pulse.Next;
        _listening.ContinueWith(_ => self.Tell(Beat.Instance), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private sealed class Beat : INoSerializationVerificationNeeded
    {
        public static readonly Beat Instance = new();
    }

    private sealed class Look : INoSerializationVerificationNeeded
    {
        public static readonly Look Instance = new();
    }
}

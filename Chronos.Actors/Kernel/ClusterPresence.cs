using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Chronos.Actors.Journal;

namespace Chronos.Actors.Kernel;

/// <summary>
/// Says in the database, each second, that this node is a member of the cluster, and learns there whether the others took it for lost: then it
/// stops, whatever its own view of the cluster is. Whom this node sees downed, it writes down. Members that are
/// heard, but not by the database, are taken for lost, too: they own jobs and can fire none.
/// </summary>
/// <remarks>
/// On the first seed it also decides whether to found a cluster: not while others say that they are in one, however unreachable they are. A second
/// cluster on the same journal would never find back to the first. See <c>NOTES.md</c>.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "An actor ends in PostStop, which disposes it")]
internal sealed class ClusterPresence : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Saying = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Asking = TimeSpan.FromMilliseconds(500);

    /// <summary>Who has said nothing for so long is gone: after the death of all nodes the first seed waits for this.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    /// <summary>
    /// For so many beats in a row this node has reached the database, and another, which was up all the time, has not. Counted, and not read from the
    /// clock of the database: a step of that would make all others silent at once.
    /// </summary>
    private const int SilentBeats = 10;

    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly CancellationTokenSource _stop = new();
    private readonly PresenceTable _table;
    private readonly ImmutableList<Address> _seeds;
    private readonly string _member;
    private readonly string _incarnation;
    private readonly Dictionary<Address, Heard> _heard = [];
    private ImmutableHashSet<string> _lost = [];
    private int _beats;
    private Phase _phase = Phase.Joining;
    private bool? _founds;
    private bool _isBusy;

    /// <param name="seeds">On the first seed, which comes first in it; empty elsewhere.</param>
    public ClusterPresence(PostgresAddress database, ImmutableList<Address> seeds)
    {
        (_table, _seeds) = (new PresenceTable(database), seeds);
        (_member, _incarnation) = (NameOf(_cluster.SelfAddress), _cluster.SelfUniqueAddress.ToString());
        Receive<Beat>(_ => OnBeat());
        Receive<Others>(OnOthers);
        Receive<Said>(OnSaid);
        Receive<Written>(w => OnWritten(w.Lost));
        Receive<Status.Failure>(OnFailure);
        Receive<ClusterEvent.MemberUp>(e => IsSelf(e.Member), _ => OnUp());
        Receive<ClusterEvent.MemberUp>(e => _heard[e.Member.Address] = new Heard(_beats, null));
        Receive<ClusterEvent.MemberRemoved>(e => _heard.Remove(e.Member.Address));
        Receive<ClusterEvent.MemberExited>(e => IsSelf(e.Member), _ => OnExited());
        Receive<ClusterEvent.MemberDowned>(e => OnDowned(e.Member));
        Receive<ClusterEvent.IMemberEvent>(_ => { });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(PostgresAddress database, ImmutableList<Address> seeds) => Akka.Actor.Props.Create(() => new ClusterPresence(database, seeds));

    protected override void PreStart()
    {
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent));
        Self.Tell(Beat.Instance);
        Timers.StartPeriodicTimer(nameof(Beat), Beat.Instance, _seeds.IsEmpty ? Saying : Asking);
    }

    protected override void PostStop()
    {
        _cluster.Unsubscribe(Self);
        _stop.Cancel();
        _stop.Dispose();
    }

    private static string NameOf(Address address) => $"{address.Host}:{address.Port}";

    private bool IsSelf(Member member) => member.UniqueAddress.Equals(_cluster.SelfUniqueAddress);

    private void OnUp()
    {
        _phase = Phase.Member;
        Timers.StartPeriodicTimer(nameof(Beat), Beat.Instance, Saying);
        Self.Tell(Beat.Instance);
    }

    /// <summary>It leaves in good order: nobody has to wait until it is forgotten.</summary>
    private void OnExited()
    {
        _phase = Phase.Leaving;
        Timers.CancelAll();
        if (!_isBusy)
        {
            Forget();
        }
    }

    /// <summary>Written down at once, and again at each beat until it is there.</summary>
    private void OnDowned(Member member)
    {
        if (!IsSelf(member) && _phase == Phase.Member)
        {
            _lost = _lost.Add(member.UniqueAddress.ToString());
            OnBeat();
        }
    }

    private void OnBeat()
    {
        if (_isBusy)
        {
            return;
        }

        _isBusy = true;
        if (_phase == Phase.Member && !_lost.IsEmpty)
        {
            var lost = _lost;
            _table.LoseAsync(_incarnation, lost, _stop.Token).PipeTo(Self, success: () => new Written(lost));
        }
        else if (_phase == Phase.Member)
        {
            _table.SayAsync(_member, _incarnation, _stop.Token).PipeTo(Self, success: words => new Said(words));
        }
        else if (_phase == Phase.Joining && !_seeds.IsEmpty)
        {
            _table.OthersAsync(_member, Fresh, _stop.Token).PipeTo(Self, success: count => new Others(count));
        }
        else
        {
            _isBusy = false;
        }
    }

    private void OnWritten(ImmutableHashSet<string> lost)
    {
        _isBusy = false;
        _lost = _lost.Except(lost);
        if (_phase == Phase.Leaving)
        {
            Forget();
            return;
        }

        OnBeat();
    }

    private void OnSaid(Said said)
    {
        _isBusy = false;
        if (_phase == Phase.Leaving)
        {
            Forget();
        }
        else if (_phase != Phase.Member)
        {
            return;
        }
        else if (said.Words is null)
        {
            _log.Error("The other nodes took this one for lost and wrote it down in the database; it stops");
            _phase = Phase.Gone;
            Timers.CancelAll();
            _cluster.Down(_cluster.SelfAddress);
        }
        else
        {
            _beats++;
            LookForSilent(said.Words);
            if (!_lost.IsEmpty)
            {
                OnBeat();
            }
        }
    }

    /// <summary>All who reach the database see the same, and may act beside each other.</summary>
    private void LookForSilent(IReadOnlyDictionary<string, string> words)
    {
        foreach (var (address, heard) in _heard.ToList())
        {
            if (!words.TryGetValue(NameOf(address), out var word))
            {
                continue;
            }

            if (word != heard.Word)
            {
                _heard[address] = new Heard(_beats, word);
            }
            else if (_beats - heard.Beat >= SilentBeats)
            {
                _log.Warning("{Member} has not reached the database for {Seconds} s, which this node reaches; it is taken for lost", address, SilentBeats);
                _heard.Remove(address);
                _cluster.Down(address);
            }
        }
    }

    private void OnOthers(Others others)
    {
        _isBusy = false;
        if (_phase == Phase.Joining)
        {
            Join(others.Count == 0);
        }
    }

    /// <summary>While the database does not answer, nobody founds anything.</summary>
    private void OnFailure(Status.Failure failure)
    {
        _isBusy = false;
        foreach (var (address, heard) in _heard.ToList())
        {
            // The others may have had the same trouble: they have as long to come back.
            _heard[address] = heard with { Beat = _beats };
        }

        _log.Debug("The database did not answer who is in the cluster: {Error}", failure.Cause.Message);
        if (_phase == Phase.Joining && !_seeds.IsEmpty)
        {
            Join(founds: false);
        }
    }

    /// <summary>After the last word, and also when this actor ends meanwhile.</summary>
    private void Forget()
    {
        _phase = Phase.Gone;
        _table.ForgetAsync(_member, CancellationToken.None).PipeTo(Self, success: () => new Said(ImmutableDictionary<string, string>.Empty));
    }

    private void Join(bool founds)
    {
        if (_founds == founds)
        {
            return;
        }

        _founds = founds;
        if (founds)
        {
            _log.Info("No other node says that it is in a cluster: this first seed founds one unless another answers");
            _cluster.JoinSeedNodes(_seeds);
        }
        else if (_seeds.Count > 1)
        {
            _log.Info("Other nodes say that they are in a cluster, or the database does not say: this first seed joins them and founds none");
            _cluster.JoinSeedNodes(_seeds.RemoveAt(0));
        }
    }

    private enum Phase
    {
        Joining,
        Member,
        Leaving,
        Gone,
    }

    private sealed record Others(long Count) : INoSerializationVerificationNeeded;

    private sealed record Said(IReadOnlyDictionary<string, string>? Words) : INoSerializationVerificationNeeded;

    /// <summary>The last word of a member, and at which beat of this node it was new.</summary>
    private readonly record struct Heard(int Beat, string? Word);

    private sealed record Written(ImmutableHashSet<string> Lost) : INoSerializationVerificationNeeded;

    private sealed class Beat : INoSerializationVerificationNeeded
    {
        public static readonly Beat Instance = new();
    }
}

using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Akka.Pattern;
using Akka.Persistence;
using Chronos.Actors.Kernel;
using Chronos.Core.Jobs.Timetabling;

namespace Chronos.Actors.Jobs;

/// <summary>
/// The clock of the cluster, and nothing more: it keeps one instant per timetable, sleeps to the earliest and wakes what is due.
/// Its epoch rises with every take-over and is durable before the first tick.
/// </summary>
/// <remarks>Holds no state of any job: a take-over rebuilds nothing, it asks all timetables once. See <c>NOTES.md</c>.</remarks>
public sealed class TickLeader : ReceivePersistentActor
{
    private readonly TimeProvider _time;
    private readonly IActorRef _timetables;
    private readonly string _node;
    private readonly JobsMetrics _metrics;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly CoordinatedShutdown _shutdown = CoordinatedShutdown.Get(Context.System);
    private readonly TickClock _clock = new(TimetableNumbers.Count);
    private ITimer? _timer;
    private long _looked;

    public TickLeader(TimeProvider time, IActorRef timetables, string node, JobsMetrics metrics)
    {
        (_time, _timetables, _node, _metrics) = (time, timetables, node, metrics);
        Recover<TimetablePlanning.LeaderRose>(_clock.Replay);
        Recover<RecoveryCompleted>(_ => Rise());
        Command<TimetablePlanning.NextDue>(OnNextDue);
        Command<Wake>(_ => Sweep());
        Command<TimetablePlanning.GetLeader>(_ => Sender.Tell(_clock.View(_node)));
    }

    /// <summary>
    /// Supervised: a leader whose rise could not be made durable, or that met a later epoch, stops, and the singleton's manager would leave the
    /// cluster without a clock. It rises again, with a higher epoch.
    /// </summary>
    public static Props Props(TimeProvider time, IActorRef timetables, string node, JobsMetrics metrics) => BackoffSupervisor.Props(Backoff.OnStop(
        Akka.Actor.Props.Create(() => new TickLeader(time, timetables, node, metrics)), "clock", TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2), 0.2, -1));

    public override string PersistenceId => "leader|tick";

    public override Recovery Recovery => new(SnapshotSelectionCriteria.None);

    protected override void PostStop()
    {
        _timer?.Dispose();
        _metrics.LeaderFell(_clock.Epoch);
        base.PostStop();
    }

    private void Rise() => Persist(_clock.Rise(_node, _time.GetUtcNow()), risen =>
    {
        _clock.Risen(risen);
        _metrics.LeaderRose(_clock.Epoch);
        _log.Info("Tick leader of epoch {Epoch} on {Node}", _clock.Epoch, _node);
        var self = Self;
        _timer = _time.CreateTimer(_ => self.Tell(Wake.Instance), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _looked = _time.GetTimestamp();
        Sweep();
    });

    /// <summary>
    /// Whether timetables live anywhere. Those of the last node that stops have nowhere to go: its region would keep each tick for them, and
    /// wait a moment with its end for what it keeps.
    /// </summary>
    private bool HasHomes => _shutdown.ShutdownReason is null || OtherHosts.Any(Cluster.Get(Context.System));

    private void OnNextDue(TimetablePlanning.NextDue report)
    {
        if (!_clock.Note(report, _time.GetUtcNow()))
        {
            _log.Warning("Epoch {Epoch} is over, timetable {Timetable} has seen {NewerEpoch}; this leader stops", _clock.Epoch, report.Timetable, report.Epoch);
            Context.Stop(Self);
            return;
        }

        Arm();
    }

    private void Sweep()
    {
        var now = _time.GetUtcNow();
        var step = _clock.NoticeStep(now, _time.GetElapsedTime(_looked));
        _looked = _time.GetTimestamp();
        if (step != TimeSpan.Zero)
        {
            _log.Warning("The clock of {Node} was set {Direction} by {Step}; no slot fires twice, and what came due by it is settled as late", _node, step > TimeSpan.Zero ? "forward" : "back", step.Duration());
        }

        foreach (var tick in _clock.Sweep(now))
        {
            if (HasHomes)
            {
                _timetables.Tell(tick);
            }
        }

        Arm();
    }

    /// <summary>Sleeps to the exact instant; timers may wake a little early, then the sweep finds nothing and arms again.</summary>
    private void Arm()
    {
        var sleep = _clock.Sleep(_time.GetUtcNow());
        if (sleep == TimeSpan.Zero)
        {
            Self.Tell(Wake.Instance);
        }
        else
        {
            _timer?.Change(sleep, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class Wake : INoSerializationVerificationNeeded
    {
        public static readonly Wake Instance = new();
    }
}

using Akka.Actor;
using Akka.Event;
using Akka.Pattern;
using Akka.Persistence;
using Chronos.Core.Jobs.Timetabling;

namespace Chronos.Actors.Jobs;

/// <summary>
/// The clock of the cluster, and nothing more: it keeps one instant per timetable, sleeps to the earliest and wakes what is due.
/// Its epoch rises with every take-over and is durable before the first tick.
/// </summary>
/// <remarks>Holds no state of any job: a take-over rebuilds nothing, it asks all timetables once. See <c>NOTES.md</c>.</remarks>
public sealed class TickLeader : ReceivePersistentActor
{
    /// <summary>A tick that a timetable has not answered is repeated after this. What is sent to a lost node is lost, so it is a part of the time that a fail-over takes.</summary>
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>The clock may be set while the leader sleeps, and a timer does not know: it looks at the clock again after this at the latest.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);

    /// <summary>A difference between the clock and the time that has passed counts as a step from here on.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly IActorRef _timetables;
    private readonly string _node;
    private readonly JobsMetrics _metrics;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Slot[] _slots = [.. Enumerable.Range(0, TimetableNumbers.Count).Select(_ => new Slot())];
    private ITimer? _timer;
    private long _epoch;
    private DateTimeOffset _since;
    private (DateTimeOffset At, long Stamp)? _looked;

    public TickLeader(TimeProvider time, IActorRef timetables, string node, JobsMetrics metrics)
    {
        (_time, _timetables, _node, _metrics) = (time, timetables, node, metrics);
        Recover<TimetablePlanning.LeaderRose>(e => _epoch = Math.Max(_epoch, e.Epoch));
        Recover<RecoveryCompleted>(_ => Rise());
        Command<TimetablePlanning.NextDue>(OnNextDue);
        Command<Wake>(_ => Sweep());
        Command<TimetablePlanning.GetLeader>(_ => Sender.Tell(View()));
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
        _metrics.LeaderFell(_epoch);
        base.PostStop();
    }

    private void Rise()
    {
        var risen = new TimetablePlanning.LeaderRose(_epoch + 1, _node, _time.GetUtcNow());
        Persist(risen, e =>
        {
            (_epoch, _since) = (e.Epoch, e.At);
            _metrics.LeaderRose(_epoch);
            _log.Info("Tick leader of epoch {Epoch} on {Node}", _epoch, _node);
            var self = Self;
            _timer = _time.CreateTimer(_ => self.Tell(Wake.Instance), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            for (var n = 0; n < _slots.Length; n++)
            {
                _slots[n].At = e.At;
            }

            Sweep();
        });
    }

    private void OnNextDue(TimetablePlanning.NextDue report)
    {
        if (report.Epoch > _epoch)
        {
            // A timetable has seen a later leader than this one: this one is stale and must not tick any more.
            _log.Warning("Epoch {Epoch} is over, timetable {Timetable} has seen {NewerEpoch}; this leader stops", _epoch, report.Timetable, report.Epoch);
            Context.Stop(Self);
            return;
        }

        var slot = _slots[report.Timetable];
        (slot.At, slot.Last, slot.IsAsked) = (report.DueAt, report, false);
        Arm();
    }

    private void Sweep()
    {
        var now = _time.GetUtcNow();
        NoticeStep(now);
        for (var n = 0; n < _slots.Length; n++)
        {
            var slot = _slots[n];
            if (slot.At <= now)
            {
                // Until the timetable answers, its next instant is the repetition of this tick.
                (slot.At, slot.IsAsked) = (now + RepeatAfter, true);
                _timetables.Tell(new TimetablePlanning.Tick(n, _epoch, now));
            }
        }

        Arm();
    }

    private void NoticeStep(DateTimeOffset now)
    {
        var step = _looked is { } before ? now - before.At - _time.GetElapsedTime(before.Stamp) : TimeSpan.Zero;
        _looked = (now, _time.GetTimestamp());
        if (step.Duration() < Step)
        {
            return;
        }

        _log.Warning("The clock of {Node} was set {Direction} by {Step}; no slot fires twice, and what came due by it is settled as late", _node, step > TimeSpan.Zero ? "forward" : "back", step.Duration());
        foreach (var slot in _slots.Where(s => s.IsAsked))
        {
            // The repetition of an unanswered tick was meant in elapsed time.
            slot.At = now;
        }
    }

    /// <summary>Sleeps to the exact instant; timers may wake a little early, then the sweep finds nothing and arms again.</summary>
    private void Arm()
    {
        DateTimeOffset? earliest = null;
        foreach (var slot in _slots)
        {
            if (slot.At is { } at && (earliest is null || at < earliest))
            {
                earliest = at;
            }
        }

        if (earliest is not { } due)
        {
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        var wait = due - _time.GetUtcNow();
        if (wait <= TimeSpan.Zero)
        {
            Self.Tell(Wake.Instance);
            return;
        }

        var milliseconds = Math.Min(Math.Ceiling(wait.TotalMilliseconds), LongestSleep.TotalMilliseconds);
        _timer?.Change(TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
    }

    private TimetablePlanning.LeaderView View() => new(
        _epoch, _node, _since,
        _slots.Where(s => !s.IsAsked).Min(s => s.At),
        [.. _slots.Where(s => s.Last is not null).Select(s => s.Last!)]);

    private sealed class Slot
    {
        public DateTimeOffset? At { get; set; }

        public bool IsAsked { get; set; }

        public TimetablePlanning.NextDue? Last { get; set; }
    }

    private sealed class Wake : INoSerializationVerificationNeeded
    {
        public static readonly Wake Instance = new();
    }
}

using System.Security.Cryptography;
using Akka.Actor;
using Akka.Event;
using Akka.Persistence;
using Chronos.Actors.Dispatching;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;

namespace Chronos.Actors.Jobs;

/// <summary>What a timetable needs from its node.</summary>
public sealed record TimetableSettings(string Node, TimeProvider Time, JobsMetrics Metrics, Func<IActorRef> Leader, Func<Protocol, IActorRef> Dispatcher);

/// <summary>
/// The shell of a timetable. Everything that arrives while a commit is in flight is decided and applied at once and becomes one
/// batch event in the next commit; its effects and replies are kept back until that batch is durable.
/// </summary>
/// <remarks>
/// The one exception to the rule <c>Persist</c> only: <c>Persist</c> would stash what arrives meanwhile and so never batch. There
/// is exactly one <c>PersistAsync</c> in flight; a failed one stops the actor, so that nothing tentative survives.
/// </remarks>
public sealed class TimetableActor : ReceivePersistentActor, IWithTimers
{
    private const int SnapshotAfterBatches = 1_000;
    private const int SnapshotAfterItems = 20_000;

    /// <summary>How long outcomes that start nothing may wait to share a commit. After a burst the sends have the processors first.</summary>
    private static readonly TimeSpan OutcomesWait = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan LookAfterOffers = TimeSpan.FromSeconds(15);

    private readonly int _number;
    private readonly TimetableSettings _settings;
    private readonly Timetable _table;
    private readonly OfferQueue _offers;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private List<(IActorRef To, object Reply)> _replies = [];
    private long _epoch;
    private bool _epochIsNew;
    private bool _committing;
    private TimetablePlanning.NextDue? _reported;
    private int _batchesSinceSnapshot;
    private int _itemsSinceSnapshot;

    public TimetableActor(int number, TimetableSettings settings)
    {
        (_number, _settings) = (number, settings);
        _table = new Timetable(settings.Node) { Tokens = static job => CallbackToken.From(job, RandomNumberGenerator.GetBytes(CallbackToken.EntropyBytes)) };
        _offers = new OfferQueue(settings.Dispatcher, Self, settings.Time);

        Recover<SnapshotOffer>(o => Restore((TimetableSnapshot)o.Snapshot));
        Recover<TimetableBatch>(Replay);
        Recover<RecoveryCompleted>(_ => OnRecovered());

        Command<TimetablePlanning.Tick>(OnTick);
        Command<TimetableFacts.AttemptFinished>(OnFinished);
        Command<FlushOutcomes>(_ => Flush());
        Command<TimetablePlanning.SetPlan>(c => Decide(now => _table.SetPlan(c, now)));
        Command<TimetablePlanning.RemovePlan>(c => Decide(now => _table.RemovePlan(c, now)));
        Command<TimetablePlanning.RunNow>(c => Decide(now => _table.RunNow(c, now)));
        Command<CalendarPlanning.SetCalendar>(c => Decide(now => _table.SetCalendar(c, now)));
        Command<CalendarPlanning.GetCalendarUse>(c => Decide(_ => _table.GetCalendarUse(c)));
        Command<AgendaPlanning.ReadAgenda>(OnReadAgenda);
        Command<TimetableCommands.Cancel>(c => Decide(now => _table.Cancel(c, now)));
        Command<TimetableCommands.DropDeadLetter>(c => Decide(now => _table.DropDeadLetter(c, now)));
        Command<TimetableCommands.GetExecution>(c => Decide(_ => _table.GetExecution(c)));
        Command<CallbackCommands.Find>(c => Decide(_ => _table.FindCallback(c)));
        Command<CallbackCommands.Complete>(c => Decide(now => _table.CompleteCallback(c, now)));
        Command<CallbackCommands.Beat>(c => Decide(now => _table.Heartbeat(c, now)));
        Command<TimetableCommands.GetPlan>(c => Decide(_ => _table.GetPlan(c, _number)));
        Command<TimetableCommands.StartBackfill>(c => Decide(now => _table.StartBackfill(c, now)));
        Command<TimetableCommands.CancelBackfill>(c => Decide(now => _table.CancelBackfill(c, now)));
        Command<TimetableCommands.GetBackfill>(c => Decide(_ => _table.GetBackfill(c)));
        Command<DispatchProtocol.Refused>(r => _offers.Refused(r.Attempt));
        Command<DispatchProtocol.Capacity>(c => _offers.Resume(c.Line));
        Command<DispatchProtocol.Held>(_offers.Held);
        Command<OfferQueue.More>(m => _offers.GoOn(m.Line));
        Command<LookForLost>(_ => OnLookForLost());
        Command<SaveSnapshotSuccess>(s => DeleteSnapshots(new SnapshotSelectionCriteria(s.Metadata.SequenceNr - 1, s.Metadata.Timestamp.AddSeconds(-1))));
        Command<SaveSnapshotFailure>(f => _log.Warning(f.Cause, "Snapshot of timetable {Timetable} failed; it will be tried again", _number));
        Command<DeleteSnapshotsSuccess>(_ => { });
        Command<DeleteSnapshotsFailure>(f => _log.Warning(f.Cause, "Old snapshots of timetable {Timetable} could not be deleted", _number));
    }

    public override string PersistenceId => IdOf(_number);

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>The persistence id of a timetable.</summary>
    public static string IdOf(int number) => $"timetable|{number}";

    protected override void PreStart()
    {
        base.PreStart();
        Timers.StartPeriodicTimer(nameof(LookForLost), LookForLost.Instance, LookAfterOffers);
    }

    protected override void PostStop()
    {
        _settings.Metrics.Left(_number);
        base.PostStop();
    }

    private DateTimeOffset Now => _settings.Time.GetUtcNow();

    private void Restore(TimetableSnapshot snapshot)
    {
        _epoch = snapshot.Epoch;
        _table.State.Restore(snapshot);
    }

    private void Replay(TimetableBatch batch)
    {
        _epoch = Math.Max(_epoch, batch.Epoch);
        _batchesSinceSnapshot++;
        _itemsSinceSnapshot += batch.Items.Length;
        foreach (var item in batch.Items)
        {
            _table.State.Apply(item);
        }

        _table.State.NotedTzdb = batch.Tzdb ?? _table.State.NotedTzdb;
        foreach (var calendar in batch.Calendars ?? [])
        {
            _table.State.Apply(calendar);
        }
    }

    private void OnRecovered()
    {
        foreach (var (job, fault) in _table.State.Faults)
        {
            _log.Error("The stored schedule of job {JobId} cannot be read by this build, the job stands still: {Fault}", job, fault);
        }

        if (_table.NoteTzdb() is { } before)
        {
            _log.Info("Timetable {Timetable} was planned with tz database {Before}; the next slots of its {Jobs} jobs are computed anew with {Tzdb}",
                _number, before, _table.State.JobCount, _table.State.TzdbVersion);
        }

        _table.Recovered(Now);
        Flush();
    }

    /// <summary>What is read aside may be a little ahead of the journal: an agenda promises nothing.</summary>
    private void OnReadAgenda(AgendaPlanning.ReadAgenda ask)
    {
        var reader = Context.Child($"agenda-{ask.Session}");
        if (reader.IsNobody())
        {
            var sources = _table.State.Agenda(ask.Tenant);
            reader = Context.ActorOf(Props.Create(() => new AgendaReader(sources)), $"agenda-{ask.Session}");
        }

        reader.Forward(ask);
    }

    private void OnTick(TimetablePlanning.Tick tick)
    {
        if (tick.Epoch < _epoch)
        {
            _log.Warning("Timetable {Timetable} refuses a tick of epoch {Epoch}, it has seen {NewerEpoch}", _number, tick.Epoch, _epoch);
            Report(tick.Epoch);
            return;
        }

        _epochIsNew |= tick.Epoch > _epoch;
        _epoch = tick.Epoch;
        _reported = null;

        // A node whose own clock is behind follows the leader's; else it would be woken in vain, again and again.
        var now = Now;
        _table.Tick(now < tick.Now ? tick.Now : now);
        Flush();
        ReportNext();
    }

    private void OnFinished(TimetableFacts.AttemptFinished fact)
    {
        _offers.Ended(fact.Execution, fact.Attempt);
        var mayWait = _table.Outbox.IsEmpty || Timers.IsTimerActive(nameof(FlushOutcomes));
        _replies.Add((Sender, _table.Finish(fact, Now)));
        if (_committing)
        {
            return;
        }

        if (mayWait && !_table.Outbox.IsUrgent)
        {
            if (!Timers.IsTimerActive(nameof(FlushOutcomes)))
            {
                Timers.StartSingleTimer(nameof(FlushOutcomes), FlushOutcomes.Instance, OutcomesWait);
            }

            return;
        }

        Flush();
    }

    private void Decide(Func<DateTimeOffset, object> decide)
    {
        var sender = Sender;
        var reply = decide(Now);
        if (_committing || !_table.Outbox.IsEmpty)
        {
            // What the reply says may rest on what is not durable yet.
            _replies.Add((sender, reply));
        }
        else
        {
            sender.Tell(reply);
        }

        Flush();
    }

    private void Flush()
    {
        if (_committing || (_table.Outbox.IsEmpty && !_epochIsNew && _replies.Count == 0))
        {
            return;
        }

        Timers.Cancel(nameof(FlushOutcomes));
        var (items, calendars, effects, tzdb) = _table.Outbox.Take();
        var replies = _replies;
        _replies = [];
        if (items.IsEmpty && calendars.IsEmpty && !_epochIsNew)
        {
            Release(effects, replies);
            return;
        }

        (_committing, _epochIsNew) = (true, false);
        var decided = new TimetableBatch(_number, _epoch, Now, items) { Calendars = calendars.IsEmpty ? null : calendars, Tzdb = tzdb };
        PersistAsync(decided, batch =>
        {
            _committing = false;
            foreach (var item in batch.Items)
            {
                _settings.Metrics.Count(item);
                LogChange(item);
            }

            Release(effects, replies);
            SaveSnapshotWhenDue(batch.Items.Length);
            Flush();
            ReportNext();
        });
    }

    private void Release(IReadOnlyList<ITimetableEffect> effects, List<(IActorRef To, object Reply)> replies)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case TimetableEffects.Offer e:
                    _offers.Add(e.Attempt);
                    break;
                case TimetableEffects.Stop e:
                    Stop(e);
                    break;
                case TimetableEffects.Ended e:
                    _settings.Metrics.Ended(e.Status, e.Protocol, e.Duration);
                    break;
                case TimetableEffects.Sent e:
                    _settings.Metrics.Lateness(e.Lateness);
                    break;
            }
        }

        _offers.OfferAll();
        foreach (var (to, reply) in replies)
        {
            to.Tell(reply);
        }
    }

    private void Stop(TimetableEffects.Stop stop)
    {
        if (_offers.Withdraw(stop.Execution) is { } attempt)
        {
            // No dispatcher has it yet: it ends here and now.
            Self.Tell(new TimetableFacts.AttemptFinished(attempt.Job, attempt.Execution, attempt.Attempt, new AttemptOutcome(
                FailureClass.Cancelled, Now, TimeSpan.Zero, null, "cancelled before it was sent", null, null)));
            return;
        }

        _settings.Dispatcher(stop.Protocol).Tell(new DispatchProtocol.Cancel(stop.Execution));
    }

    /// <summary>A dispatcher that died with its attempts never reports; what is long overdue counts as lost.</summary>
    private void OnLookForLost()
    {
        foreach (var (attempt, since) in _offers.TakeOverdue())
        {
            _log.Warning("No dispatcher reported attempt {Attempt} of {ExecutionId} since {Since}; it counts as lost", attempt.Attempt, attempt.Execution, since);
            var fact = new TimetableFacts.AttemptFinished(attempt.Job, attempt.Execution, attempt.Attempt, new AttemptOutcome(
                FailureClass.Lost, since, Now - since, null, "the dispatcher never reported how this attempt ended", null, null));
            Decide(now => _table.Finish(fact, now));
        }
    }

    private void ReportNext()
    {
        if (_epoch == 0)
        {
            return;
        }

        var state = _table.State;
        _settings.Metrics.Holds(_number, state.JobCount, state.InFlight);
        if (_reported is null || _reported.DueAt != state.NextDueAt)
        {
            Report(_epoch);
        }
    }

    private void Report(long epoch)
    {
        var state = _table.State;
        _reported = new TimetablePlanning.NextDue(_number, Math.Max(epoch, _epoch), state.NextDueAt, _settings.Node, state.JobCount, state.InFlight, state.Waiting);
        _settings.Leader().Tell(_reported);
    }

    private void SaveSnapshotWhenDue(int items)
    {
        _batchesSinceSnapshot++;
        _itemsSinceSnapshot += items;
        if (_batchesSinceSnapshot >= SnapshotAfterBatches || _itemsSinceSnapshot >= Math.Max(SnapshotAfterItems, 4 * _table.State.JobCount))
        {
            (_batchesSinceSnapshot, _itemsSinceSnapshot) = (0, 0);

            // Items decided since this commit are in the state already, but not in the journal below this sequence number.
            if (_table.Outbox.IsEmpty)
            {
                SaveSnapshot(_table.State.Snapshot(_number, _epoch));
            }
            else
            {
                (_batchesSinceSnapshot, _itemsSinceSnapshot) = (SnapshotAfterBatches, 0);
            }
        }
    }

    private void LogChange(TimetableItem item)
    {
        switch (item)
        {
            case PlanSet i when _table.State.Faults.TryGetValue(i.Job, out var fault):
                _log.Error("The plan of job {JobId} cannot be followed, the job stands still: {Fault}", i.Job, fault);
                break;
            case SlotsSkipped { Reason: SkipReason.Misfire or SkipReason.Expired } i:
                _log.Info("{Count} slots of job {JobId} from {First} to {Last} were not run: {Reason}", i.Count, i.Job, i.First, i.Last, i.Reason);
                break;
            case ExecutionEnded { Status: ExecutionStatus.Failed or ExecutionStatus.TimedOut or ExecutionStatus.Lost } i:
                _log.Info("Execution {ExecutionId} of job {JobId} ended {Status}", i.Execution, i.Job, i.Status);
                break;
        }
    }

    private sealed class FlushOutcomes : INoSerializationVerificationNeeded
    {
        public static readonly FlushOutcomes Instance = new();
    }

    private sealed class LookForLost : INoSerializationVerificationNeeded
    {
        public static readonly LookForLost Instance = new();
    }
}

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
    /// <summary>How long outcomes that start nothing may wait to share a commit. After a burst the sends have the processors first.</summary>
    private static readonly TimeSpan OutcomesWait = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan LookAfterOffers = TimeSpan.FromSeconds(15);

    private readonly int _number;
    private readonly TimetableSettings _settings;
    private readonly DurableTimetable<IActorRef> _table;
    private readonly OfferQueue _offers;
    private readonly HeldOffers _held;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly CoordinatedShutdown _shutdown = CoordinatedShutdown.Get(Context.System);
    private bool _leaves;

    /// <summary>Up to where the newest snapshot goes that is known to be good: read, or written by this incarnation. 0 before there is one.</summary>
    private long _snapshotAt;

    public TimetableActor(int number, TimetableSettings settings)
    {
        (_number, _settings) = (number, settings);
        _table = new DurableTimetable<IActorRef>(number, settings.Node) { Tokens = static job => CallbackToken.From(job, RandomNumberGenerator.GetBytes(CallbackToken.EntropyBytes)) };
        _offers = new OfferQueue(settings.Dispatcher, Self, settings.Time);
        _held = new HeldOffers(_offers, _table.Table.MayLeave, Self, settings.Time);

        Recover<SnapshotOffer>(o =>
        {
            _table.Restore((TimetableSnapshot)o.Snapshot);
            _snapshotAt = o.Metadata.SequenceNr;
        });
        Recover<TimetableBatch>(_table.Replay);
        Recover<RecoveryCompleted>(_ => OnRecovered());

        Command<TimetablePlanning.Tick>(OnTick);
        Command<TimetableFacts.AttemptFinished>(OnFinished);
        Command<TimetableFacts.AttemptTold>(OnTold);
        Command<FlushOutcomes>(_ => Flush());
        Command<HeldOffers.Due>(_ => _held.Release());
        Command<OwnWake>(_ => OnOwnWake());
        Command<AgendaPlanning.ReadAgenda>(OnReadAgenda);
        Command<AgendaPlanning.EndAgenda>(e => Context.Child($"agenda-{e.Session}").Forward(e));
        Command<TimetableCommands.GetExecution>(OnGetExecution);
        Command<ITimetableCommand>(Decide);
        Command<INumberedTimetableCommand>(Decide);
        Command<DispatchProtocol.Refused>(r => _offers.Refused(r.Attempt));
        Command<DispatchProtocol.Capacity>(c => _offers.Resume(c.Line));
        Command<DispatchProtocol.Held>(_offers.Held);
        Command<OfferQueue.More>(m => _offers.GoOn(m.Line));
        Command<LookForLost>(_ => OnLookForLost());
        Command<HandOff>(_ => OnHandOff());
        Command<SaveSnapshotSuccess>(OnSnapshot);
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
        _held.End();
        _settings.Metrics.Left(_number);
        base.PostStop();
    }

    private DateTimeOffset Now => _settings.Time.GetUtcNow();

    private TimetableState State => _table.Table.State;

    private bool IsLeaving => _leaves || _shutdown.ShutdownReason is not null;

    /// <summary>The one before stays: should the newest become unreadable, the timetable recovers from that and the batches after it.</summary>
    private void OnSnapshot(SaveSnapshotSuccess saved)
    {
        DeleteSnapshots(new SnapshotSelectionCriteria(_snapshotAt - 1));
        _snapshotAt = saved.Metadata.SequenceNr;
    }

    private void OnRecovered()
    {
        foreach (var (job, fault) in State.Faults)
        {
            _log.Error("The stored schedule of job {JobId} cannot be read by this build, the job stands still: {Fault}", job, fault);
        }

        if (_table.Table.NoteTzdb() is { } before)
        {
            _log.Info("Timetable {Timetable} was planned with tz database {Before}; the next slots of its {Jobs} jobs are computed anew with {Tzdb}",
                _number, before, State.JobCount, State.TzdbVersion);
        }

        if (_table.IsOfLaterBuild)
        {
            _log.Warning("Timetable {Timetable} was written by a later build than this one; it goes on, but no snapshot of it is taken here", _number);
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
            var sources = State.Agenda(ask.Tenant);
            reader = Context.ActorOf(Props.Create(() => new AgendaReader(sources)).WithDispatcher(AgendaReader.Dispatcher), $"agenda-{ask.Session}");
        }

        reader.Forward(ask);
    }

    /// <summary>
    /// It is to live on another node. What is being committed is waited for: the next incarnation would read past it and one of the two be refused.
    /// Attempts that this commit starts are left to the next one.
    /// </summary>
    private void OnHandOff()
    {
        _leaves = true;
        LeaveUnlessCommitting();
    }

    private void LeaveUnlessCommitting()
    {
        if (_table.IsCommitting)
        {
            return;
        }

        if (_table.Epoch > 0)
        {
            // The leader ticks at once, and so the next incarnation begins at once and not when something is due.
            Tell(_table.Report(_table.Epoch) with { DueAt = Now });
        }

        Context.Stop(Self);
    }

    private void OnTick(TimetablePlanning.Tick tick)
    {
        if (IsLeaving)
        {
            // What would be claimed here could not be sent any more. The next incarnation is ticked as soon as this one has left.
            return;
        }

        if (!_table.Tick(tick, Now))
        {
            _log.Warning("Timetable {Timetable} refuses a tick of epoch {Epoch}, it has seen {NewerEpoch}", _number, tick.Epoch, _table.Epoch);
            Tell(_table.Report(tick.Epoch));
            return;
        }

        Flush();
        ReportNext();
    }

    private void OnOwnWake()
    {
        if (IsLeaving)
        {
            return;
        }

        _table.Wake(Now);
        Flush();
        ReportNext();
    }

    private void OnFinished(TimetableFacts.AttemptFinished fact)
    {
        _offers.Ended(fact.Execution, fact.Attempt);
        var mayWait = MayWait;
        _table.Table.IsLeaving = IsLeaving;
        _table.Finish(Sender, fact, Now);
        FlushSoon(mayWait);
    }

    private void OnTold(TimetableFacts.AttemptTold fact)
    {
        var mayWait = MayWait;
        _table.Told(fact, Now);
        if (!_table.Table.Outbox.IsEmpty)
        {
            FlushSoon(mayWait);
        }
    }

    private bool MayWait => _table.Table.Outbox.IsEmpty || Timers.IsTimerActive(nameof(FlushOutcomes));

    private void FlushSoon(bool mayWait)
    {
        if (_table.IsCommitting)
        {
            return;
        }

        if (mayWait && !_table.Table.Outbox.IsUrgent)
        {
            if (!Timers.IsTimerActive(nameof(FlushOutcomes)))
            {
                Timers.StartSingleTimer(nameof(FlushOutcomes), FlushOutcomes.Instance, OutcomesWait);
            }

            return;
        }

        Flush();
    }

    /// <summary>By the journal an attempt begins with its claim; who looks at one execution is told whether it was sent.</summary>
    private void OnGetExecution(TimetableCommands.GetExecution query)
    {
        if (State.Find(query.Job) is { } job && job.Running.TryGetValue(query.Execution, out var execution)
            && execution is { AttemptRuns: true, IsAwaited: false } && !execution.IsHeldAt(Now))
        {
            var protocol = job.Definition.Target.Protocol;
            Decide(query, Context.ActorOf(AttemptLook.Props(Sender, _settings.Dispatcher(protocol), protocol, _offers.IsOffered(query.Execution))));
            return;
        }

        Decide(query, Sender);
    }

    private void Decide(object command) => Decide(command, Sender);

    private void Decide(object command, IActorRef asker)
    {
        if (_table.Decide(asker, command, Now) is { } reply)
        {
            asker.Tell(reply);
        }

        Flush();
    }

    private void Flush()
    {
        var step = _table.Next(Now);
        if (step.Release is { } free)
        {
            Timers.Cancel(nameof(FlushOutcomes));
            Release(free);
        }

        if (step.Write is { } decided)
        {
            Timers.Cancel(nameof(FlushOutcomes));
            PersistAsync(decided, OnCommitted);
        }
    }

    private void OnCommitted(TimetableBatch batch)
    {
        var release = _table.Committed(batch);
        foreach (var item in batch.Items)
        {
            _settings.Metrics.Count(item);
            LogChange(item);
        }

        if (_leaves)
        {
            Answer(release.Replies);
            Flush();
            LeaveUnlessCommitting();
            return;
        }

        Release(release);
        if (_table.TakeSnapshot() is { } snapshot)
        {
            SaveSnapshot(snapshot);
        }

        Flush();
        ReportNext();
    }

    private void Release(TimetableRelease<IActorRef> release)
    {
        foreach (var effect in release.Effects)
        {
            switch (effect)
            {
                case TimetableEffects.Offer e:
                    _held.Add(e.Attempt);
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

        _held.Release();
        Answer(release.Replies);
    }

    private static void Answer(IReadOnlyList<(IActorRef To, object Reply)> replies)
    {
        foreach (var (to, reply) in replies)
        {
            to.Tell(reply);
        }
    }

    private void Stop(TimetableEffects.Stop stop)
    {
        if (_held.Withdraw(stop.Execution) is { } attempt)
        {
            // No dispatcher has it yet: it ends here and now, and was not early either.
            Self.Tell(new TimetableFacts.AttemptFinished(attempt.Job, attempt.Execution, attempt.Attempt, new AttemptOutcome(
                FailureClass.Cancelled, attempt.NotBefore > Now ? attempt.NotBefore.Value : Now, TimeSpan.Zero, null, "cancelled before it was sent", null, null)));
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
            Decide(fact);
        }
    }

    private void ReportNext()
    {
        if (_table.Epoch == 0)
        {
            return;
        }

        _settings.Metrics.Holds(_number, State.JobCount, State.InFlight, State.NextDueAt);
        if (_table.ReportChange() is { } report)
        {
            Tell(report);
        }

        if (_table.OwnWake(Now) is { } wait)
        {
            Timers.StartSingleTimer(nameof(OwnWake), OwnWake.Instance, wait);
        }
    }

    private void Tell(TimetablePlanning.NextDue report) => _settings.Leader().Tell(report);

    private void LogChange(TimetableItem item)
    {
        switch (item)
        {
            case PlanSet i when State.Faults.TryGetValue(i.Job, out var fault):
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

    /// <summary>Told by sharding when the timetable is to live elsewhere.</summary>
    internal sealed class HandOff : INoSerializationVerificationNeeded
    {
        public static readonly HandOff Instance = new();
    }

    private sealed class FlushOutcomes : INoSerializationVerificationNeeded
    {
        public static readonly FlushOutcomes Instance = new();
    }

    private sealed class OwnWake : INoSerializationVerificationNeeded
    {
        public static readonly OwnWake Instance = new();
    }

    private sealed class LookForLost : INoSerializationVerificationNeeded
    {
        public static readonly LookForLost Instance = new();
    }
}

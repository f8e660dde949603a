using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Event;
using Akka.Persistence;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Jobs;

/// <summary>
/// The shell of a job: recovers, decides, persists, folds, hands the plan to the job's timetable, and answers when both are durable.
/// </summary>
/// <remarks>Not on the firing path; it passivates soon. A plan is repeated until the timetable has noted its version; should the node die in between, the plan reactor wakes the job again.</remarks>
public sealed class JobActor : ReceivePersistentActor, IWithTimers
{
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(1);

    /// <summary>As long as a caller waits.</summary>
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(4);

    private readonly TimeProvider _time;
    private readonly IIdSource _ids;
    private readonly IActorRef _timetables;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly PlanHandover<IActorRef> _handover = new();
    private JobState _state = JobState.Empty;
    private bool _stops;

    public JobActor(string persistenceId, TimeProvider time, IIdSource ids, IActorRef timetables)
    {
        PersistenceId = persistenceId;
        (_time, _ids, _timetables) = (time, ids, timetables);

        Recover<IJobEvent>(e => _state = _state.Apply(e));
        Command<IJobChange>(OnChange);
        Command<JobCommands.Trigger>(OnTrigger);
        Command<JobCommands.Get>(OnGet);
        Command<JobCommands.GetRevisions>(q => Sender.Tell(
            _state.Definition is null ? Gone(q.Job) : new JobReplies.Revisions(q.Tenant, q.Job, _state.Revisions)));
        Command<JobCommands.RepeatPlan>(_ => HandOver());
        Command<TimetablePlanning.PlanNoted>(OnNoted);
        Command<Repeat>(_ => HandOver());
        Command<ReceiveTimeout>(_ => OnIdle());
        Command<Stop>(_ => OnStop());
        Command<GiveUp>(_ => Context.Stop(Self));
        SetReceiveTimeout(IdleAfter);
    }

    public override string PersistenceId { get; }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Job streams are short: a snapshot would cost every start a query and save nothing.</summary>
    public override Recovery Recovery => new(SnapshotSelectionCriteria.None);

    /// <summary>The persistence id of a job.</summary>
    public static string IdOf(TenantId tenant, JobId job) => $"job|{tenant}|{job}";

    private void OnChange(IJobChange change)
    {
        var decision = JobDecider.Decide(_state, change, _time.GetUtcNow());
        if (decision.Event is not { } happened)
        {
            Answer(Sender, decision, change is JobCommands.Resume);
            return;
        }

        var sender = Sender;
        Persist(happened, e =>
        {
            _state = _state.Apply(e);
            _log.Info("{JobEvent} {Tenant} {JobId} {JobName} version {Version} by {Principal}",
                e.GetType().Name, e.Tenant, e.Job, _state.Definition?.Name ?? _state.Revisions[^1].Definition.Name, e.Version, e.By);
            Answer(sender, decision, change is JobCommands.Resume);
        });
    }

    private void OnGet(JobCommands.Get q)
    {
        if (JobDecider.Recall(_state, q.Request) is { } recalled)
        {
            Answer(Sender, recalled, false);
            return;
        }

        Sender.Tell(_state.Definition is null ? Gone(q.Job) : new JobReplies.Accepted(Now(), false, null, null));
    }

    private void OnTrigger(JobCommands.Trigger c)
    {
        if (_state.Definition is null)
        {
            Sender.Tell(Gone(c.Job));
            return;
        }

        _timetables.Tell(
            new TimetablePlanning.RunNow(c.Job, ExecutionId.ForRun(c.Job, _ids.NewUlid()), c.Payload, c.Force, c.Kind, c.Source, c.By, c.Request) { Version = _state.Version }, Sender);
    }

    /// <summary>Now, or when the timetable has noted what it answers.</summary>
    private void Answer(IActorRef to, JobDecision decision, bool resumes)
    {
        if (decision.Rejection is { } rejection)
        {
            to.Tell(new JobReplies.Refused(rejection));
            return;
        }

        var now = _time.GetUtcNow();
        if ((decision.Repeated is { } before ? _handover.Repeat(to, before, resumes, now) : _handover.Answer(to, _state, resumes, now)) is { } reply)
        {
            to.Tell(reply);
            return;
        }

        HandOver();
    }

    private void HandOver()
    {
        foreach (var plan in _handover.PlansOf(_state))
        {
            _timetables.Tell(plan);
            Timers.StartSingleTimer(nameof(Repeat), Repeat.Instance, RepeatAfter);
        }
    }

    private void OnNoted(TimetablePlanning.PlanNoted note)
    {
        foreach (var (to, reply) in _handover.Note(note, _time.GetUtcNow()))
        {
            to.Tell(reply);
        }

        if (_handover.IsDone(_state))
        {
            Timers.Cancel(nameof(Repeat));
        }

        if (_stops && !_handover.IsAwaited)
        {
            Context.Stop(Self);
        }
    }

    /// <summary>Who waits for an answer gets it first: what they asked for is durable, and the next incarnation does not know them.</summary>
    private void OnStop()
    {
        _stops = true;
        if (!_handover.IsAwaited)
        {
            Context.Stop(Self);
        }
        else if (!Timers.IsTimerActive(nameof(GiveUp)))
        {
            Timers.StartSingleTimer(nameof(GiveUp), GiveUp.Instance, GiveUpAfter);
        }
    }

    private void OnIdle()
    {
        if (!_handover.IsAwaited && !Timers.IsTimerActive(nameof(Repeat)))
        {
            Context.Parent.Tell(new Passivate(Stop.Instance));
        }
    }

    private JobSnapshot Now() => _state.Snapshot(_time.GetUtcNow());

    private static JobReplies.Refused Gone(JobId job) => new(JobDecider.NoSuchJob(job));

    private sealed class Repeat : INotInfluenceReceiveTimeout, INoSerializationVerificationNeeded
    {
        public static readonly Repeat Instance = new();
    }

    /// <summary>Told by sharding when the job is to live elsewhere, and by itself when it is idle.</summary>
    internal sealed class Stop : INoSerializationVerificationNeeded
    {
        public static readonly Stop Instance = new();
    }

    private sealed class GiveUp : INotInfluenceReceiveTimeout, INoSerializationVerificationNeeded
    {
        public static readonly GiveUp Instance = new();
    }
}

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
    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly IIdSource _ids;
    private readonly IActorRef _timetables;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly List<Waiter> _waiting = [];
    private JobState _state = JobState.Empty;
    private long _notedVersion = -1;

    public JobActor(string persistenceId, TimeProvider time, IIdSource ids, IActorRef timetables)
    {
        PersistenceId = persistenceId;
        (_time, _ids, _timetables) = (time, ids, timetables);

        Recover<IJobEvent>(e => _state = _state.Apply(e));
        Command<IJobChange>(OnChange);
        Command<JobCommands.Trigger>(OnTrigger);
        Command<JobCommands.Get>(q => Sender.Tell(_state.Definition is null ? Gone(q.Job) : new JobReplies.Accepted(Now(), false, null, null)));
        Command<JobCommands.GetRevisions>(q => Sender.Tell(
            _state.Definition is null ? Gone(q.Job) : new JobReplies.Revisions(q.Tenant, q.Job, _state.Revisions)));
        Command<JobCommands.RepeatPlan>(_ => HandOver());
        Command<TimetablePlanning.PlanNoted>(OnNoted);
        Command<Repeat>(_ => HandOver());
        Command<ReceiveTimeout>(_ => OnIdle());
        Command<Stop>(_ => Context.Stop(Self));
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
        if (decision.Rejection is { } rejection)
        {
            Sender.Tell(new JobReplies.Refused(rejection));
            return;
        }

        if (decision.Event is not { } happened)
        {
            AnswerWhenNoted(new Waiter(_state.Version, Sender, decision.Replayed, change is JobCommands.Resume));
            return;
        }

        var sender = Sender;
        Persist(happened, e =>
        {
            _state = _state.Apply(e);
            _log.Info("{JobEvent} {Tenant} {JobId} {JobName} version {Version} by {Principal}",
                e.GetType().Name, e.Tenant, e.Job, _state.Definition?.Name ?? _state.Revisions[^1].Definition.Name, e.Version, e.By);
            AnswerWhenNoted(new Waiter(_state.Version, sender, false, e is JobEvents.Resumed));
        });
    }

    private void OnTrigger(JobCommands.Trigger c)
    {
        if (_state.Definition is null)
        {
            Sender.Tell(Gone(c.Job));
            return;
        }

        _timetables.Tell(
            new TimetablePlanning.RunNow(c.Job, ExecutionId.ForRun(c.Job, _ids.NewUlid()), c.Payload, c.Force, c.Kind, c.Source, c.By, c.Request), Sender);
    }

    private void AnswerWhenNoted(Waiter waiter)
    {
        if (_notedVersion >= waiter.Version)
        {
            waiter.To.Tell(new JobReplies.Accepted(Now(), waiter.Replayed, waiter.Resumes ? 0 : null, waiter.Resumes ? 0 : null));
            return;
        }

        _waiting.Add(waiter);
        HandOver();
    }

    private void HandOver()
    {
        if (_state.Version == 0)
        {
            return;
        }

        _timetables.Tell(_state.Definition is { } definition
            ? new TimetablePlanning.SetPlan(
                _state.Tenant, _state.Id, _state.Version, _state.Revision,
                !definition.Enabled ? PlanState.Disabled : _state.PausedAt is null ? PlanState.Active : PlanState.Paused,
                _state.PausedUntil, _state.UpdatedAt, definition, _state.CatchUp)
            : new TimetablePlanning.RemovePlan(_state.Id, _state.Version));
        Timers.StartSingleTimer(nameof(Repeat), Repeat.Instance, RepeatAfter);
    }

    private void OnNoted(TimetablePlanning.PlanNoted note)
    {
        _notedVersion = Math.Max(_notedVersion, note.Version);
        if (_notedVersion >= _state.Version)
        {
            Timers.Cancel(nameof(Repeat));
        }

        foreach (var waiter in _waiting.Where(w => w.Version <= _notedVersion))
        {
            waiter.To.Tell(new JobReplies.Accepted(
                Now(), waiter.Replayed, waiter.Resumes ? note.Missed ?? 0 : null, waiter.Resumes ? note.CaughtUp ?? 0 : null));
        }

        _waiting.RemoveAll(w => w.Version <= _notedVersion);
    }

    private void OnIdle()
    {
        if (_waiting.Count == 0 && !Timers.IsTimerActive(nameof(Repeat)))
        {
            Context.Parent.Tell(new Passivate(Stop.Instance));
        }
    }

    private JobSnapshot Now() => _state.Snapshot(_time.GetUtcNow());

    private static JobReplies.Refused Gone(JobId job) => new(JobDecider.NoSuchJob(job));

    private sealed record Waiter(long Version, IActorRef To, bool Replayed, bool Resumes);

    private sealed class Repeat : INotInfluenceReceiveTimeout, INoSerializationVerificationNeeded
    {
        public static readonly Repeat Instance = new();
    }

    private sealed class Stop : INoSerializationVerificationNeeded
    {
        public static readonly Stop Instance = new();
    }
}

using Akka.Actor;
using Akka.Event;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Dispatching;

/// <summary>
/// The door of one protocol's pool: lets attempts leave as its admission book says, keeps some that wait for a place or a limit, refuses
/// beyond that, and tells who was refused when there is room. Behind it, workers; an execution always meets the same one.
/// </summary>
internal sealed class DispatchRouter : UntypedActor, IWithTimers
{
    /// <summary>How often what waits is looked at as a whole: tokens come, shares change.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    private readonly AdmissionDesk _desk;
    private readonly DispatchOptions _options;
    private readonly DispatchReports _reports;
    private readonly Dictionary<FlowLine, HashSet<IActorRef>> _refused = [];
    private readonly List<AttemptRequest> _leaving = [];
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly IActorRef[] _workers;
    private IActorRef? _drainer;
    private int _drained;

    public DispatchRouter(IDispatcher dispatcher, AdmissionDesk desk, DispatchOptions options, DispatchReports reports)
    {
        (_desk, _options, _reports) = (desk, options, reports);
        var self = Self;
        var worker = Props.Create(() => new DispatchWorker(dispatcher, options, reports, self));
        _workers = [.. Enumerable.Range(1, options.Workers).Select(n => Context.ActorOf(worker, $"worker-{n}"))];
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case DispatchProtocol.Offer offer: Take(offer.Attempt); break;
            case DispatchProtocol.Cancel cancel: Cancel(cancel); break;
            case DispatchProtocol.Ask ask: Answer(ask); break;
            case DispatchProtocol.Look look: Sender.Tell(new DispatchProtocol.Looked(_desk.Find(look.Execution, look.Attempt) is { RunsFor: null })); break;
            case WorkerMessages.Ended ended: Release(ended); break;
            case LookAtAll: OnLookAtAll(); break;
            case WorkerMessages.Drain: BeginDrain(); break;
            case WorkerMessages.Drained: EndDrain(); break;
            default: Unhandled(message); break;
        }
    }

    /// <summary>Also runs before a restart: nobody waits for what waits here any more, so its timetable is told.</summary>
    protected override void PostStop()
    {
        foreach (var attempt in _desk.AllWaiting())
        {
            _desk.Withdraw(attempt.Execution);
            _reports.Tell(new Core.Jobs.TimetableFacts.AttemptFinished(attempt.Job, attempt.Execution, attempt.Attempt, _reports.LostWaiting(attempt)), ActorRefs.NoSender);
        }

        foreach (var line in _refused.Keys.ToList())
        {
            Announce(line);
        }
    }

    private void Take(AttemptRequest attempt)
    {
        if (_drainer is not null)
        {
            Refuse(attempt);
            return;
        }

        var admission = _desk.Offer(attempt, out var givenUp);
        if (givenUp is not null)
        {
            WorkerOf(givenUp.Execution).Tell(new WorkerMessages.Decline(givenUp));
        }

        switch (admission)
        {
            case Admission.Go:
                WorkerOf(attempt.Execution).Tell(new WorkerMessages.Run(attempt));
                break;
            case Admission.Wait:
                LetLeave();
                break;
            case Admission.Refuse:
                Refuse(attempt);
                break;
        }
    }

    private void Refuse(AttemptRequest attempt)
    {
        var line = FlowLine.Of(attempt);
        if (!_refused.TryGetValue(line, out var waiting))
        {
            _refused.Add(line, waiting = []);
        }

        waiting.Add(Sender);
        Sender.Tell(new DispatchProtocol.Refused(attempt));
        LookAgain();
    }

    private void Cancel(DispatchProtocol.Cancel cancel)
    {
        if (_desk.Withdraw(cancel.Execution) is { } waiting)
        {
            WorkerOf(waiting.Execution).Tell(new WorkerMessages.Decline(waiting));
        }

        WorkerOf(cancel.Execution).Tell(new WorkerMessages.Stop(cancel.Execution));
    }

    private void Answer(DispatchProtocol.Ask ask)
    {
        if (_desk.Find(ask.Execution, ask.Attempt) is { } held)
        {
            Sender.Tell(held);
        }
    }

    private void Release(WorkerMessages.Ended ended)
    {
        _desk.Ended(ended);
        if (_drainer is null)
        {
            LetLeave();
        }
    }

    private void LetLeave()
    {
        _desk.Next(_leaving);
        RunLeaving();
    }

    private void OnLookAtAll()
    {
        if (_drainer is not null)
        {
            return;
        }

        _desk.NextOfAll(_leaving);
        RunLeaving();
        foreach (var line in _refused.Keys.Where(_desk.HasRoomAgain).ToList())
        {
            Announce(line);
        }
    }

    private void RunLeaving()
    {
        foreach (var attempt in _leaving)
        {
            WorkerOf(attempt.Execution).Tell(new WorkerMessages.Run(attempt));
            var line = FlowLine.Of(attempt);
            if (_refused.Count > 0 && _refused.ContainsKey(line) && _desk.HasRoomAgain(line))
            {
                Announce(line);
            }
        }

        _leaving.Clear();
        LookAgain();
    }

    private void LookAgain()
    {
        if ((_refused.Count > 0 || _desk.Waiting > 0) && !Timers.IsTimerActive(nameof(LookAtAll)))
        {
            Timers.StartSingleTimer(nameof(LookAtAll), LookAtAll.Instance, Step);
        }
    }

    private void Announce(FlowLine line)
    {
        if (_refused.Remove(line, out var waiting))
        {
            foreach (var timetable in waiting)
            {
                timetable.Tell(new DispatchProtocol.Capacity(line));
            }
        }
    }

    private void BeginDrain()
    {
        if (_drainer is not null)
        {
            return;
        }

        _drainer = Sender;
        _log.Info("Dispatch over {Protocol} stops: {Running} attempts have {Grace} to end", _desk.Protocol, _desk.Running, _options.StopGrace);
        Array.ForEach(_workers, worker => worker.Tell(WorkerMessages.Drain.Instance));
    }

    private IActorRef WorkerOf(ExecutionId execution) => _workers[(uint)execution.GetHashCode() % (uint)_workers.Length];

    private void EndDrain()
    {
        if (++_drained == _options.Workers)
        {
            _drainer.Tell(WorkerMessages.Drained.Instance);
        }
    }

    private sealed class LookAtAll : INoSerializationVerificationNeeded
    {
        public static readonly LookAtAll Instance = new();
    }
}

using Akka.Actor;
using Akka.Event;
using Akka.Routing;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Dispatching;

/// <summary>
/// The door of one protocol's pool: takes attempts up to the capacity, refuses beyond it, and tells who was refused when there is
/// room. Behind it, a pool in which an execution always meets the same worker.
/// </summary>
internal sealed class DispatchRouter : UntypedActor, IWithTimers
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly IDispatcher _dispatcher;
    private readonly DispatchOptions _options;
    private readonly HashSet<IActorRef> _refused = [];
    private readonly HashSet<(ExecutionId, int)> _taken = [];
    private readonly Dictionary<ExecutionId, int> _executions = [];
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly IActorRef _workers;
    private IActorRef? _drainer;
    private int _drained;

    public DispatchRouter(IDispatcher dispatcher, DispatchOptions options, DispatchReports reports)
    {
        (_dispatcher, _options) = (dispatcher, options);
        var self = Self;
        _workers = Context.ActorOf(
            Props.Create(() => new DispatchWorker(dispatcher, options, reports, self)).WithRouter(new ConsistentHashingPool(options.Workers)), "workers");
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case DispatchProtocol.Offer offer: Take(offer.Attempt); break;
            case DispatchProtocol.Cancel cancel: _workers.Tell(new WorkerMessages.Stop(cancel.Execution)); break;
            case WorkerMessages.Ended ended: Release(ended); break;
            case AnnounceRoom: Announce(); break;
            case WorkerMessages.Drain: BeginDrain(); break;
            case WorkerMessages.Drained: EndDrain(); break;
            default: Unhandled(message); break;
        }
    }

    private void Take(AttemptRequest attempt)
    {
        // An earlier attempt of the same execution gives way to this one, so this one needs no place of its own.
        var full = _taken.Count >= _options.Capacity && !_executions.ContainsKey(attempt.Execution);
        if (full || _drainer is not null)
        {
            _refused.Add(Sender);
            Sender.Tell(new DispatchProtocol.Refused(attempt));
            return;
        }

        // The same attempt offered twice is one attempt.
        if (_taken.Add((attempt.Execution, attempt.Attempt)))
        {
            _executions[attempt.Execution] = _executions.GetValueOrDefault(attempt.Execution) + 1;
            _workers.Tell(new WorkerMessages.Run(attempt));
        }
    }

    private void Release(WorkerMessages.Ended ended)
    {
        if (_taken.Remove((ended.Execution, ended.Attempt)) && --_executions[ended.Execution] == 0)
        {
            _executions.Remove(ended.Execution);
        }

        if (_refused.Count == 0 || _drainer is not null)
        {
            return;
        }

        // Each free place would wake everybody who waits; so places are given out a few at a time.
        if (_options.Capacity - _taken.Count >= Math.Max(1, _options.Capacity / 8))
        {
            Announce();
        }
        else if (!Timers.IsTimerActive(nameof(AnnounceRoom)))
        {
            Timers.StartSingleTimer(nameof(AnnounceRoom), AnnounceRoom.Instance, Pause);
        }
    }

    private void Announce()
    {
        if (_taken.Count >= _options.Capacity || _drainer is not null)
        {
            return;
        }

        foreach (var waiting in _refused)
        {
            waiting.Tell(new DispatchProtocol.Capacity(_dispatcher.Protocol));
        }

        _refused.Clear();
    }

    private void BeginDrain()
    {
        if (_drainer is not null)
        {
            return;
        }

        _drainer = Sender;
        _log.Info("Dispatch over {Protocol} stops: {Running} attempts have {Grace} to end", _dispatcher.Protocol, _taken.Count, _options.StopGrace);
        _workers.Tell(new Broadcast(WorkerMessages.Drain.Instance));
    }

    private void EndDrain()
    {
        if (++_drained == _options.Workers)
        {
            _drainer.Tell(WorkerMessages.Drained.Instance);
        }
    }

    private sealed class AnnounceRoom : INoSerializationVerificationNeeded
    {
        public static readonly AnnounceRoom Instance = new();
    }
}

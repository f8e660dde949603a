using Akka.Actor;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;

namespace Chronos.Actors.Dispatching;

/// <summary>The key of the gateway in the actor registry.</summary>
public sealed class DispatchKey;

/// <summary>
/// <c>/user/dispatch</c>: one pool per protocol below it (<c>/user/dispatch/http</c>). Timetables may speak to it and need not know
/// which pools there are.
/// </summary>
internal sealed class DispatchGateway : UntypedActor
{
    private readonly Dictionary<Protocol, IActorRef> _pools;
    private readonly DispatchReports _reports;
    private IActorRef? _drainer;
    private int _left;

    public DispatchGateway(IEnumerable<IDispatcher> dispatchers, DispatchOptions options, DispatchReports reports)
    {
        _reports = reports;
        _pools = dispatchers.ToDictionary(
            dispatcher => dispatcher.Protocol,
            dispatcher => Context.ActorOf(
                Props.Create(() => new DispatchRouter(dispatcher, options, reports)), dispatcher.Protocol.ToString().ToLowerInvariant()));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case DispatchProtocol.Offer offer when _pools.TryGetValue(offer.Attempt.Target.Protocol, out var pool):
                pool.Forward(offer);
                break;
            case DispatchProtocol.Offer { Attempt: var attempt }:
                // Nothing is kept for it: when this is not noted, the timetable offers the execution again.
                _reports.Tell(
                    new TimetableFacts.AttemptFinished(attempt.Job, attempt.Execution, attempt.Attempt, _reports.NoDispatcher(attempt.Target.Protocol)),
                    Self);
                break;
            case DispatchProtocol.Cancel:
                TellAll(message, Sender);
                break;
            case WorkerMessages.Drain when _pools.Count == 0:
                Sender.Tell(WorkerMessages.Drained.Instance);
                break;
            case WorkerMessages.Drain when _drainer is null:
                (_drainer, _left) = (Sender, _pools.Count);
                TellAll(message, Self);
                break;
            case WorkerMessages.Drained when --_left == 0:
                _drainer.Tell(message);
                break;
            case WorkerMessages.Drained or TimetableFacts.AttemptNoted:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void TellAll(object message, IActorRef sender)
    {
        foreach (var pool in _pools.Values)
        {
            pool.Tell(message, sender);
        }
    }
}

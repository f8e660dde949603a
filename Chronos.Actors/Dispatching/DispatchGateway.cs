using Akka.Actor;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Jobs;

namespace Chronos.Actors.Dispatching;

/// <summary>The key of the gateway in the actor registry.</summary>
public sealed class DispatchKey;

/// <summary>
/// <c>/user/dispatch</c>: one pool per protocol below it (<c>/user/dispatch/http</c>). Timetables may speak to it and need not know
/// which pools there are. It also says how the targets of this node stand.
/// </summary>
internal sealed class DispatchGateway : UntypedActor, IWithTimers
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Protocol, IActorRef> _pools;
    private readonly List<AdmissionDesk> _desks;
    private readonly LimitTurns _turns;
    private readonly DispatchReports _reports;
    private readonly ICircuitBoard _circuits;
    private IActorRef? _drainer;
    private int _left;

    public DispatchGateway(IReadOnlyCollection<IDispatcher> dispatchers, DispatchOptions options, DispatchReports reports, ICircuitBoard circuits, TimeProvider time)
    {
        (_reports, _circuits) = (reports, circuits);
        var room = new AdmissionRoom(time);
        _desks = [.. dispatchers.Select(dispatcher => new AdmissionDesk(dispatcher.Protocol, options, room))];
        _turns = new LimitTurns(Context.System, _desks, time);
        _pools = dispatchers.ToDictionary(dispatcher => dispatcher.Protocol, dispatcher =>
        {
            var desk = _desks.Single(d => d.Protocol == dispatcher.Protocol);
            return Context.ActorOf(Props.Create(() => new DispatchRouter(dispatcher, desk, options, reports)), dispatcher.Protocol.ToString().ToLowerInvariant());
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(SweepNow), SweepNow.Instance, SweepInterval);

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
            case DispatchProtocol.Ask ask when _pools.TryGetValue(ask.Protocol, out var asked):
                asked.Forward(ask);
                break;
            case DispatchProtocol.Look look when _pools.TryGetValue(look.Protocol, out var looked):
                looked.Forward(look);
                break;
            case DispatchProtocol.Look:
                Sender.Tell(new DispatchProtocol.Looked(false));
                break;
            case TargetQueries.GetTargets query:
                Sender.Tell(Standings(query));
                break;
            case TargetQueries.ResetTarget reset:
                Reset(reset);
                break;
            case SweepNow:
                _turns.Step(Self);
                break;
            case TurnReports.TurnReport report:
                _turns.Hear(Sender.Path.Address, report);
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
            case WorkerMessages.Drained or TimetableFacts.AttemptNoted or DispatchProtocol.Ask:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <remarks>A method of its own: what a lambda captures is made at the beginning of a method, for every message that comes.</remarks>
    private void Reset(TargetQueries.ResetTarget reset) => _circuits.ResetAsync(reset.Target, CancellationToken.None).PipeTo(
        Sender, Self, had => new TargetQueries.TargetReset(had || Knows(reset.Target)));

    private TargetQueries.Targets Standings(TargetQueries.GetTargets query)
    {
        var circuits = _circuits.States();
        bool Asked(string name) => query.Target is { } one ? name == one : query.After is not { } after || string.CompareOrdinal(name, after) > 0;
        var known = _desks.SelectMany(d => d.Standings(Asked, name => Word(circuits.GetValueOrDefault(name)))).ToList();
        var names = known.Select(t => t.Target).ToHashSet(StringComparer.Ordinal);

        // A circuit may be of an address that only a template made.
        var others = circuits.Where(c => Asked(c.Key) && !names.Contains(c.Key))
            .Select(c => new TargetStanding(c.Key, null, Word(c.Value), 0, 0, 0, null, 0, 0, null, null, null));
        var all = known.Concat(others).OrderBy(t => t.Target, StringComparer.Ordinal).ToList();
        var most = Math.Clamp(query.Limit, 1, TargetQueries.MaxItems);

        // Two protocols may speak to one address: a name is never torn apart.
        while (most < all.Count && all[most].Target == all[most - 1].Target)
        {
            most++;
        }

        return new TargetQueries.Targets([.. all.Take(most)], all.Count > most);
    }

    private bool Knows(string target) => _desks.Exists(d => d.Standings(name => name == target, static _ => "").Count > 0);

    private static string Word(CircuitStatus status) => status switch
    {
        CircuitStatus.Open => "open",
        CircuitStatus.HalfOpen => "half_open",
        _ => "closed",
    };

    private void TellAll(object message, IActorRef sender)
    {
        foreach (var pool in _pools.Values)
        {
            pool.Tell(message, sender);
        }
    }

    private sealed class SweepNow : INoSerializationVerificationNeeded
    {
        public static readonly SweepNow Instance = new();
    }
}

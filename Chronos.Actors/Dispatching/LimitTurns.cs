using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Chronos.Actors.Kernel;
using Chronos.Core.Dispatching.Limits;

namespace Chronos.Actors.Dispatching;

/// <summary>
/// Shares the limits of targets and tags out among the nodes that send. What is too small to be divided goes round: one node has it for a
/// turn, as soon as all others have said, in this turn and of the same nodes, what they still have on its way. Nobody trusts a clock of
/// another: who is behind has not spoken yet, and who is ahead waits for the others.
/// </summary>
internal sealed class LimitTurns(ActorSystem system, IReadOnlyList<AdmissionDesk> desks, TimeProvider time)
{
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(4);

    private readonly Dictionary<Address, TurnReports.TurnReport> _heard = [];
    private NodePart _part = NodePart.Alone;
    private long _view;
    private ImmutableArray<Address> _others = [];

    /// <summary>Takes the part of this turn and tells the others what is on its way here. To be called now and then.</summary>
    public void Step(IActorRef self)
    {
        Look();
        Apply();
        if (_others.IsEmpty)
        {
            return;
        }

        // Counted after the turn was taken: from here on it can only become less, unless the turn is ours.
        var counts = desks.SelectMany(desk => desk.GoingRound).Distinct().GroupBy(gate => gate.Name, StringComparer.Ordinal)
            .Select(gate => new TurnReports.GateCount(gate.Key, gate.Sum(one => one.InFlight))).ToList();
        var report = new TurnReports.TurnReport(_view, _part.Turn, [.. counts.Take(TurnReports.MaxItems)], counts.Count <= TurnReports.MaxItems);
        foreach (var node in _others)
        {
            system.ActorSelection(new RootActorPath(node) / "user" / "dispatch").Tell(report, self);
        }
    }

    /// <summary>Another node has told what is on its way there.</summary>
    public void Hear(Address from, TurnReports.TurnReport report)
    {
        _heard[from] = report;
        Apply();
    }

    private void Look()
    {
        var turn = time.GetUtcNow().UtcTicks / Length.Ticks;
        if (((ExtendedActorSystem)system).Provider is not ClusterActorRefProvider)
        {
            _part = NodePart.Alone with { Turn = turn };
            return;
        }

        var cluster = Cluster.Get(system);
        var all = cluster.State.Members.Where(m => m.HasRole(NodeRoles.Scheduler) && m.Status is MemberStatus.Up or MemberStatus.Leaving or MemberStatus.Exiting)
            .OrderBy(m => m.UniqueAddress.ToString(), StringComparer.Ordinal).ToList();
        var able = all.Where(m => m.Status == MemberStatus.Up).ToList();
        var rank = able.FindIndex(m => m.UniqueAddress.Equals(cluster.SelfUniqueAddress));

        // Who leaves begins nothing more and has no part, but is heard to the end.
        _part = new NodePart(Math.Max(1, able.Count), Math.Max(0, rank), turn);
        _view = unchecked((long)NodePart.Hash(string.Join(' ', all.Select(m => $"{m.UniqueAddress} {m.Status == MemberStatus.Up}"))));
        _others = [.. all.Where(m => !m.UniqueAddress.Equals(cluster.SelfUniqueAddress)).Select(m => m.Address)];
        foreach (var gone in _heard.Keys.Except(_others).ToList())
        {
            _heard.Remove(gone);
        }
    }

    private void Apply()
    {
        var said = _others.Select(node => _heard.GetValueOrDefault(node)).ToList();
        var complete = said.TrueForAll(report => report is { Whole: true } && report.View == _view && report.Turn == _part.Turn);
        var elsewhere = complete
            ? said.SelectMany(report => report!.Items).GroupBy(item => item.Gate, StringComparer.Ordinal).ToDictionary(gate => gate.Key, gate => gate.Sum(item => item.InFlight), StringComparer.Ordinal)
            : null;
        foreach (var desk in desks)
        {
            desk.Sweep(_part, name => elsewhere is null ? null : elsewhere.GetValueOrDefault(name));
        }
    }
}

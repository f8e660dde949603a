using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Wire;

namespace Chronos.Host.Targets;

/// <summary>Asks the dispatch of every node how its targets stand.</summary>
internal sealed class TargetBoard(ActorSystem system)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Targets after a name, whether there are more after the last of these, and the nodes that did not answer.</summary>
    public async Task<(IReadOnlyList<TargetView> Items, bool More, ImmutableArray<string> Missing)> After(string? after, CancellationToken cancellation)
    {
        var answers = await Ask<TargetQueries.Targets>(new TargetQueries.GetTargets(null, after, TargetQueries.MaxItems), cancellation);
        var heard = answers.Where(a => a.Reply is not null).ToList();

        // Where one node has more than it told, what others told beyond that point is not complete yet.
        var end = heard.Where(a => a.Reply!.More).Select(a => a.Reply!.Items[^1].Target).Min(StringComparer.Ordinal);
        var items = heard.SelectMany(a => a.Reply!.Items.Select(s => (a.Node, Standing: s)))
            .Where(s => end is null || string.CompareOrdinal(s.Standing.Target, end) <= 0)
            .GroupBy(s => s.Standing.Target, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => TargetView.Of(g.Key, [.. g])).ToList();
        return (items, end is not null, [.. answers.Where(a => a.Reply is null).Select(a => a.Node)]);
    }

    public async Task<TargetView?> Find(string target, CancellationToken cancellation)
    {
        var answers = await Ask<TargetQueries.Targets>(new TargetQueries.GetTargets(target, null, TargetQueries.MaxItems), cancellation);
        var standings = answers.SelectMany(a => a.Reply?.Items.Select(s => (a.Node, s)) ?? []).ToList();
        return standings.Count == 0 ? null : TargetView.Of(target, standings);
    }

    /// <summary>Closes the circuit of a target on every node. False when none knows it.</summary>
    public async Task<bool> Reset(string target, CancellationToken cancellation) =>
        (await Ask<TargetQueries.TargetReset>(new TargetQueries.ResetTarget(target), cancellation)).Any(a => a.Reply?.Known == true);

    private async Task<IReadOnlyList<(string Node, T? Reply)>> Ask<T>(IWireMessage question, CancellationToken cancellation)
        where T : class
    {
        var members = Akka.Cluster.Cluster.Get(system).State.Members.Where(m => m.Status is MemberStatus.Up or MemberStatus.Leaving).ToList();
        return await Task.WhenAll(members.Select(async member =>
        {
            try
            {
                var dispatch = system.ActorSelection(new RootActorPath(member.Address) / "user" / "dispatch");
                return (member.Address.ToString(), await dispatch.Ask<T>(question, Patience, cancellation));
            }
            catch (AskTimeoutException)
            {
                return (member.Address.ToString(), (T?)null);
            }
        }));
    }
}

/// <summary>The smallest of some words; null when there are none.</summary>
file static class Words
{
    public static string? Min(this IEnumerable<string> words, StringComparer order) => words.Order(order).FirstOrDefault();
}

using System.Collections.Immutable;

namespace Chronos.Core.Clustering;

/// <summary>What a contact point said of itself and of the cluster that it is in.</summary>
/// <param name="Node">Its address among the nodes.</param>
/// <param name="Seeds">Members that can be joined; empty: it is in no cluster yet.</param>
public sealed record ContactAnswer(string Node, ImmutableArray<string> Seeds, DateTimeOffset At);

/// <summary>When a node may found a cluster.</summary>
/// <param name="Required">So many nodes must have been found and have answered; best all that there will be, and never less than half.</param>
/// <param name="Margin">For so long no contact point may have come or gone.</param>
/// <param name="Fresh">An answer that is older counts as none.</param>
public sealed record BootstrapRule(int Required, TimeSpan Margin, TimeSpan Fresh);

/// <summary>What a node that is in no cluster does next.</summary>
public abstract record BootstrapStep
{
    private BootstrapStep()
    {
    }

    /// <summary>Nothing, for a reason.</summary>
    public sealed record Wait(string Why) : BootstrapStep;

    /// <summary>Join the cluster that others are in.</summary>
    public sealed record Join(ImmutableArray<string> Seeds) : BootstrapStep
    {
        public bool Equals(Join? other) => other is not null && Seeds.SequenceEqual(other.Seeds);

        public override int GetHashCode() => Seeds.Length;
    }

    /// <summary>Found the cluster.</summary>
    public sealed record Found : BootstrapStep;
}

/// <summary>
/// What a node knows of its contact points, and what follows from it. All nodes decide by the same rule from what they see: whoever sees a
/// cluster joins it; where every contact point has answered that there is none, the one with the lowest address founds it.
/// </summary>
/// <param name="Self">The address of this node among the nodes.</param>
public sealed record BootstrapView(string Self, ImmutableSortedSet<string> Contacts, DateTimeOffset StableSince, ImmutableSortedDictionary<string, ContactAnswer> Answers)
{
    public static BootstrapView Of(string self, DateTimeOffset now) =>
        new(self, ImmutableSortedSet.Create<string>(StringComparer.Ordinal), now, ImmutableSortedDictionary.Create<string, ContactAnswer>(StringComparer.Ordinal));

    /// <summary>The contact points that were found now; those that are gone have said nothing any more.</summary>
    public BootstrapView Found(IEnumerable<string> contacts, DateTimeOffset now)
    {
        var found = contacts.ToImmutableSortedSet(StringComparer.Ordinal);
        return found.SetEquals(Contacts) ? this : this with { Contacts = found, StableSince = now, Answers = Answers.RemoveRange(Answers.Keys.Where(c => !found.Contains(c))) };
    }

    public BootstrapView Heard(string contact, ContactAnswer answer) => Contacts.Contains(contact) ? this with { Answers = Answers.SetItem(contact, answer) } : this;

    /// <summary>A contact point did not answer: what it said before counts no longer.</summary>
    public BootstrapView Silent(string contact) => this with { Answers = Answers.Remove(contact) };

    public BootstrapStep Decide(BootstrapRule rule, DateTimeOffset now)
    {
        var fresh = Answers.Where(a => now - a.Value.At <= rule.Fresh).ToList();
        if (fresh.Select(a => a.Value.Node).FirstOrDefault(n => SchemeOf(n) != SchemeOf(Self)) is { } other)
        {
            return new BootstrapStep.Wait($"{other} and {Self} cannot talk to each other: one of them uses TLS among the nodes, the other does not");
        }

        var clusters = Clusters(fresh.Select(a => a.Value));
        if (clusters.Count > 1)
        {
            return new BootstrapStep.Wait($"the contact points are in {clusters.Count} different clusters: {string.Join(" and ", clusters.Select(c => string.Join(", ", c)))}; end one of them");
        }

        if (clusters is [var seeds])
        {
            return new BootstrapStep.Join([.. seeds]);
        }

        if (Contacts.Count < rule.Required)
        {
            return new BootstrapStep.Wait($"{Contacts.Count} of {rule.Required} contact points were found");
        }

        if (Contacts.Except(fresh.Select(a => a.Key)) is { IsEmpty: false } silent)
        {
            return new BootstrapStep.Wait($"no answer from {string.Join(", ", silent)}");
        }

        var nodes = fresh.Select(a => a.Value.Node).ToImmutableSortedSet(StringComparer.Ordinal);
        if (nodes.Count < rule.Required)
        {
            return new BootstrapStep.Wait($"{nodes.Count} of {rule.Required} nodes are behind the contact points");
        }

        if (!nodes.Contains(Self))
        {
            return new BootstrapStep.Wait("this node is not among the contact points");
        }

        if (now - StableSince < rule.Margin)
        {
            return new BootstrapStep.Wait("the contact points have changed just now");
        }

        return nodes[0] == Self ? new BootstrapStep.Found() : new BootstrapStep.Wait($"{nodes[0]} founds the cluster");
    }

    private static string SchemeOf(string node) => node[..Math.Max(0, node.IndexOf("://", StringComparison.Ordinal))];

    /// <summary>
    /// Members that can be joined, put together where two answers share one. What others still list of a former life of this node is not
    /// to be joined: it would wait for itself.
    /// </summary>
    private List<ImmutableSortedSet<string>> Clusters(IEnumerable<ContactAnswer> answers)
    {
        var clusters = new List<ImmutableSortedSet<string>>();
        foreach (var seeds in answers.Select(a => a.Seeds.Where(s => s != Self).ToImmutableSortedSet(StringComparer.Ordinal)).Where(s => !s.IsEmpty))
        {
            var same = clusters.Where(c => c.Overlaps(seeds)).ToList();
            clusters.RemoveAll(same.Contains);
            clusters.Add(same.Aggregate(seeds, (all, c) => all.Union(c)));
        }

        return clusters;
    }
}

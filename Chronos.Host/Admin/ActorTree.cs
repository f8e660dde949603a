using System.Collections.Immutable;
using Akka.Actor;

namespace Chronos.Host.Admin;

/// <summary>An actor of this node.</summary>
/// <param name="Depth">Steps below the one that was asked for.</param>
/// <param name="Children">How many it has, whether or not they are listed.</param>
internal sealed record ActorView(string Path, int Depth, string? Type, int Children);

/// <summary>The actors of this node below one, each before its children.</summary>
/// <param name="Hidden">How many of those that were come across are not listed.</param>
internal sealed record ActorTreeView(string Node, ImmutableArray<ActorView> Items, int Hidden);

/// <summary>
/// Walks the actors of this node, within bounds: a node may have a million. The nearest to the start are chosen before their
/// children, so that one crowded branch does not hide the others; they are listed each before its children all the same.
/// </summary>
internal sealed class ActorTree
{
    /// <summary>Of more siblings the first are listed, so that a crowded parent does not hide what comes after it.</summary>
    private const int SiblingsListed = 50;

    private readonly List<ActorView> _items = [];
    private readonly Dictionary<ActorRefWithCell, List<ActorRefWithCell>> _listed = [];

    /// <summary>Null when there is no actor at the path.</summary>
    /// <param name="path">Such as <c>/user</c>; <c>/</c> is the root.</param>
    public static ActorTreeView? Read(ExtendedActorSystem system, string path, int depth, int most)
    {
        if (Find(system, path) is not { } start)
        {
            return null;
        }

        var tree = new ActorTree();
        var hidden = tree.Choose(start, depth, most);
        tree.List(start, 0);
        return new ActorTreeView(system.Provider.DefaultAddress.ToString(), [.. tree._items], hidden);
    }

    private static ActorRefWithCell? Find(ExtendedActorSystem system, string path)
    {
        IActorRef at = system.Provider.RootGuardian;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            // The root's only children by name are its two guardians, which it does not keep as others keep theirs.
            at = at.Equals(system.Provider.RootGuardian)
                ? name switch { "user" => system.Provider.Guardian, "system" => system.Provider.SystemGuardian, _ => ActorRefs.Nobody }
                : at is ActorRefWithCell parent ? parent.GetSingleChild(name) : ActorRefs.Nobody;
        }

        return at as ActorRefWithCell;
    }

    /// <summary>Chooses level by level; returns how many were come across and not chosen.</summary>
    private int Choose(ActorRefWithCell start, int deepest, int most)
    {
        var (chosen, hidden) = (1, 0);
        List<ActorRefWithCell> level = [start];
        for (var depth = 0; depth < deepest && level.Count > 0; depth++)
        {
            List<ActorRefWithCell> next = [];
            foreach (var actor in level)
            {
                var children = ChildrenOf(actor);
                var taken = children.Take(Math.Min(SiblingsListed, most - chosen)).ToList();
                _listed[actor] = taken;
                next.AddRange(taken);
                chosen += taken.Count;
                hidden += children.Count - taken.Count;
            }

            level = next;
        }

        return hidden;
    }

    private void List(ActorRefWithCell actor, int depth)
    {
        _items.Add(new ActorView(actor.Path.ToStringWithoutAddress(), depth, TypeOf(actor), actor.Children.OfType<ActorRefWithCell>().Count()));
        foreach (var child in _listed.GetValueOrDefault(actor) ?? [])
        {
            List(child, depth + 1);
        }
    }

    private static List<ActorRefWithCell> ChildrenOf(ActorRefWithCell actor) =>
        [.. actor.Children.OfType<ActorRefWithCell>().OrderBy(c => c.Path.Name, StringComparer.Ordinal)];

    private static string? TypeOf(ActorRefWithCell actor) => actor.Underlying?.Props?.Type is { } type && type != typeof(ActorBase) ? type.Name : null;
}

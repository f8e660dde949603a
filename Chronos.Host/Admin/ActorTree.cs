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

/// <summary>Walks the actors of this node, within bounds: a node may have a million.</summary>
internal sealed class ActorTree
{
    /// <summary>Of more siblings the first are listed, so that a crowded parent does not hide what comes after it.</summary>
    private const int SiblingsListed = 50;

    private readonly List<ActorView> _items = [];
    private readonly int _most;
    private int _hidden;

    private ActorTree(int most) => _most = most;

    /// <summary>Null when there is no actor at the path.</summary>
    /// <param name="path">Such as <c>/user</c>; <c>/</c> is the root.</param>
    public static ActorTreeView? Read(ExtendedActorSystem system, string path, int depth, int most)
    {
        if (Find(system, path) is not { } start)
        {
            return null;
        }

        var tree = new ActorTree(most);
        tree.Walk(start, 0, depth);
        return new ActorTreeView(system.Provider.DefaultAddress.ToString(), [.. tree._items], tree._hidden);
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

    private void Walk(ActorRefWithCell actor, int depth, int deepest)
    {
        if (_items.Count >= _most)
        {
            _hidden++;
            return;
        }

        var children = actor.Children.OfType<ActorRefWithCell>().OrderBy(c => c.Path.Name, StringComparer.Ordinal).ToList();
        _items.Add(new ActorView(actor.Path.ToStringWithoutAddress(), depth, TypeOf(actor), children.Count));
        if (depth == deepest)
        {
            return;
        }

        foreach (var child in children.Take(SiblingsListed))
        {
            Walk(child, depth + 1, deepest);
        }

        _hidden += Math.Max(0, children.Count - SiblingsListed);
    }

    private static string? TypeOf(ActorRefWithCell actor) => actor.Underlying?.Props?.Type is { } type && type != typeof(ActorBase) ? type.Name : null;
}

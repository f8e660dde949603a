using System.Collections.Immutable;
using Chronos.Core.Contracts;

namespace Chronos.Actors.Studio;

/// <summary>The last exchanges of each user, in the memory of this node.</summary>
/// <remarks>Not in a file: an answer of a stranger may hold anything, and nobody would know that it lies there. A restart forgets them.</remarks>
public sealed class StudioExchanges
{
    /// <summary>Exchanges of one user; the oldest gives way.</summary>
    public const int MostOfUser = 100;

    /// <summary>Characters of all exchanges of the node; beyond it the oldest go, whosesoever they are.</summary>
    public const long MostText = 32L * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly LinkedList<Kept> _all = new();
    private readonly Dictionary<string, LinkedList<LinkedListNode<Kept>>> _byUser = new(StringComparer.Ordinal);
    private long _text;

    /// <summary>How much text is kept.</summary>
    public long Text
    {
        get
        {
            lock (_gate)
            {
                return _text;
            }
        }
    }

    /// <summary>Keeps one more.</summary>
    public void Add(string user, StudioExchange exchange)
    {
        lock (_gate)
        {
            var node = _all.AddLast(new Kept(user, exchange, SizeOf(exchange)));
            _text += node.Value.Size;
            if (!_byUser.TryGetValue(user, out var own))
            {
                _byUser[user] = own = new LinkedList<LinkedListNode<Kept>>();
            }

            own.AddLast(node);
            if (own.Count > MostOfUser)
            {
                Remove(own.First!.Value);
            }

            while (_text > MostText && _all.Count > 1)
            {
                Remove(_all.First!);
            }
        }
    }

    /// <summary>Those of a user, newest first.</summary>
    public ImmutableArray<StudioExchange> Of(string user)
    {
        lock (_gate)
        {
            return _byUser.TryGetValue(user, out var own) ? [.. own.Reverse().Select(node => node.Value.Exchange)] : [];
        }
    }

    /// <summary>One of a user; null when the user has none of that id, or it has gone.</summary>
    public StudioExchange? Find(string user, string id)
    {
        lock (_gate)
        {
            return _byUser.TryGetValue(user, out var own) ? own.FirstOrDefault(node => node.Value.Exchange.Id == id)?.Value.Exchange : null;
        }
    }

    /// <summary>In the order of being added, so the oldest of all is also the oldest of its user.</summary>
    private void Remove(LinkedListNode<Kept> node)
    {
        _all.Remove(node);
        _text -= node.Value.Size;
        var own = _byUser[node.Value.User];
        own.Remove(node);
        if (own.Count == 0)
        {
            _byUser.Remove(node.Value.User);
        }
    }

    private static long SizeOf(StudioExchange exchange) =>
        1024 + exchange.Document.GetRawText().Length + (exchange.Response.Body?.Length ?? 0) + exchange.Response.Headers.Sum(field => field.Name.Length + field.Value.Length)
        + exchange.Sent.Sum(sent => sent.Address.Length + (sent.Body?.Length ?? 0) + sent.Headers.Sum(field => field.Name.Length + field.Value.Length));

    private sealed record Kept(string User, StudioExchange Exchange, long Size);
}

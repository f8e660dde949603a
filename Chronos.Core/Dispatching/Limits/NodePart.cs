namespace Chronos.Core.Dispatching.Limits;

/// <summary>
/// What one of the nodes that send may use of the limits that they share: its part, so that the parts together are the limit. A concurrency
/// smaller than the number of nodes is not divided but goes round: in each turn one node may use all of it.
/// </summary>
/// <param name="Nodes">How many share.</param>
/// <param name="Rank">The place of this one among them, from 0.</param>
/// <param name="Turn">The number of the turn; it rises.</param>
public sealed record NodePart(int Nodes, int Rank, long Turn)
{
    private const ulong HashBasis = 14695981039346656037;
    private const ulong HashPrime = 1099511628211;

    /// <summary>There is nobody to share with.</summary>
    public static readonly NodePart Alone = new(1, 0, 0);

    /// <summary>Whether a concurrency goes round, for it is too small to be divided.</summary>
    public bool GoesRound(int concurrency) => concurrency < Nodes;

    /// <summary>The part of a concurrency that is divided. The remainders of different names fall to different nodes.</summary>
    public int Of(int concurrency, string name) => (concurrency / Nodes) + (Place(name) < concurrency % Nodes ? 1 : 0);

    /// <summary>Whether it is this node that may use a concurrency that goes round.</summary>
    public bool Has(string name) => (long)(((ulong)Place(name) + (ulong)Turn) % (ulong)Nodes) == 0;

    /// <summary>The same number on every node and in every process.</summary>
    public static ulong Hash(string text)
    {
        var hash = HashBasis;
        foreach (var c in text)
        {
            hash = unchecked((hash ^ c) * HashPrime);
        }

        return hash;
    }

    private int Place(string name) => (int)((Hash(name) + (ulong)Rank) % (ulong)Nodes);
}

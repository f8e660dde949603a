using System.Collections.Immutable;
using Chronos.Core.Clustering;

namespace Chronos.Actors.Kernel.Bootstrap;

/// <summary>Finds where other nodes might be.</summary>
public interface IContactDiscovery
{
    /// <summary>What it looks at, for the log.</summary>
    string What { get; }

    /// <summary><c>host:port</c> of the HTTP side of each node that is known at the moment, this one too.</summary>
    Task<ImmutableArray<string>> FindAsync(CancellationToken cancellation);
}

/// <summary>How a node that has no seeds finds the others.</summary>
/// <param name="Probe">Asks a contact point; an exception means that it does not answer.</param>
/// <param name="Claim">Asked before a cluster is founded, in a store that all nodes share; only one of them is told yes within its time.</param>
public sealed record BootstrapSettings(
    IContactDiscovery Discovery, BootstrapRule Rule, TimeSpan Interval, Func<string, CancellationToken, Task<ContactAnswer>> Probe, Func<string, CancellationToken, Task<bool>> Claim, TimeProvider Time)
{
    /// <summary>How long no contact point may have come or gone.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(3);

    /// <summary>How long an answer counts.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    /// <summary>How often the contact points are looked for and asked.</summary>
    public static readonly TimeSpan EverySecond = TimeSpan.FromSeconds(1);
}

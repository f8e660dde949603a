using System.Collections.Immutable;
using Chronos.Core.Wire;

namespace Chronos.Core.Diagnosis;

/// <summary>Asks a node how it is; answered by <see cref="NodeVitals"/>.</summary>
public sealed record GetVitals : IWireMessage;

/// <summary>How a node is, as it says itself.</summary>
/// <param name="At">Its clock, when it answered.</param>
/// <param name="Tzdb">Version of the tz database that its schedules are computed with.</param>
/// <param name="JournalMs">How long the journal took to answer the smallest question, in milliseconds; absent: it did not answer.</param>
/// <param name="FreeBytes">Room left where its files are.</param>
/// <param name="Settings">Those that matter to the other nodes, by key; never a secret.</param>
public sealed record NodeVitals(
    string Node, string Version, DateTimeOffset At, string Tzdb, double? JournalMs, long FreeBytes, ImmutableArray<ProjectionVitals> Projections,
    ImmutableSortedDictionary<string, string> Settings) : IWireMessage
{
    /// <summary>Why it cannot commit or recover, while it cannot; absent: it can, or is of a build that does not tell.</summary>
    public string? JournalError { get; init; }

    /// <summary>Its certificates; absent: it has none, or is of a build that does not tell.</summary>
    public ImmutableArray<CertificateVitals>? Certificates { get; init; }

    /// <summary><c>host:port</c> of the nodes that it was told to expect.</summary>
    public ImmutableArray<string>? Seeds { get; init; }
}

/// <summary>A certificate of a node.</summary>
/// <param name="Use">What it is for: <c>api</c> or <c>cluster</c>.</param>
public sealed record CertificateVitals(string Use, DateTimeOffset EndsAt);

/// <summary>Where a read model of a node stands.</summary>
public sealed record ProjectionVitals(string Name, double LagSeconds, string? Error);

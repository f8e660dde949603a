using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Chronos.Core.Wire;

namespace Chronos.Core.Dispatching.Limits;

/// <summary>What the dispatch of a node is asked about targets, from any node.</summary>
public static class TargetQueries
{
    /// <summary>Answers stay far below what one frame between nodes holds.</summary>
    public const int MaxItems = 80;

    /// <summary>Which targets does the node know? Sorted by name; of one of them, or those after a name.</summary>
    public sealed record GetTargets(string? Target, string? After, int Limit) : IWireMessage;

    /// <param name="More">There are more after the last of these.</param>
    public sealed record Targets(ImmutableArray<TargetStanding> Items, bool More) : IWireMessage;

    /// <summary>Closes the circuit of a target.</summary>
    public sealed record ResetTarget(string Target) : IWireMessage;

    /// <param name="Known">Whether the node knows the target.</param>
    public sealed record TargetReset(bool Known) : IWireMessage;
}

/// <summary>What nodes that send tell each other, so that a concurrency smaller than their number can go round among them.</summary>
public static class TurnReports
{
    /// <summary>As many fit into a frame. Where a node has more on its way, the others do not know of the rest, and wait.</summary>
    public const int MaxItems = 100;

    /// <summary>This is on its way here in this turn through gates that go round, and unless the turn is ours, no more will be.</summary>
    /// <param name="View">The nodes as the sender knows them; a report of others is not counted.</param>
    /// <param name="Whole">Whether that is all.</param>
    public sealed record TurnReport(long View, long Turn, ImmutableArray<GateCount> Items, bool Whole) : IWireMessage;

    /// <summary>How many attempts are on their way through a gate.</summary>
    public sealed record GateCount(string Gate, int InFlight);
}

/// <summary>How a target stands with one node.</summary>
/// <param name="Circuit"><c>closed</c>, <c>half_open</c> or <c>open</c>.</param>
/// <param name="Share">How many attempts may be on their way there at present, limits aside.</param>
/// <param name="Limit">The limit that its jobs declare, of the whole cluster.</param>
/// <param name="Succeeded">Attempts of the last minute.</param>
/// <param name="Failed">Attempts of the last minute.</param>
public sealed record TargetStanding(
    string Target, Protocol? Protocol, string Circuit, int InFlight, int Waiting, int Share, FlowLimit? Limit, int Succeeded, int Failed,
    string? LastError, DateTimeOffset? LastErrorAt, DateTimeOffset? LastSuccessAt);

/// <summary>The wire rows of this room.</summary>
public static class DispatchingWire
{
    private static DispatchingJson Json => DispatchingJson.Default;

    public static IReadOnlyList<WireRow> Rows { get; } =
    [
        WireRow.Of("dispatch.get-targets.1", Json.GetTargets),
        WireRow.Of("dispatch.targets.1", Json.Targets),
        WireRow.Of("dispatch.reset-target.1", Json.ResetTarget),
        WireRow.Of("dispatch.target-reset.1", Json.TargetReset),
        WireRow.Of("dispatch.turn-report.1", Json.TurnReport),
        WireRow.Of("dispatch.get-output.1", Json.GetOutput),
        WireRow.Of("dispatch.output-piece.1", Json.OutputPiece),
    ];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TargetQueries.GetTargets))]
[JsonSerializable(typeof(TargetQueries.Targets))]
[JsonSerializable(typeof(TargetQueries.ResetTarget))]
[JsonSerializable(typeof(TargetQueries.TargetReset))]
[JsonSerializable(typeof(TurnReports.TurnReport))]
[JsonSerializable(typeof(OutputQueries.GetOutput))]
[JsonSerializable(typeof(OutputQueries.OutputPiece))]
internal sealed partial class DispatchingJson : JsonSerializerContext;

using System.Collections.Immutable;
using Chronos.Core.Dispatching.Limits;

namespace Chronos.Host.Targets;

/// <summary>A target over all nodes.</summary>
/// <param name="Circuit"><c>closed</c>, <c>half_open</c> or <c>open</c>: the worst of any node.</param>
/// <param name="Waiting">Attempts that wait at the door of a pool for their limits or their share. More may wait in their timetables.</param>
/// <param name="Limits">The tightest that jobs declare for it.</param>
internal sealed record TargetView(
    string Target, ImmutableArray<string> Protocols, string Circuit, int InFlight, int Waiting, LimitView? Limits, int SucceededPerMinute, int FailedPerMinute,
    string? LastError, DateTimeOffset? LastErrorAt, DateTimeOffset? LastSuccessAt, ImmutableArray<TargetNodeView> Nodes)
{
    private static readonly string[] FromBest = ["closed", "half_open", "open"];

    public static TargetView Of(string target, IReadOnlyList<(string Node, TargetStanding Standing)> standings)
    {
        var all = standings.Select(s => s.Standing).ToList();
        var failed = all.Where(s => s.LastErrorAt is not null).MaxBy(s => s.LastErrorAt);
        return new TargetView(
            target, [.. all.Select(s => s.Protocol?.ToString().ToLowerInvariant()).OfType<string>().Distinct().Order(StringComparer.Ordinal)],
            all.Select(s => s.Circuit).MaxBy(c => Array.IndexOf(FromBest, c))!, all.Sum(s => s.InFlight), all.Sum(s => s.Waiting),
            LimitView.Of(all.Aggregate((FlowLimit?)null, (tightest, s) => FlowLimit.Tighter(tightest, s.Limit))),
            all.Sum(s => s.Succeeded), all.Sum(s => s.Failed), failed?.LastError, failed?.LastErrorAt, all.Max(s => s.LastSuccessAt),
            [.. standings.Select(s => new TargetNodeView(s.Node, s.Standing.Protocol?.ToString().ToLowerInvariant(), s.Standing.Circuit, s.Standing.InFlight, s.Standing.Waiting, s.Standing.Share))]);
    }
}

/// <summary>A limit as job documents write it.</summary>
internal sealed record LimitView(int? Concurrency, string? Rate, int? Burst)
{
    public static LimitView? Of(FlowLimit? limit) => limit is null ? null : new LimitView(limit.Concurrency, limit.Rate?.Text, limit.Rate?.Burst);
}

/// <summary>What one node has on its way to a target.</summary>
/// <param name="Share">How many it would let be on their way at present, limits aside.</param>
internal sealed record TargetNodeView(string Node, string? Protocol, string Circuit, int InFlight, int Waiting, int Share);

/// <summary>The targets by name.</summary>
/// <param name="Missing">Nodes that did not answer in time; what they know is not in the list.</param>
internal sealed record TargetListView(ImmutableArray<TargetView> Items, string? NextCursor, ImmutableArray<string> Missing);

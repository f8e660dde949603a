using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Akka.Actor;
using Akka.Cluster;
using Chronos.Host.Http;

namespace Chronos.Host.Cluster;

/// <summary>A member that can be joined. Names are those of Akka.Management, here and below.</summary>
internal sealed record SeedNodeView(
    [property: JsonPropertyName("node")] string Node, [property: JsonPropertyName("nodeUid")] string NodeUid, [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("roles")] ImmutableArray<string> Roles, [property: JsonPropertyName("observedAt")] DateTimeOffset ObservedAt);

/// <summary>Who a node is, and which members it knows that can be joined.</summary>
internal sealed record SeedNodesView(
    [property: JsonPropertyName("selfNode")] string SelfNode, [property: JsonPropertyName("seedNodes")] ImmutableArray<SeedNodeView> SeedNodes);

/// <summary>What nodes that look for a cluster ask each other, before anybody could have a key.</summary>
internal static class BootstrapEndpoints
{
    /// <summary>Enough to join by.</summary>
    private const int Most = 5;

    public static void MapBootstrap(this IEndpointRouteBuilder root) => root.MapGet("/bootstrap/seed-nodes", SeedNodes).IsOpenToAll().ExcludeFromDescription();

    private static IResult SeedNodes(ActorSystem system, TimeProvider time)
    {
        var cluster = Akka.Cluster.Cluster.Get(system);
        var state = cluster.State;

        // Who is alone with a member that it has lost is no seed for others: its own view says so.
        var seeds = state.Members
            .Where(m => m.Status is MemberStatus.Up or MemberStatus.WeaklyUp or MemberStatus.Joining && !state.Unreachable.Contains(m))
            .OrderBy(m => m.Status == MemberStatus.Up ? 0 : 1).Take(Most)
            .Select(m => new SeedNodeView(
                m.Address.ToString(), m.UniqueAddress.Uid.ToString(System.Globalization.CultureInfo.InvariantCulture), m.Status.ToString(), [.. m.Roles.Order(StringComparer.Ordinal)], time.GetUtcNow()));
        return Results.Json(new SeedNodesView(cluster.SelfAddress.ToString(), [.. seeds]), ApiJson.Api.SeedNodesView);
    }
}

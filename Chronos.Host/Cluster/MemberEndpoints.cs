using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using Chronos.Actors.Jobs;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;
using Chronos.Host.Http;

namespace Chronos.Host.Cluster;

/// <summary>What is to become of a node: <c>leave</c> or <c>down</c>.</summary>
internal sealed record MemberBody(string Operation);

/// <summary>A shard: its entity type, its name, the node that has it, and how many entities live in it at present.</summary>
internal sealed record ShardView(string Type, string Shard, string Address, int Entities);

/// <summary>The shards that have been allocated.</summary>
internal sealed record ShardListView(ImmutableArray<ShardView> Items);

/// <summary>The nodes one by one, and the shards. Same routes as Akka.Management's where they mean something here: nodes join by their seeds, so there is no POST.</summary>
internal static class MemberEndpoints
{
    private const string Leave = "leave";
    private const string Down = "down";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public static RouteGroupBuilder MapMembers(this RouteGroupBuilder api)
    {
        api.MapGet("/cluster/members/{**address}", Get).WithName("get_member").WithSummary("One node, by host:port or whole address")
            .Needs(Scopes.ClusterRead).Produces<MemberView>().Refuses(404);
        api.MapPut("/cluster/members/{**address}", Change).WithName("change_member")
            .WithSummary("leave: the node hands its work over and stops. down: it is taken for lost at once; only for a node that is really gone")
            .Needs(Scopes.ClusterWrite).Accepts<MemberBody>("application/json", "application/x-www-form-urlencoded").Produces<MemberView>(202).Refuses(400, 404);
        api.MapDelete("/cluster/members/{**address}", (string address, ActorSystem system) => Act(address, Leave, system))
            .WithName("remove_member").WithSummary("The node hands its work over and stops").Needs(Scopes.ClusterWrite).Produces<MemberView>(202).Refuses(404);
        api.MapGet("/cluster/shards", Shards).WithName("list_shards").WithSummary("Which node has which shards, of jobs and of timetables")
            .Needs(Scopes.ClusterRead).Produces<ShardListView>().Refuses();
        return api;
    }

    private static IResult Get(string address, ActorSystem system) =>
        Find(address, system) is { } member
            ? Results.Json(ClusterEndpoints.View(member, Akka.Cluster.Cluster.Get(system)), ApiJson.Api.MemberView)
            : NoSuchMember(address, system);

    private static async Task<IResult> Change(string address, HttpContext http, ActorSystem system, CancellationToken cancellation)
    {
        if (http.Request.HasFormContentType)
        {
            var form = await http.Request.ReadFormAsync(cancellation);
            return Operate(address, form["operation"].ToString().ToLowerInvariant(), system);
        }

        var ask = await Asked.Read(http, cancellation);
        var operation = ask.Fields?.Text("operation", 20);
        return ask.Problem() ?? Operate(address, operation ?? "", system);
    }

    private static IResult Operate(string address, string operation, ActorSystem system) => operation is Leave or Down
        ? Act(address, operation, system)
        : ProblemResult.Of(Rejection.Of(RejectionCode.ValidationFailed, "the operation is not known") with { Violations = [new Violation("operation", $"must be {Leave} or {Down}")] });

    private static IResult Act(string address, string operation, ActorSystem system)
    {
        if (Find(address, system) is not { } member)
        {
            return NoSuchMember(address, system);
        }

        var cluster = Akka.Cluster.Cluster.Get(system);
        if (operation == Down)
        {
            cluster.Down(member.Address);
        }
        else
        {
            cluster.Leave(member.Address);
        }

        return Results.Json(ClusterEndpoints.View(member, cluster), ApiJson.Api.MemberView, statusCode: 202);
    }

    private static async Task<IResult> Shards(IRequiredActor<JobRegionKey> jobs, IRequiredActor<TimetableRegionKey> timetables, ActorSystem system, CancellationToken cancellation)
    {
        var own = Akka.Cluster.Cluster.Get(system).SelfAddress;
        var stats = await Task.WhenAll(
            Ask("job", await jobs.GetAsync(cancellation), own, cancellation), Ask("timetable", await timetables.GetAsync(cancellation), own, cancellation));
        return Results.Json(new ShardListView([.. stats.SelectMany(s => s)]), ApiJson.Api.ShardListView);
    }

    private static async Task<IEnumerable<ShardView>> Ask(string type, IActorRef region, Address own, CancellationToken cancellation)
    {
        var stats = await region.Ask<ClusterShardingStats>(new GetClusterShardingStats(Patience / 2), Patience, cancellation);
        return
            from node in stats.Regions
            from shard in node.Value.Stats
            orderby shard.Key.Length, shard.Key
            select new ShardView(type, shard.Key, (node.Key.HasLocalScope ? own : node.Key).ToString(), shard.Value);
    }

    private static Member? Find(string address, ActorSystem system)
    {
        var wanted = Uri.UnescapeDataString(address);
        return Akka.Cluster.Cluster.Get(system).State.Members.FirstOrDefault(m =>
            wanted == m.Address.ToString() || wanted == m.Address.HostPort() || wanted == $"{m.Address.Host}:{m.Address.Port}");
    }

    private static ProblemResult NoSuchMember(string address, ActorSystem system) => ProblemResult.NotFound(
        $"there is no node '{(address.Length <= 200 ? address : address[..200])}'; there are {string.Join(", ", Akka.Cluster.Cluster.Get(system).State.Members.Select(m => $"{m.Address.Host}:{m.Address.Port}"))}");
}

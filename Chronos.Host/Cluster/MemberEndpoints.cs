using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using Chronos.Actors.Calendars;
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
/// <param name="EntityTypeKeys">What can be asked for by name.</param>
internal sealed record ShardListView([property: JsonPropertyName("entityTypeKeys")] ImmutableArray<string> EntityTypeKeys, ImmutableArray<ShardView> Items);

/// <summary>A shard of this node. Names are those of Akka.Management.</summary>
internal sealed record LocalShardView([property: JsonPropertyName("shardId")] string ShardId, [property: JsonPropertyName("numEntities")] int NumEntities);

/// <summary>The shards of one entity type that this node has.</summary>
internal sealed record LocalShardListView([property: JsonPropertyName("regions")] ImmutableArray<LocalShardView> Regions);

/// <summary>What was begun.</summary>
internal sealed record MemberMessage(string Message);

/// <summary>The node that is to be joined.</summary>
internal sealed record JoinBody(string Address);

/// <summary>The nodes one by one, and the shards, by the routes of Akka.Management.</summary>
internal static class MemberEndpoints
{
    private const string Leave = "leave";
    private const string Down = "down";
    private const string JobType = "job";
    private const string TimetableType = "timetable";
    private const string CalendarType = "calendar";
    private static readonly ImmutableArray<string> Types = [JobType, TimetableType, CalendarType];
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
        api.MapPost("/cluster/members", Join).WithName("join_cluster").WithSummary("This node, which is in no cluster yet, joins the one of the node at the address")
            .Needs(Scopes.ClusterWrite).Accepts<JoinBody>("application/json", "application/x-www-form-urlencoded").Produces<MemberMessage>(202).Refuses(400, 409);
        api.MapGet("/cluster/shards/{type}", LocalShards).WithName("list_local_shards").WithSummary("The shards of an entity type that this node has, and how many entities live in each")
            .Needs(Scopes.ClusterRead).Produces<LocalShardListView>().Refuses(404);
        api.MapGet("/cluster/shards", Shards).WithName("list_shards").WithSummary("Which node has which shards, of jobs, of timetables and of calendars")
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
            var (wished, fault) = await FormField(http, "operation", cancellation);
            return fault ?? Operate(address, wished.ToLowerInvariant(), system);
        }

        var ask = await Asked.Read(http, cancellation);
        var operation = ask.Fields?.Text("operation", 20);
        return ask.Problem() ?? Operate(address, operation ?? "", system);
    }

    private static async Task<IResult> Join(HttpContext http, ActorSystem system, CancellationToken cancellation)
    {
        string? text;
        if (http.Request.HasFormContentType)
        {
            (text, var fault) = await FormField(http, "address", cancellation);
            if (fault is not null)
            {
                return fault;
            }
        }
        else
        {
            var ask = await Asked.Read(http, cancellation);
            text = ask.Fields?.Text("address", 300);
            if (ask.Problem() is { } problem)
            {
                return problem;
            }
        }

        var cluster = Akka.Cluster.Cluster.Get(system);
        var own = cluster.SelfAddress;
        var whole = text?.Contains("://", StringComparison.Ordinal) == true ? text : $"{own.Protocol}://{own.System}@{text}";
        if (!Address.TryParse(whole, out var address) || !address.HasGlobalScope || address.Port is null or 0 || address.Protocol != own.Protocol || address.System != own.System)
        {
            return ProblemResult.Of(Rejection.Of(RejectionCode.ValidationFailed, "there can be no such node") with
            {
                Violations = [new Violation("address", $"must be host:port, or an address such as {own.Protocol}://{own.System}@host:port")],
            });
        }

        if (cluster.SelfMember.Status != MemberStatus.Removed || cluster.IsTerminated)
        {
            return ProblemResult.Of(Rejection.Of(RejectionCode.Conflict, $"this node, {own}, is in a cluster already ({cluster.SelfMember.Status}); it would have to leave it, and start again"));
        }

        cluster.Join(address);
        return Results.Json(new MemberMessage($"Joining {address}"), ApiJson.Api.MemberMessage, statusCode: 202);
    }

    /// <summary>Akka.Management takes forms. One that cannot be read is a fault of who sent it.</summary>
    private static async Task<(string Value, ProblemResult? Problem)> FormField(HttpContext http, string name, CancellationToken cancellation)
    {
        try
        {
            return ((await http.Request.ReadFormAsync(cancellation))[name].ToString(), null);
        }
        catch (InvalidDataException e)
        {
            return ("", ProblemResult.Of(Rejection.Of(RejectionCode.ValidationFailed, $"the form cannot be read: {e.Message}")));
        }
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

    private static async Task<IResult> Shards(IReadOnlyActorRegistry registry, ActorSystem system, CancellationToken cancellation)
    {
        var own = Akka.Cluster.Cluster.Get(system).SelfAddress;
        var stats = await Task.WhenAll(Types.Select(async type => await Ask(type, await Region(type, registry, cancellation), own, cancellation)));
        return Results.Json(new ShardListView(Types, [.. stats.SelectMany(s => s)]), ApiJson.Api.ShardListView);
    }

    private static Task<IActorRef> Region(string type, IReadOnlyActorRegistry registry, CancellationToken cancellation) => type switch
    {
        JobType => registry.GetAsync<JobRegionKey>(cancellation),
        TimetableType => registry.GetAsync<TimetableRegionKey>(cancellation),
        _ => registry.GetAsync<CalendarRegionKey>(cancellation),
    };

    private static async Task<IResult> LocalShards(string type, IReadOnlyActorRegistry registry, CancellationToken cancellation)
    {
        if (!Types.Contains(type))
        {
            return ProblemResult.NotFound($"there is no entity type '{(type.Length <= 80 ? type : type[..80])}'; there are {string.Join(", ", Types)}");
        }

        var region = await Region(type, registry, cancellation);
        var state = await region.Ask<CurrentShardRegionState>(GetShardRegionState.Instance, Patience, cancellation);
        return Results.Json(
            new LocalShardListView([.. state.Shards.OrderBy(s => s.ShardId.Length).ThenBy(s => s.ShardId, StringComparer.Ordinal).Select(s => new LocalShardView(s.ShardId, s.EntityIds.Count))]),
            ApiJson.Api.LocalShardListView);
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

using System.Collections.Immutable;
using System.Reflection;
using Akka.Actor;
using Akka.Hosting;
using Chronos.Actors.Jobs;
using Chronos.Actors.Projections;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Scheduling;
using Chronos.Host.Hosting;
using Chronos.Host.Http;

namespace Chronos.Host.Cluster;

/// <summary>How the nodes are: leader, members, timetables, counts.</summary>
internal static class ClusterEndpoints
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);
    internal static readonly string Version = typeof(ClusterEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static RouteGroupBuilder MapCluster(this RouteGroupBuilder api)
    {
        api.MapGet("/cluster", Show).WithName("get_cluster").WithSummary("Who leads since when, and the members").Needs(Scopes.ClusterRead).Produces<ClusterView>().Refuses();
        api.MapGet("/cluster/members", (ActorSystem system) => Results.Json(ManagedMembers.Of(Akka.Cluster.Cluster.Get(system), Members(system)), ApiJson.Api.MemberListView))
            .WithName("list_members").WithSummary("The nodes").Needs(Scopes.ClusterRead).Produces<MemberListView>().Refuses();
        api.MapGet("/cluster/timetables", Timetables).WithName("list_timetables").WithSummary("Where the timetables are, and what they have to do").Needs(Scopes.ClusterRead)
            .Produces<TimetableListView>().Refuses();
        api.MapGet("/stats", Stats).WithName("get_stats").WithSummary("What was done, by status").Needs(Scopes.ClusterRead)
            .Takes(new QueryParameter("from", "string/date-time", "Count executions claimed since then; 24 h ago if absent")).Produces<StatsView>().Refuses(400);
        return api;
    }

    private static async Task<IResult> Show(ActorSystem system, IRequiredActor<TickLeaderKey> leader, ChronosSettings settings, CancellationToken cancellation)
    {
        var view = await Leader(leader, cancellation);
        return Results.Json(
            new ClusterView(settings.NodeName, view.Node, view.Epoch, view.Since, view.NextDueAt, view.Timetables.Length, Members(system)), ApiJson.Api.ClusterView);
    }

    private static async Task<IResult> Timetables(IRequiredActor<TickLeaderKey> leader, CancellationToken cancellation)
    {
        var view = await Leader(leader, cancellation);
        return Results.Json(
            new TimetableListView([.. view.Timetables.OrderBy(t => t.Timetable).Select(t => new TimetableView(t.Timetable, t.Node, t.DueAt, t.Jobs, t.InFlight, t.Waiting))]),
            ApiJson.Api.TimetableListView);
    }

    private static IResult Stats(HttpContext http, CatalogQueries catalog, LedgerQueries ledger, ProjectionRunner projections, ChronosSettings settings, TimeProvider time)
    {
        var query = new Query(http);
        var from = query.Instant("from") ?? time.GetUtcNow().AddDays(-1);
        if (query.Problem() is { } problem)
        {
            return problem;
        }

        var jobs = catalog.Count(http.Tenant());
        var stats = ledger.Stats(http.Tenant(), from);
        return Results.Json(
            new StatsView(
                settings.NodeName, Version, from, new JobCountsView(jobs.Total, jobs.Active, jobs.Paused, jobs.Disabled),
                stats.Executions.ToImmutableSortedDictionary(e => Word(e.Key.ToString()), e => e.Value, StringComparer.Ordinal), stats.SlotsNotRun,
                ProjectionEndpoints.All(projections), Schedule.TzdbVersion),
            ApiJson.Api.StatsView);
    }

    private static async Task<TimetablePlanning.LeaderView> Leader(IRequiredActor<TickLeaderKey> leader, CancellationToken cancellation) =>
        await (await leader.GetAsync(cancellation)).Ask<TimetablePlanning.LeaderView>(new TimetablePlanning.GetLeader(), Patience, cancellation);

    private static ImmutableArray<MemberView> Members(ActorSystem system)
    {
        var cluster = Akka.Cluster.Cluster.Get(system);
        return [.. cluster.State.Members.Select(m => View(m, cluster))];
    }

    internal static MemberView View(Akka.Cluster.Member m, Akka.Cluster.Cluster cluster) => new(
        m.Address.ToString(), Word(m.Status.ToString()), [.. m.Roles.Order(StringComparer.Ordinal)], !cluster.State.Unreachable.Contains(m), m.UniqueAddress.Equals(cluster.SelfUniqueAddress));

    private static string Word(string name) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
}

using System.Collections.Immutable;
using Chronos.Actors.Projections;
using Chronos.Core.Governance.Access;
using Chronos.Host.Http;

namespace Chronos.Host.Cluster;

/// <summary>The read models of this node: where they stand, and to have one folded anew.</summary>
internal static class ProjectionEndpoints
{
    public static RouteGroupBuilder MapProjections(this RouteGroupBuilder api)
    {
        api.MapGet("/projections", (ProjectionRunner runner) => Results.Json(new ProjectionListView(All(runner)), ApiJson.Api.ProjectionListView))
            .WithName("list_projections").WithSummary("Where the read models of this node stand").Needs(Scopes.ClusterRead).Produces<ProjectionListView>().Refuses();
        api.MapPost("/projections/{name}/rebuild", Rebuild)
            .WithName("rebuild_projection").WithSummary("Drop a read model and fold it from the journal anew; firing goes on meanwhile").Needs(Scopes.Admin)
            .Produces<ProjectionView>(202).Refuses(404);
        return api;
    }

    public static ImmutableArray<ProjectionView> All(ProjectionRunner runner) =>
        [.. runner.Health.Select(h => new ProjectionView(h.Name, h.State, Math.Round(h.LagSeconds, 3), h.LagEntries, h.Error))];

    private static async Task<IResult> Rebuild(string name, ProjectionRunner runner, CancellationToken cancellation) =>
        await runner.Rebuild(name, cancellation)
            ? Results.Json(All(runner).Single(p => p.Name == name), ApiJson.Api.ProjectionView, statusCode: 202)
            : ProblemResult.NotFound($"there is no projection '{(name.Length <= 100 ? name : name[..100])}'; there are {string.Join(", ", runner.Health.Select(h => h.Name))}");
}

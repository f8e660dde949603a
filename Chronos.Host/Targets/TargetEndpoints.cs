using Chronos.Core.Governance.Access;
using Chronos.Host.Http;

namespace Chronos.Host.Targets;

/// <summary>Where jobs go: what is on its way there, what waits, and whether the circuit is open.</summary>
internal static class TargetEndpoints
{
    private static readonly string[] Circuits = ["closed", "half_open", "open"];

    public static RouteGroupBuilder MapTargets(this RouteGroupBuilder api)
    {
        api.MapGet("/targets", List).WithName("list_targets").WithSummary("Targets by name, over all nodes: circuit, in flight, waiting, limits, how they did lately")
            .Needs(Scopes.ClusterRead).Takes(new QueryParameter("circuit", "string", $"Only with this circuit: {string.Join(", ", Circuits)}"), QueryParameters.Limit, QueryParameters.Cursor)
            .Produces<TargetListView>().Refuses(400);
        api.MapGet("/targets/{name}", Get).WithName("get_target").WithSummary("One target, by its name with slashes escaped (https:%2F%2Fexample.com:443)")
            .Needs(Scopes.ClusterRead).Produces<TargetView>().Refuses(404);
        api.MapPost("/targets/{name}/reset", Reset).WithName("reset_target").WithSummary("Close the circuit of a target on every node")
            .Needs(Scopes.ClusterWrite).Produces<TargetView>().Refuses(400, 404);
        return api;
    }

    private static async Task<IResult> List(HttpContext http, TargetBoard board, CancellationToken cancellation)
    {
        var query = new Query(http);
        var (limit, after, circuit) = (query.Limit(), query.Text("cursor"), query.Text("circuit"));
        if (circuit is not null && !Circuits.Contains(circuit))
        {
            query.Fault("circuit", $"must be one of {string.Join(", ", Circuits)}");
        }

        if (query.Problem() is { } problem)
        {
            return problem;
        }

        var found = new List<TargetView>();
        while (true)
        {
            var (items, more, missing) = await board.After(after, cancellation);
            found.AddRange(items.Where(t => circuit is null || t.Circuit == circuit));
            if (found.Count <= limit && more)
            {
                after = items[^1].Target;
                continue;
            }

            return Results.Json(
                new TargetListView([.. found.Take(limit)], found.Count > limit ? found[limit - 1].Target : null, missing), ApiJson.Api.TargetListView);
        }
    }

    private static async Task<IResult> Get(string name, TargetBoard board, CancellationToken cancellation) =>
        await board.Find(Uri.UnescapeDataString(name), cancellation) is { } found
            ? Results.Json(found, ApiJson.Api.TargetView)
            : NoSuchTarget(name);

    private static async Task<IResult> Reset(HttpContext http, string name, TargetBoard board, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        var target = Uri.UnescapeDataString(name);
        return await board.Reset(target, cancellation) && await board.Find(target, cancellation) is { } found
            ? Results.Json(found, ApiJson.Api.TargetView)
            : NoSuchTarget(name);
    }

    private static ProblemResult NoSuchTarget(string name) =>
        ProblemResult.NotFound($"no node has sent to a target '{Uri.UnescapeDataString(name.Length <= 200 ? name : name[..200])}'");
}

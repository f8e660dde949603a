using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Chronos.Actors.Projections;
using Chronos.Host.Hosting;
using Chronos.Host.Http;

namespace Chronos.Host.Cluster;

/// <summary>For those who start and stop nodes: does it live, and can it serve?</summary>
internal static class HealthEndpoints
{
    public static RouteGroupBuilder MapHealth(this RouteGroupBuilder root)
    {
        root.MapGet("/health/live", () => Results.Json(new HealthView("live", null), ApiJson.Api.HealthView))
            .IsOpenToAll().ExcludeFromDescription();
        root.MapGet("/health/ready", Ready).IsOpenToAll().ExcludeFromDescription();
        return root;
    }

    /// <summary>A model that is being rebuilt makes lists incomplete but no firing wrong, so the node is ready meanwhile and says it.</summary>
    private static IResult Ready(ActorSystem system, ProjectionRunner projections, Readiness readiness)
    {
        var member = Akka.Cluster.Cluster.Get(system).SelfMember.Status;
        var checks = projections.Health.ToImmutableSortedDictionary(
            h => $"projection {h.Name}", h => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(h.State.ToString()), StringComparer.Ordinal)
            .Add("process", readiness.IsLeaving ? "stopping" : "running")
            .Add("cluster", System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(member.ToString()));
        var ready = !readiness.IsLeaving && member == MemberStatus.Up && projections.Health.All(h => h.State != ProjectionState.Stopped);
        return Results.Json(new HealthView(ready ? "ready" : "not_ready", checks), ApiJson.Api.HealthView, statusCode: ready ? 200 : 503);
    }
}

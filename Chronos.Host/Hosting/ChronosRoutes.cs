using Chronos.Core.Governance.Access;
using Chronos.Host.Admin;
using Chronos.Host.Calendars;
using Chronos.Host.Callbacks;
using Chronos.Host.Cluster;
using Chronos.Host.Executions;
using Chronos.Host.Http;
using Chronos.Host.Jobs;
using Chronos.Host.Keys;
using Chronos.Host.Operations;
using Chronos.Host.Schedules;
using Chronos.Host.Studio;
using Chronos.Host.Targets;
using Scalar.AspNetCore;

namespace Chronos.Host.Hosting;

/// <summary>What is reachable from outside: one line per room.</summary>
internal static class ChronosRoutes
{
    public static void MapChronos(this WebApplication app, ChronosSettings settings)
    {
        app.Services.GetRequiredService<CatalogMetrics>();
        var metrics = app.Services.GetRequiredService<RequestMetrics>();
        app.Use((http, next) => metrics.Measure(http, _ => next(http)));
        app.Use((http, next) =>
        {
            http.Response.Headers.XContentTypeOptions = "nosniff";
            return next(http);
        });
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(ProblemHandling.WriteForStatus);
        app.UseWhen(
            static http => http.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal),
            branch => branch.Use((http, next) => RequestBody.Unreadable(http.Request)?.ExecuteAsync(http) ?? next(http)));
        app.Use((http, next) =>
        {
            // Whatever can be got answers HEAD, too; the server leaves the body out.
            if (HttpMethods.IsHead(http.Request.Method))
            {
                http.Request.Method = HttpMethods.Get;
            }

            return next(http);
        });
        app.UseRouting();
        app.UseMiddleware<AccessCheck>();

        var api = app.MapGroup("/api/v1");
        api.MapJobs().MapJobStates().MapRevisions().MapSlots().MapApply();
        api.MapPreview();
        api.MapCalendars();
        api.MapAgenda();
        api.MapExecutions().MapDeadLetters().MapOperations();
        api.MapTargets();
        api.MapCallbacks();
        api.MapKeys();
        api.MapStudio();
        api.MapCluster().MapDoctor().MapMembers().MapProjections();
        api.MapAdmin();

        foreach (var root in new[] { app.MapGroup(""), api })
        {
            root.MapHealth();
            root.MapPrometheusScrapingEndpoint("/metrics").Needs(Scopes.ClusterRead);
            root.MapOpenApi("/openapi/{documentName}.json").IsOpenToAll();
        }

        if (settings.IsClustered)
        {
            app.MapBootstrap();
        }

        app.MapScalarApiReference("/docs", options => options
            .WithTitle("Chronos").WithOpenApiRoutePattern("/openapi/{documentName}.json").DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp()).IsOpenToAll();

        if (settings.Mode == HostMode.Dev)
        {
            app.MapEcho();
        }
    }
}

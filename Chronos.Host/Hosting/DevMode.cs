using System.Text.Json;
using Akka.Actor;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Host.Http;

namespace Chronos.Host.Hosting;

/// <summary>What dev mode does once the node listens: the demo job, and a page of text that leads to one's own.</summary>
internal static class DevMode
{
    private const string DemoName = "demo";

    public static async Task Welcome(WebApplication app, ChronosSettings settings, CancellationToken cancellation)
    {
        var address = app.Urls.First();
        var first = app.Services.GetRequiredService<FirstKey>();
        Console.WriteLine(Text(address, settings));
        if (settings.Demo)
        {
            await MakeDemo(app.Services.GetRequiredService<Regions>(), address, first.Made, cancellation);
        }
    }

    /// <summary>Made once: who deletes it does not find it again. A demo that still posts to a former port of this node follows it.</summary>
    private static async Task MakeDemo(Regions regions, string address, bool fresh, CancellationToken cancellation)
    {
        var id = JobId.For(TenantId.Default, DemoName);
        var demo = Demo(address);
        try
        {
            if (await regions.Ask(new JobCommands.Get(TenantId.Default, id), cancellation) is JobReplies.Accepted { Job: var job })
            {
                if (job.Definition != demo && (job.Definition with { Target = demo.Target }) == demo)
                {
                    await regions.Ask(new JobCommands.Replace(TenantId.Default, id, demo, "replace", Principal.System, null, null), cancellation);
                }
            }
            else if (fresh)
            {
                await regions.Ask(new JobCommands.Create(TenantId.Default, id, demo, Principal.System, null), cancellation);
            }
        }
        catch (AskTimeoutException)
        {
            Console.Error.WriteLine("the demo job could not be made in time; the next start tries again");
        }
    }

    private static JobDefinition Demo(string address)
    {
        var document = $$$"""
            {"name":"{{{DemoName}}}","description":"Posts to the echo target of this node every 10 s","schedule":{"every":"10s"},
             "webhook":{"url":"{{{address}}}/echo"},"payload":{"hello":"world"},"timeout":"5s","tags":{"kind":"demo"}}
            """;
        using var json = JsonDocument.Parse(document);
        var violations = new List<Violation>();
        return JobDocument.Read(json.RootElement, violations)
            ?? throw new InvalidOperationException($"the demo job is not valid: {violations[0].Field} {violations[0].Message}");
    }

    private static string Text(string address, ChronosSettings settings)
    {
        var key = FirstKey.FileOf(settings);
        return $$$"""

            Chronos is listening on {{{address}}}
              API      {{{address}}}/api/v1     documentation {{{address}}}/docs
              key      {{{key}}} (administrator; sent as X-API-Key)
              data     {{{settings.Data}}}

            Make a job of your own:
              curl -s {{{address}}}/api/v1/jobs -H "X-API-Key: $(cat '{{{key}}}')" -H 'Content-Type: application/json' \
                -d '{"name":"my-first","schedule":{"every":"5s"},"webhook":{"url":"{{{address}}}/echo"}}'
              dotnet run --project Chronos.Cli -- job create --name my-second --every 5s --url {{{address}}}/echo --server {{{address}}} --key "$(cat '{{{key}}}')"
            and see what it does:
              dotnet run --project Chronos.Cli -- execution tail --server {{{address}}} --key "$(cat '{{{key}}}')"

            """;
    }
}

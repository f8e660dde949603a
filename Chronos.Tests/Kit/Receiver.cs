using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Chronos.Tests.Kit;

/// <summary>One request as the target saw it.</summary>
internal sealed record Received(DateTimeOffset At, string Execution, int Attempt, DateTimeOffset ScheduledAt, string Key, string Body)
{
    public string CallbackToken { get; init; } = "";

    public string CallbackUrl { get; init; } = "";
}

/// <summary>A target of the real kind: Kestrel on a port of its own, which writes down what it gets.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Receiver(WebApplication app) => _app = app;

    public ConcurrentQueue<Received> Requests { get; } = [];

    /// <summary>The youngest slot that was received of each job.</summary>
    public ConcurrentDictionary<string, DateTimeOffset> Latest { get; } = new(StringComparer.Ordinal);

    public string Url { get; private set; } = "";

    /// <summary>What the target does before it answers; by default nothing.</summary>
    public Func<Received, CancellationToken, Task<int>> Answer { get; set; } = (_, _) => Task.FromResult(200);

    public static Task<Receiver> Start() => Start("127.0.0.1");

    public static async Task<Receiver> Start(string address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{address}:0");
        var receiver = new Receiver(builder.Build());
        receiver._app.Map("/{**path}", receiver.Take);
        await receiver._app.StartAsync();
        receiver.Url = receiver._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return receiver;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task Take(HttpContext context)
    {
        var at = DateTimeOffset.UtcNow;
        using var reader = new StreamReader(context.Request.Body);
        var headers = context.Request.Headers;
        var request = new Received(
            at, headers["X-Chronos-Execution-Id"].ToString(), int.TryParse(headers["X-Chronos-Attempt"], out var n) ? n : 0,
            DateTimeOffset.TryParse(headers["X-Chronos-Scheduled-Time"], out var scheduled) ? scheduled : default,
            headers["Idempotency-Key"].ToString(), await reader.ReadToEndAsync(context.RequestAborted))
        {
            CallbackToken = headers["X-Chronos-Callback-Token"].ToString(),
            CallbackUrl = headers["X-Chronos-Callback-Url"].ToString(),
        };
        Requests.Enqueue(request);
        Latest.AddOrUpdate(request.Execution.Split('@', '!')[0], request.ScheduledAt, (_, known) => known > request.ScheduledAt ? known : request.ScheduledAt);
        context.Response.StatusCode = await Answer(request, context.RequestAborted);
    }
}

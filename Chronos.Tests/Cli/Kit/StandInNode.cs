using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Chronos.Tests.Cli.Kit;

/// <summary>A request as the stand-in got it.</summary>
internal sealed record SeenRequest(string Method, string Path, string Body, string? ContentType, IReadOnlyDictionary<string, string> Headers)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}

/// <summary>What the stand-in answers; a null answer breaks the connection.</summary>
internal sealed record CannedAnswer(int Status, string Body, string ContentType = "application/json")
{
    public static CannedAnswer Problem(int status, string code, string detail, string errors = "[]") => new(
        status, $$"""{"type":"about:blank","title":"{{code}}","status":{{status}},"detail":"{{detail}}","code":"{{code}}","errors":{{errors}},"trace_id":"t-1"}""", "application/problem+json");
}

/// <summary>A real HTTP server that records what the CLI sends and answers as told.</summary>
internal sealed class StandInNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<SeenRequest> _seen = new();

    private StandInNode(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    public IReadOnlyList<SeenRequest> Seen => [.. _seen];

    public SeenRequest Only => Assert.Single(Seen);

    public static Task<StandInNode> AnsweringAsync(string body) => StartAsync(_ => new CannedAnswer(200, body));

    public static Task<StandInNode> AnsweringAsync(CannedAnswer answer) => StartAsync(_ => answer);

    public static async Task<StandInNode> StartAsync(Func<SeenRequest, CannedAnswer?> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var node = new StandInNode(builder.Build());
        node._app.Run(async context =>
        {
            var seen = await SeeAsync(context.Request);
            node._seen.Enqueue(seen);
            if (answer(seen) is not { } canned)
            {
                context.Abort();
                return;
            }

            context.Response.StatusCode = canned.Status;
            context.Response.ContentType = canned.ContentType;
            await context.Response.WriteAsync(canned.Body);
        });
        await node._app.StartAsync();
        return node;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task<SeenRequest> SeeAsync(HttpRequest request)
    {
        using var reader = new StreamReader(request.Body);
        var raw = request.HttpContext.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
        return new SeenRequest(request.Method, raw, await reader.ReadToEndAsync(), request.ContentType,
            request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase));
    }
}

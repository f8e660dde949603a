using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Chronos.Core.Dispatching;
using Chronos.Tests.Compliance;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TestPort = Chronos.Tests.Kit.TestPort;

namespace Chronos.Tests.Actors.Dispatching;

/// <summary>A Kestrel on 127.0.0.1 with a corner for each thing that a target may do.</summary>
internal sealed class HttpTarget : IAnsweringTarget
{
    private const int LargestBody = 1024 * 1024;

    private readonly ConcurrentQueue<Received> _received = new();
    private readonly Action<ListenOptions> _listen;
    private WebApplication _app = null!;
    private CancellationTokenSource _killed = null!;

    private HttpTarget(Action<ListenOptions> listen) => _listen = listen;

    public string Url { get; private set; } = "";

    public IReadOnlyList<Received> Received => [.. _received];

    /// <summary>Where <c>/redirect</c> leads.</summary>
    public string RedirectTo { get; set; } = "/ok";

    public int RedirectCode { get; set; } = 302;

    /// <summary>What <c>/status</c> answers.</summary>
    public int Status { get; set; } = 200;

    public DispatchTarget Accepting => Section($$"""{"url":"{{Url}}/ok"}""");

    public DispatchTarget Failing => Section($$"""{"url":"{{Url}}/fail"}""");

    public DispatchTarget Rejecting => Section($$"""{"url":"{{Url}}/reject"}""");

    public DispatchTarget Silent => Section($$"""{"url":"{{Url}}/hang"}""");

    public DispatchTarget Missing => Section($$"""{"url":"{{Url}}/nowhere"}""");

    public FailureClass MissingIs => FailureClass.ClientError;

    public int TooManyBytes => LargestBody;

    public DispatchTarget Oversized => Section($$"""{"url":"{{Url}}/big"}""");

    public DispatchTarget Unreachable => Section($$"""{"url":"http://127.0.0.1:{{TestPort.Free()}}/"}""");

    public static DispatchTarget Section(string json) => new(Protocol.Http, json);

    public DispatchTarget Guarded(string secretName) =>
        Section($$"""{"url":"{{Url}}/guarded","auth":{"type":"basic","username":"me","password":{"secret":"{{secretName}}"} } }""");

    public DispatchTarget Leaking(string secretName) =>
        Section($$"""{"url":"{{Url}}/leak","auth":{"type":"api_key","in":"query","name":"key","value":{"secret":"{{secretName}}"} } }""");

    public static Task<HttpTarget> StartAsync() => StartAsync(static _ => { });

    /// <summary>With a certificate that nobody trusts.</summary>
    public static async Task<HttpTarget> StartTlsAsync()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = DateTimeOffset.UtcNow;
        var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return await StartAsync(listen => listen.UseHttps(certificate));
    }

    private static async Task<HttpTarget> StartAsync(Action<ListenOptions> listen)
    {
        var target = new HttpTarget(listen);
        await target.ListenAsync(0);
        return target;
    }

    public Task RestartAsync() => ListenAsync(new Uri(Url).Port);

    private async Task ListenAsync(int port)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = LargestBody;
            kestrel.Listen(IPAddress.Loopback, port, _listen);
        });
        (_app, _killed) = (builder.Build(), new CancellationTokenSource());
        _app.Run(AnswerAsync);
        await _app.StartAsync();
        Url = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    public async Task KillAsync()
    {
        await _killed.CancelAsync();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await _app.DisposeAsync();
        _killed.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var headers = context.Request.Headers.ToDictionary(pair => pair.Key.ToLowerInvariant(), pair => pair.Value.ToString());
        headers["method"] = context.Request.Method;
        _received.Enqueue(new Received(context.Request.Path + context.Request.QueryString, headers, body));
        var response = context.Response;
        switch (context.Request.Path.Value)
        {
            case "/ok": await response.WriteAsync("fine"); break;
            case "/status": response.StatusCode = Status; break;
            case "/fail": response.StatusCode = 503; response.Headers.RetryAfter = "7"; break;
            case "/reject": response.StatusCode = 400; break;
            case "/busy": response.StatusCode = 429; response.Headers.RetryAfter = "3"; break;
            case "/hang": await HangAsync(context); break;
            case "/half": await HalfAsync(context); break;
            case "/big": await BigAsync(context); break;
            case "/binary": response.ContentType = "image/png"; await response.Body.WriteAsync(new byte[] { 0x89, 0x50, 0, 1 }); break;
            case "/latin": response.ContentType = "text/plain; charset=iso-8859-1"; await response.Body.WriteAsync(Encoding.Latin1.GetBytes("Käse\0")); break;
            case "/long": response.ContentType = "text/plain"; await response.WriteAsync(new string('é', 4000)); break;
            case "/redirect": response.StatusCode = RedirectCode; response.Headers.Location = RedirectTo; break;
            case "/guarded":
                var right = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("me:" + DispatcherCompliance.Secret));
                response.StatusCode = context.Request.Headers.Authorization == right ? 200 : 401;
                break;
            case "/leak":
                response.StatusCode = 500;
                response.ContentType = "text/plain";
                var key = context.Request.Query["key"].ToString();
                await response.WriteAsync($"{context.Request.QueryString} | {key} | {Convert.ToBase64String(Encoding.UTF8.GetBytes(key))} | {context.Request.Headers.Authorization}");
                break;
            default: response.StatusCode = 404; break;
        }
    }

    private async Task HangAsync(HttpContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_killed.Token, context.RequestAborted);
        try
        {
            await Task.Delay(Timeout.Infinite, end.Token);
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
    }

    private async Task HalfAsync(HttpContext context)
    {
        context.Response.ContentLength = 1000;
        await context.Response.WriteAsync("half");
        await context.Response.Body.FlushAsync();
        context.Abort();
    }

    private static async Task BigAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain";
        var chunk = Encoding.ASCII.GetBytes(new string('x', 64 * 1024));
        try
        {
            for (var i = 0; i < 64; i++)
            {
                await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The reader had enough, which is the point.
        }
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Chronos.Tests.Kit;

/// <summary>How a <see cref="WebServer"/> listens.</summary>
/// <param name="Certificates">Present: inside TLS, with the certificates of this folder.</param>
internal sealed record Listening(HttpProtocols Protocols, string? Certificates = null, ClientCertificateMode Client = ClientCertificateMode.NoCertificate)
{
    public static readonly Listening Plain = new(HttpProtocols.Http1);
}

/// <summary>A Kestrel on 127.0.0.1 that answers as a test says.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private WebServer(WebApplication app) => _app = app;

    /// <summary>Ends in no slash; with a host that the certificate bears.</summary>
    public string Url { get; private set; } = "";

    /// <summary>What came: headers in lower case, the version of HTTP, the name in the client's certificate, and the body.</summary>
    public ConcurrentQueue<(IReadOnlyDictionary<string, string> Headers, string Version, string? Client, byte[] Body)> Requests { get; } = [];

    public static async Task<WebServer> Start(Listening listening, Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = listening.Protocols;
            if (listening.Certificates is { } folder)
            {
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "server.pem"), Path.Combine(folder, "server.key"));
                    https.ClientCertificateMode = listening.Client;

                    // Who signed it is for the test to look at.
                    https.ClientCertificateValidation = (certificate, _, _) => certificate.Issuer == "CN=Chronos test authority";
                });
            }
        }));
        var server = new WebServer(builder.Build());
        server._app.Run(async http =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            server.Requests.Enqueue((
                http.Request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()), http.Request.Protocol,
                (await http.Connection.GetClientCertificateAsync())?.Subject, body.ToArray()));
            http.Request.Body = new MemoryStream(body.ToArray());
            await answer(http);
        });
        await server._app.StartAsync();
        server.Url = server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}

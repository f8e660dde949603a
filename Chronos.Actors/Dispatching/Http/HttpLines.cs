using System.Diagnostics;
using System.Net;
using System.Text;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>Through whom a target is reached, the password resolved.</summary>
internal sealed record ProxyRoute(Uri Url, string? Username, string? Password) : IWebProxy
{
    public ICredentials? Credentials { get; set; } = Username is null ? null : new NetworkCredential(Username, Password);

    /// <summary>Always: a proxy that was asked for is used for every address, loopback too.</summary>
    public Uri? GetProxy(Uri destination) => Url;

    public bool IsBypassed(Uri host) => false;
}

/// <summary>What connections that may be shared have in common, besides where they lead.</summary>
internal sealed record HttpRoute(BrokerTls? Tls, ProxyRoute? Proxy)
{
    public static readonly HttpRoute Plain = new(null, null);

    public bool IsPlain => Tls is null && Proxy is null;

    /// <summary>Does not show what is in it.</summary>
    public string Identity() => BrokerTls.Identity(Tls?.Identity(), Proxy?.Url.AbsoluteUri, Proxy?.Username, Proxy?.Password);
}

/// <summary>The HTTP clients of a node: one for targets without wishes, and one for each certificate, authority and proxy of others.</summary>
internal sealed class HttpLines(HttpDispatchOptions options, GuardedConnector connector, TimeProvider time) : IDisposable
{
    private readonly HttpMessageInvoker _plain = new(NewHandler(options, connector));
    private readonly BrokerConnections<Line> _lines = new(options.MaxLines, options.LineIdle, time);

    /// <exception cref="RequestFaultException">The certificate, its key or the authorities cannot be read.</exception>
    public Lease Rent(HttpRoute route)
    {
        if (route.IsPlain)
        {
            return new Lease(_plain, null);
        }

        var lease = _lines.Rent(route.Identity(), () => new Line(NewHandler(options, connector), route));
        return new Lease(lease.Connection.Client, lease);
    }

    public void Dispose()
    {
        _plain.Dispose();

        // Closing a client waits for nothing.
        _ = _lines.DisposeAsync().AsTask();
    }

    private static SocketsHttpHandler NewHandler(HttpDispatchOptions options, GuardedConnector connector) => new()
    {
        ConnectCallback = connector.ConnectAsync,
        PlaintextStreamFilter = AttemptWatch.Filter,
        ConnectTimeout = options.ConnectTimeout,
        PooledConnectionLifetime = options.ConnectionLifetime,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        MaxConnectionsPerServer = int.MaxValue,
        EnableMultipleHttp2Connections = true,
        MaxResponseHeadersLength = 64,

        // A proxy from the environment would be connected to instead of the target, past the guard.
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,

        // What is not read is not waited for: the connection goes.
        MaxResponseDrainSize = 0,
        ResponseDrainTimeout = TimeSpan.Zero,
        ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
        RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
    };

    /// <summary>A client for the time of one attempt.</summary>
    internal sealed class Lease(HttpMessageInvoker client, IDisposable? lease) : IDisposable
    {
        public HttpMessageInvoker Client => client;

        public void Dispose() => lease?.Dispose();
    }

    internal sealed class Line : IAsyncDisposable
    {
        private readonly IDisposable[] _held = [];

        public Line(SocketsHttpHandler handler, HttpRoute route)
        {
            try
            {
                if (route.Tls is { } tls)
                {
                    handler.SslOptions.CertificateChainPolicy = tls.Trust();
                    (handler.SslOptions.ClientCertificateContext, _held) = tls.ClientContext();
                }

                handler.UseProxy = route.Proxy is not null;
                handler.Proxy = route.Proxy;
                Client = new HttpMessageInvoker(handler);
            }
            catch
            {
                handler.Dispose();
                throw;
            }
        }

        public HttpMessageInvoker Client { get; }

        public ValueTask DisposeAsync()
        {
            Client.Dispose();
            foreach (var one in _held)
            {
                one.Dispose();
            }

            return ValueTask.CompletedTask;
        }
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Chronos.Actors.Dispatching.Http;
using Grpc.Net.Client;

namespace Chronos.Actors.Dispatching.Grpc;

/// <summary>Where a channel leads and with what inside TLS; two calls that agree in all of it share one.</summary>
internal sealed record GrpcEndpoint(Uri Address, string? Ca, string? Certificate, string? Key, string? ServerName)
{
    /// <summary>Does not hold the private key.</summary>
    public string Identity { get; } = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', new[] { Address.AbsoluteUri, Ca, Certificate, Key, ServerName }.Select(part => $"{part?.Length ?? -1}:{part}")))));
}

/// <summary>The channels of a node. A channel that is in use is not closed under its calls.</summary>
internal sealed class GrpcChannels(GrpcDispatchOptions options, TimeProvider time, ResolveName resolve) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly GuardedConnector _connector = new(resolve, options.AllowPrivateTargets);
    private long _swept = time.GetTimestamp();

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <exception cref="RequestFaultException">The certificate, its key or the authorities cannot be read.</exception>
    public Lease Rent(GrpcEndpoint endpoint)
    {
        lock (_gate)
        {
            Sweep();
            if (!_entries.TryGetValue(endpoint.Identity, out var entry))
            {
                _entries[endpoint.Identity] = entry = Open(endpoint);
            }

            entry.Users++;
            return new Lease(this, entry);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var entry in _entries.Values)
            {
                entry.Dispose();
            }

            _entries.Clear();
        }
    }

    private void Sweep()
    {
        if (_entries.Count < options.MaxChannels && time.GetElapsedTime(_swept) < options.ChannelIdle / 2)
        {
            return;
        }

        _swept = time.GetTimestamp();
        var idle = _entries.Where(pair => pair.Value.Users == 0).OrderBy(pair => pair.Value.UsedAt).ToList();
        foreach (var (name, entry) in idle)
        {
            if (_entries.Count >= options.MaxChannels || time.GetElapsedTime(entry.UsedAt) > options.ChannelIdle)
            {
                _entries.Remove(name);
                entry.Dispose();
            }
        }
    }

    private void Return(Entry entry)
    {
        lock (_gate)
        {
            entry.Users--;
            entry.UsedAt = time.GetTimestamp();
        }
    }

    private Entry Open(GrpcEndpoint endpoint)
    {
        var held = new List<IDisposable>();
        try
        {
            HttpMessageHandler handler = new WatchedHandler(Handler(endpoint, held));
            if (endpoint.ServerName is not null)
            {
                handler = new ServerNameHandler(endpoint.ServerName, handler);
            }

            var channel = GrpcChannel.ForAddress(endpoint.Address, new GrpcChannelOptions
            {
                HttpHandler = handler,
                DisposeHttpClient = true,
                MaxReceiveMessageSize = options.MaxMessage,
                MaxSendMessageSize = options.MaxMessage,
                DisableResolverServiceConfig = true,
            });
            return new Entry(channel, new GrpcReflection(channel, options, time), held);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            held.ForEach(one => one.Dispose());
            throw new RequestFaultException("grpc.tls: the certificate, its key or the authorities are no PEM that fits together");
        }
    }

    private SocketsHttpHandler Handler(GrpcEndpoint endpoint, List<IDisposable> held)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = _connector.ConnectAsync,
            PlaintextStreamFilter = AttemptWatch.Filter,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = options.ConnectionLifetime,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            EnableMultipleHttp2Connections = true,
            MaxResponseHeadersLength = 64,

            // A peer that is gone without a word is found out while calls wait for it.
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,

            // A proxy from the environment would be connected to instead of the target, past the guard.
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
        };
        if (endpoint.Ca is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPem(endpoint.Ca);
            held.AddRange(policy.CustomTrustStore);
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        if (endpoint.Certificate is not null)
        {
            var leaf = X509Certificate2.CreateFromPem(endpoint.Certificate, endpoint.Key);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(endpoint.Certificate);
            held.Add(leaf);
            held.AddRange(chain);
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true);
        }

        return handler;
    }

    /// <summary>A channel for the length of an attempt.</summary>
    internal sealed class Lease(GrpcChannels owner, Entry entry) : IDisposable
    {
        private int _returned;

        public GrpcChannel Channel => entry.Channel;

        public GrpcReflection Reflection => entry.Reflection;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _returned, 1) == 0)
            {
                owner.Return(entry);
            }
        }
    }

    internal sealed class Entry(GrpcChannel channel, GrpcReflection reflection, List<IDisposable> held) : IDisposable
    {
        public GrpcChannel Channel { get; } = channel;

        public GrpcReflection Reflection { get; } = reflection;

        public int Users { get; set; }

        public long UsedAt { get; set; }

        public void Dispose()
        {
            Channel.Dispose();
            held.ForEach(one => one.Dispose());
        }
    }

    /// <summary>Name in the handshake, name that the certificate must bear, and authority of the call.</summary>
    private sealed class ServerNameHandler(string name, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Host = name;
            return base.SendAsync(request, cancellationToken);
        }
    }
}

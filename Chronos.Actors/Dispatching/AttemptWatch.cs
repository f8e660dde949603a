using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Chronos.Actors.Dispatching.Http;

namespace Chronos.Actors.Dispatching;

/// <summary>A request or a message as it is about to leave.</summary>
/// <param name="Properties">What a message has besides headers.</param>
internal sealed record SentMessage(
    string Method, string Address, IReadOnlyList<(string Name, string Value)> Properties, IReadOnlyList<(string Name, string Value, bool Secret)> Headers, byte[] Body);

/// <summary>What one attempt does on the wire, for the one who tries a request and looks on. The attempts of jobs have none, and cost nothing.</summary>
/// <remarks>
/// Flows with the attempt. A connection of HTTP is made outside the flow of the request that wants it, so there the watch travels in the
/// options of the request.
/// </remarks>
internal sealed class AttemptWatch(IReadOnlyDictionary<string, string> secrets, TimeProvider time)
{
    private const string Stars = "***";
    private static readonly HttpRequestOptionsKey<AttemptWatch> Key = new("chronos.watch");
    private static readonly AsyncLocal<AttemptWatch?> Ambient = new();

    private readonly Lock _gate = new();
    private readonly List<SentMessage> _sent = [];
    private readonly List<(string Name, string Value)> _responseHeaders = [];
    private long _ready = time.GetTimestamp();
    private long _connected;
    private SecretMask? _mask;

    /// <summary>The watch of the attempt that runs here.</summary>
    public static AttemptWatch? Current => Ambient.Value;

    public IReadOnlyList<SentMessage> Sent
    {
        get
        {
            lock (_gate)
            {
                return [.. _sent];
            }
        }
    }

    public IReadOnlyList<(string Name, string Value)> ResponseHeaders
    {
        get
        {
            lock (_gate)
            {
                return [.. _responseHeaders];
            }
        }
    }

    public string? Version { get; private set; }

    public TimeSpan? Dns { get; private set; }

    public TimeSpan? Connect { get; private set; }

    public TimeSpan? Tls { get; private set; }

    public TimeSpan? FirstByte { get; private set; }

    public string? Remote { get; private set; }

    public string? TlsVersion { get; private set; }

    public string? Cipher { get; private set; }

    public string? Certificate { get; private set; }

    /// <summary>Lets the attempt that is begun after this be watched, and nothing else: what the caller does later is not.</summary>
    public void Follow() => Ambient.Value = this;

    /// <summary>The watch of the request that a connection is made for.</summary>
    public static AttemptWatch? Of(HttpRequestMessage request) => request.Options.TryGetValue(Key, out var watch) ? watch : null;

    /// <summary>Puts the watch of the attempt that runs here on a request.</summary>
    public static void Mark(HttpRequestMessage request)
    {
        if (Current is { } watch)
        {
            request.Options.Set(Key, watch);
        }
    }

    /// <summary>Called for each connection of HTTP when it stands, TLS included.</summary>
    public static ValueTask<Stream> Filter(SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellation)
    {
        Of(context.InitialRequestMessage)?.Ready(context.PlaintextStream as SslStream);
        return ValueTask.FromResult(context.PlaintextStream);
    }

    /// <summary>A secret that was given with this one attempt; null when there is none of that name.</summary>
    public string? Secret(string name) => secrets.GetValueOrDefault(name);

    public long Now() => time.GetTimestamp();

    public void Resolved(long since) => Dns = (Dns ?? TimeSpan.Zero) + time.GetElapsedTime(since);

    public void Connected(long since, EndPoint? remote)
    {
        Connect = (Connect ?? TimeSpan.Zero) + time.GetElapsedTime(since);
        Remote = remote?.ToString();
        _ready = _connected = time.GetTimestamp();
    }

    /// <summary>The request is about to leave; what is secret in it goes no further than here.</summary>
    public void Leaves(SentMessage message, SecretMask mask)
    {
        var masked = message with
        {
            Address = mask.Apply(message.Address),
            Properties = [.. message.Properties.Select(property => (property.Name, mask.Apply(property.Value)))],
            Headers = [.. message.Headers.Select(header => (header.Name, header.Secret ? Stars : mask.Apply(header.Value), false))],
            Body = mask.Apply(message.Body),
        };
        lock (_gate)
        {
            _sent.Add(masked);
            _mask = mask;
        }

        _ready = time.GetTimestamp();
    }

    /// <summary>The head of an answer of HTTP is there; the last one counts.</summary>
    public void Answered(HttpResponseMessage response)
    {
        Version = $"HTTP/{response.Version}";
        Answered(response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated).Select(header => (header.Key, header.Value.ToString())));
    }

    /// <summary>The first of an answer is there.</summary>
    public void Answered(IEnumerable<(string Name, string Value)> headers)
    {
        FirstByte = time.GetElapsedTime(_ready);
        lock (_gate)
        {
            // What answered before anything was sent (reflection) is not the answer, and nobody knows its mask.
            _responseHeaders.Clear();
            _responseHeaders.AddRange(_mask is { } mask ? headers.Select(header => (header.Name, mask.Apply(header.Value))) : []);
        }
    }

    private void Ready(SslStream? tls)
    {
        if (tls is not null && _connected != 0)
        {
            Tls = (Tls ?? TimeSpan.Zero) + time.GetElapsedTime(_connected);
            TlsVersion = tls.SslProtocol.ToString();
            Cipher = tls.NegotiatedCipherSuite.ToString();
            Certificate = tls.RemoteCertificate is X509Certificate2 certificate
                ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{certificate.Subject}, issued by {certificate.Issuer}, until {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}")
                : tls.RemoteCertificate?.Subject;
        }

        _ready = time.GetTimestamp();
    }

    /// <summary>Text of a body, or null when it is none.</summary>
    public static string? TextOf(byte[] body)
    {
        try
        {
            var text = new UTF8Encoding(false, true).GetString(body);
            return text.Any(static c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}

/// <summary>Carries the watch of an attempt to the connection, and looks at the answers, where a library makes the requests.</summary>
internal sealed class WatchedHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        AttemptWatch.Mark(request);
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        AttemptWatch.Current?.Answered(response);
        return response;
    }
}

using System.Net.Security;
using System.Text.Json;
using Akka.Actor;
using Chronos.Actors.Kernel.Tls;
using Chronos.Core.Clustering;

namespace Chronos.Actors.Kernel.Bootstrap;

/// <summary>Asks a contact point for <c>/bootstrap/seed-nodes</c>.</summary>
public sealed class ContactProbe : IDisposable
{
    /// <summary>A cluster of hundreds of nodes is told in less.</summary>
    private const int MostBytes = 256 * 1024;

    private readonly HttpClient _http;
    private readonly string _scheme;
    private readonly TimeProvider _time;

    /// <param name="authority">PEM file of the authority of the other nodes' HTTPS; absent: those that the system trusts.</param>
    public ContactProbe(string scheme, string? authority, TimeProvider time)
    {
        (_scheme, _time) = (scheme, time);
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(2), PooledConnectionLifetime = TimeSpan.FromMinutes(1) };

        // Contact points are addresses, certificates bear names. Nothing secret is sent, and whom a node then joins is checked by both sides.
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, errors) => (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None;
        if (authority is not null)
        {
            handler.SslOptions.CertificateChainPolicy = TrustedAuthorities.Policy(authority);
        }

        _http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(3), MaxResponseContentBufferSize = MostBytes };
    }

    /// <exception cref="HttpRequestException">It does not answer, or with something else.</exception>
    public async Task<ContactAnswer> AskAsync(string contact, CancellationToken cancellation)
    {
        using var answer = await _http.GetAsync(new Uri($"{_scheme}://{contact}/bootstrap/seed-nodes"), cancellation).ConfigureAwait(false);
        answer.EnsureSuccessStatusCode();
        using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false));
        return new ContactAnswer(
            Node(json.RootElement.GetProperty("selfNode")), [.. json.RootElement.GetProperty("seedNodes").EnumerateArray().Select(seed => Node(seed.GetProperty("node")))], _time.GetUtcNow());
    }

    private static string Node(JsonElement json) =>
        json.GetString() is { Length: <= 300 } text && Address.TryParse(text, out var address) && address.HasGlobalScope ? text : throw new JsonException("no address of a node");

    public void Dispose() => _http.Dispose();
}

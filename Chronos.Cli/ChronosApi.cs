using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Chronos.Cli;

/// <summary>The one HTTP client. A refusal of the server becomes a <see cref="CliFailure"/> with the exit code that fits it.</summary>
internal sealed class ChronosApi : IDisposable
{
    private const string Prefix = "/api/v1";
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);

    private readonly ServerSettings _settings;
    private readonly HttpClient _http;

    public ChronosApi(ServerSettings settings)
    {
        _settings = settings;

        // No proxy: a node is an address that the user typed, and looking for a proxy costs time at start-up.
        var handler = new SocketsHttpHandler { ConnectTimeout = ConnectTimeout, AllowAutoRedirect = false, UseProxy = false, UseCookies = false };
        if (settings.Authorities is { } authorities)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities);
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        _http = new HttpClient(handler)
        {
            BaseAddress = settings.Server,
            Timeout = AnswerTimeout,
        };
    }

    public Task<ApiAnswer> GetAsync(string path, CancellationToken cancellation) => SendAsync(new ApiRequest(HttpMethod.Get, path), cancellation);

    public async Task<ApiAnswer> SendAsync(ApiRequest request, CancellationToken cancellation)
    {
        var answer = await AskAsync(request, cancellation);
        return answer.IsSuccess ? answer : throw Problem.Read(answer, _settings);
    }

    /// <summary>The answer whatever its status.</summary>
    public async Task<ApiAnswer> AskAsync(ApiRequest request, CancellationToken cancellation)
    {
        try
        {
            return await OnceAsync(request, cancellation);
        }
        catch (HttpRequestException broken) when (request.MayBeRepeated && BrokeMidway(broken))
        {
            // The connection broke after it stood, so the request may have been done. A read, or a request under the same
            // idempotency key, can be sent again without doing it twice.
            return await AgainAsync(request, cancellation);
        }
        catch (HttpRequestException unreachable)
        {
            throw Unreachable(Reason(unreachable));
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Unreachable("it does not answer in time");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<ApiAnswer> AgainAsync(ApiRequest request, CancellationToken cancellation)
    {
        try
        {
            return await OnceAsync(request, cancellation);
        }
        catch (HttpRequestException unreachable)
        {
            throw Unreachable(Reason(unreachable));
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Unreachable("it does not answer in time");
        }
    }

    private async Task<ApiAnswer> OnceAsync(ApiRequest request, CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(request.Method, AddressOf(request.Path));
        message.Headers.UserAgent.Add(new ProductInfoHeaderValue("chronosctl", "1"));
        message.Headers.TryAddWithoutValidation("Accept", request.Accept);
        if (_settings.Key is not null)
        {
            message.Headers.TryAddWithoutValidation("X-API-Key", _settings.Key);
        }

        if (request.IfMatch is not null)
        {
            message.Headers.TryAddWithoutValidation("If-Match", request.IfMatch);
        }

        if (request.IdempotencyKey is not null)
        {
            message.Headers.TryAddWithoutValidation("Idempotency-Key", request.IdempotencyKey);
        }

        if (request.Body is not null)
        {
            message.Content = new ByteArrayContent(request.Body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", request.BodyType);
        }

        using var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
        return new ApiAnswer(
            response.StatusCode,
            await response.Content.ReadAsByteArrayAsync(cancellation),
            response.Content.Headers.ContentType?.MediaType,
            response.Headers.ETag?.ToString(),
            response.Headers.RetryAfter?.ToString());
    }

    // A node may be served below a path of its own behind a proxy.
    private string AddressOf(string path) =>
        _settings.Server.AbsolutePath.TrimEnd('/') + (path.StartsWith("/health", StringComparison.Ordinal) ? path : Prefix + path);

    private CliFailure Unreachable(string reason) => new(ExitCode.Unreachable, $"{_settings.Server.GetLeftPart(UriPartial.Authority)} is not reachable: {reason}");

    private static bool BrokeMidway(HttpRequestException broken) =>
        broken.HttpRequestError is HttpRequestError.ResponseEnded
        || broken.InnerException is IOException
        || broken.GetBaseException() is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown };

    private static string Reason(HttpRequestException e) => e.GetBaseException() switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "connection refused (is the node running? 'chronosctl dev' starts one)",
        SocketException { SocketErrorCode: SocketError.HostNotFound } => "no such host",
        AuthenticationException untrusted => $"{untrusted.Message} (a private authority is trusted with --ca or CHRONOS_CA)",
        var other => other.Message,
    };
}

using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>How an exchange ended, before it is an outcome.</summary>
internal sealed record HttpEnd(FailureClass Failure, int? Status = null, string? Error = null, ReadResponse? Response = null, TimeSpan? RetryAfter = null)
{
    public ImmutableSortedDictionary<string, string> Facts { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>One request with its redirects, and the reading of the answer.</summary>
/// <param name="token">Sent as bearer where the target is the one of the job; null when there is none.</param>
internal sealed class HttpExchange(
    HttpMessageInvoker client, GuardedConnector guard, HttpDispatchOptions options, AttemptRequest attempt, WebhookRequest prepared, AttemptSecrets secrets, string? token, TimeProvider time)
{
    /// <summary>Bytes from which on the target is asked before a body is sent.</summary>
    private const int LargeBody = 1024 * 1024;

    private readonly string _traceParent = DispatchTelemetry.TraceParent(attempt);

    public async Task<HttpEnd> RunAsync(SecretMask mask, CancellationToken cancellation)
    {
        var hop = new Hop(prepared.Url, prepared.Section.Method, prepared.Body, SameOrigin: true);
        for (var hops = 0; ; hops++)
        {
            if (prepared.Section.Proxy is not null)
            {
                await guard.JudgeAsync(hop.Url.IdnHost, cancellation).ConfigureAwait(false);
            }

            using var request = Make(hop);
            AttemptWatch.Mark(request);
            AttemptWatch.Current?.Leaves(Describe(request, hop), mask);
            using var response = await client.SendAsync(request, cancellation).ConfigureAwait(false);
            AttemptWatch.Current?.Answered(response);
            if (!prepared.Section.FollowRedirects || !IsRedirect(response) || prepared.Section.SuccessCodes.Contains((int)response.StatusCode))
            {
                return await ReadAsync(response, mask, cancellation).ConfigureAwait(false);
            }

            if (hops == options.MaxRedirects)
            {
                return new HttpEnd(FailureClass.ClientError, (int)response.StatusCode, $"the target redirects more than {options.MaxRedirects} times");
            }

            var (next, refusal) = Follow(hop, response);
            if (next is null)
            {
                return new HttpEnd(FailureClass.ClientError, (int)response.StatusCode, refusal);
            }

            hop = next;
        }
    }

    private static bool IsRedirect(HttpResponseMessage response) =>
        (int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is not null;

    private (Hop? Next, string? Refusal) Follow(Hop hop, HttpResponseMessage response)
    {
        var location = new Uri(hop.Url, response.Headers.Location!);
        if (WebhookUrl.Fault(location.AbsoluteUri) is not null)
        {
            return (null, "the target redirects to an address that cannot be followed");
        }

        if (hop.Url.Scheme == "https" && location.Scheme != "https")
        {
            return (null, "the target redirects from https to http, which is not followed");
        }

        var same = hop.SameOrigin && Uri.Compare(hop.Url, location, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;
        var code = (int)response.StatusCode;
        var toGet = code == 303 ? hop.Method != "HEAD" : code is 301 or 302 && hop.Method == "POST";
        var next = new Hop(location, toGet ? "GET" : hop.Method, toGet ? null : hop.Body, same);
        return !same && next.Body is not null && prepared.BodyHoldsSecret ? (null, "the target redirects to another origin, and the body holds a secret")
            : !same && prepared.Section.Tls?.Certificate is not null ? (null, "the target redirects to another origin, which would ask for the certificate of the job")
            : (next, null);
    }

    private HttpRequestMessage Make(Hop hop)
    {
        var request = new HttpRequestMessage(new HttpMethod(hop.Method), hop.Url)
        {
            // 2 where the server offers it inside TLS, 1.1 otherwise; without TLS, 2 is spoken by prior knowledge or not at all.
            Version = prepared.Section.Version switch
            {
                WebhookVersion.Http2 => HttpVersion.Version20,
                WebhookVersion.Http11 => HttpVersion.Version11,
                _ => hop.Url.Scheme == "https" ? HttpVersion.Version20 : HttpVersion.Version11,
            },
            VersionPolicy = prepared.Section.Version == WebhookVersion.Http2 ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
        };
        if (hop.Body is not null || hop.Method is "POST" or "PUT" or "PATCH")
        {
            request.Content = new ByteArrayContent(hop.Body ?? []);
            if (hop.Body is not null)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", prepared.ContentType);
            }

            if (prepared.Section.Digest)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Digest", WebhookRequest.DigestOf(hop.Body ?? []));
            }
        }

        // A target that does not take so much says so before it is sent, and does not hang up in the middle of it (curl does the same).
        request.Headers.ExpectContinue = hop.Body is { Length: >= LargeBody } ? true : null;
        Add(request, "User-Agent", "Chronos/0.1");
        foreach (var (name, value, secret) in prepared.Headers)
        {
            if (hop.SameOrigin || !secret)
            {
                Add(request, name, value);
            }
        }

        if (token is not null && hop.SameOrigin)
        {
            Add(request, "Authorization", "Bearer " + token);
        }

        Add(request, "Idempotency-Key", attempt.Execution.Value);
        Add(request, "X-Chronos-Job-Id", attempt.Job.Value);
        Add(request, "X-Chronos-Execution-Id", attempt.Execution.Value);
        Add(request, "X-Chronos-Attempt", attempt.Attempt.ToString(CultureInfo.InvariantCulture));
        Add(request, "X-Chronos-Scheduled-Time", Rfc3339.Format(attempt.ScheduledAt));
        Add(request, "traceparent", _traceParent);
        foreach (var (name, value) in hop.SameOrigin ? AttemptIdentity.Callback(attempt) : [])
        {
            Add(request, name, value);
        }

        if (prepared.Section.Auth is WebhookAuth.Hmac hmac && hop.SameOrigin)
        {
            Sign(request, hmac, hop.Body ?? []);
        }

        return request;
    }

    private SentMessage Describe(HttpRequestMessage request, Hop hop)
    {
        var secret = prepared.Headers.Where(header => header.Secret).Select(header => header.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (token is not null)
        {
            secret.Add("Authorization");
        }

        IEnumerable<KeyValuePair<string, HeaderStringValues>> headers = request.Content is { } content ? request.Headers.NonValidated.Concat(content.Headers.NonValidated) : request.Headers.NonValidated;
        return new SentMessage(hop.Method, hop.Url.AbsoluteUri, [], [.. headers.Select(header => (header.Key, header.Value.ToString(), secret.Contains(header.Key)))], hop.Body ?? []);
    }

    private void Sign(HttpRequestMessage request, WebhookAuth.Hmac hmac, byte[] body)
    {
        var key = StandardWebhooks.Key(secrets.Get(hmac.Key.Name))!;
        var at = time.GetUtcNow();
        Add(request, "webhook-id", attempt.Execution.Value);
        Add(request, "webhook-timestamp", at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        Add(request, "webhook-signature", StandardWebhooks.Sign(key, attempt.Execution.Value, at, body));
    }

    /// <summary>The last one wins: a header of the job replaces a default.</summary>
    private static void Add(HttpRequestMessage request, string name, string value)
    {
        HttpHeaders headers = name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) && request.Content is not null ? request.Content.Headers : request.Headers;
        if (headers.NonValidated.Contains(name))
        {
            headers.Remove(name);
        }

        headers.TryAddWithoutValidation(name, value);
    }

    private async Task<HttpEnd> ReadAsync(HttpResponseMessage response, SecretMask mask, CancellationToken cancellation)
    {
        var succeeds = prepared.Section.SuccessCodes.Contains((int)response.StatusCode);
        if (succeeds && ServerSentEvents.IsStream(response))
        {
            return await ServerSentEvents.ReadAsync(response, attempt, options, mask, time, cancellation).ConfigureAwait(false) with { Facts = Facts(response) };
        }

        var (bytes, truncated) = await ResponseReader.ReadAsync(response.Content, options.MaxResponse, cancellation).ConfigureAwait(false);
        var read = ResponseReader.Decode(bytes, truncated, response.Content.Headers.ContentType, mask);
        var code = (int)response.StatusCode;
        var failure = succeeds ? FailureClass.None : HttpFailures.OfStatus(code);
        return new HttpEnd(failure, code, failure == FailureClass.None ? null : HttpFailures.Describe(code, response), read, HttpFailures.RetryAfter(response, time)) { Facts = Facts(response) };
    }

    /// <summary>What the job wanted to be kept of the exchange.</summary>
    private ImmutableSortedDictionary<string, string> Facts(HttpResponseMessage response)
    {
        var facts = ImmutableSortedDictionary<string, string>.Empty;

        // A digest of what holds a secret is not for everybody who may read the attempt.
        facts = prepared is { Digest: { } digest, BodyHoldsSecret: false } ? facts.Add("content_digest", digest) : facts;
        return prepared.Section.Version == WebhookVersion.Any ? facts : facts.Add("http_version", response.Version.ToString(2));
    }

    private sealed record Hop(Uri Url, string Method, byte[]? Body, bool SameOrigin);
}

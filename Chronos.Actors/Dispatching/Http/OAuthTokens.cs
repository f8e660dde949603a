using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Http;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>Client credentials with their secret resolved, and the way to the token endpoint.</summary>
internal sealed record OAuthGrant(OAuth2 Auth, string Secret, HttpRoute Route)
{
    public Uri Url { get; } = new(Auth.TokenUrl);

    /// <exception cref="RequestFaultException">The node has no such secret.</exception>
    public static OAuthGrant Resolve(OAuth2 auth, AttemptSecrets secrets, HttpRoute route)
    {
        var secret = secrets.Get(auth.ClientSecret.Name);
        secrets.Hide(OAuthTokens.BasicOf(auth.ClientId, secret));
        return new OAuthGrant(auth, secret, route);
    }

    /// <summary>Attempts that agree in it share a token. Does not show what is in it.</summary>
    public string Identity() => BrokerTls.Identity(
        [Auth.TokenUrl, Auth.ClientId, Secret, Auth.Audience, Auth.ClientAuth.ToString(), Route.Identity(), .. Auth.Scopes]);
}

/// <summary>The token endpoint gave no token.</summary>
internal sealed class OAuthFaultException(FailureClass failure, string message, TimeSpan? retryAfter) : Exception(message)
{
    public FailureClass Failure => failure;

    public TimeSpan? RetryAfter => retryAfter;
}

/// <summary>
/// Tokens of client credentials, shared by all attempts with the same ones: fetched once, one at a time, and anew before they expire.
/// They are in memory only.
/// </summary>
internal sealed class OAuthTokens(HttpDispatchOptions options, TimeProvider time)
{
    private const int MostKept = 1024;
    private const int LargestAnswer = 64 * 1024;
    private const int LongestToken = 16 * 1024;

    /// <summary>Where the endpoint does not say how long.</summary>
    private static readonly TimeSpan UnknownLife = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(1);
    private static readonly TimeSpan LongestMargin = TimeSpan.FromSeconds(60);

    /// <summary>How long those who waited for a fetch that failed share its fault, instead of trying one after another.</summary>
    private static readonly TimeSpan FaultIsShared = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>The token that is there and need not be renewed yet; null when one has to be fetched.</summary>
    public string? Find(OAuthGrant grant) => _entries.TryGetValue(grant.Identity(), out var entry) ? Fresh(entry) : null;

    /// <summary>The token that is there, or a new one.</summary>
    /// <exception cref="OAuthFaultException">The endpoint refuses, or answers something else.</exception>
    public async Task<string> GetAsync(OAuthGrant grant, HttpMessageInvoker client, CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();
        var entry = EntryOf(grant);
        if (!await entry.Gate.WaitAsync(0, cancellation).ConfigureAwait(false))
        {
            if (entry.Held is { } held && time.GetElapsedTime(held.Since) < held.Life)
            {
                // Somebody fetches the next one already, and this one is still good.
                return held.Value;
            }

            await entry.Gate.WaitAsync(cancellation).ConfigureAwait(false);
        }

        try
        {
            if (Fresh(entry) is { } found)
            {
                return found;
            }

            if (entry.Fault is { } fault && (fault.At >= asked || time.GetElapsedTime(fault.At) < FaultIsShared))
            {
                throw new OAuthFaultException(fault.Error.Failure, fault.Error.Message, fault.Error.RetryAfter);
            }

            entry.Held = await FetchAsync(grant, client, cancellation).ConfigureAwait(false);
            entry.Fault = null;
            return entry.Held.Value;
        }
        catch (OAuthFaultException error)
        {
            entry.Fault = new Failed(error, time.GetTimestamp());
            throw;
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    /// <summary>The target did not take a token. Forgets it, unless another one has come meanwhile.</summary>
    public void Forget(OAuthGrant grant, string token)
    {
        if (_entries.TryGetValue(grant.Identity(), out var entry) && entry.Held is { } held && held.Value == token)
        {
            Interlocked.CompareExchange(ref entry.Held, null, held);
        }
    }

    private string? Fresh(Entry entry) => entry.Held is { } held && time.GetElapsedTime(held.Since) < held.Life - held.Margin ? held.Value : null;

    private Entry EntryOf(OAuthGrant grant)
    {
        if (_entries.Count >= MostKept)
        {
            foreach (var (identity, entry) in _entries.Where(pair => pair.Value.Gate.CurrentCount == 1).OrderBy(pair => pair.Value.Held?.Since ?? 0).Take(MostKept / 4))
            {
                _entries.TryRemove(KeyValuePair.Create(identity, entry));
            }
        }

        return _entries.GetOrAdd(grant.Identity(), static _ => new Entry());
    }

    private async Task<Token> FetchAsync(OAuthGrant grant, HttpMessageInvoker client, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.TokenTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        using var request = Request(grant);
        var asked = time.GetTimestamp();
        try
        {
            using var response = await client.SendAsync(request, either.Token).ConfigureAwait(false);
            var (bytes, truncated) = await ResponseReader.ReadAsync(response.Content, LargestAnswer, either.Token).ConfigureAwait(false);
            var code = (int)response.StatusCode;
            return code == 200 && !truncated
                ? Read(bytes, asked)
                : throw new OAuthFaultException(HttpFailures.OfStatus(code), $"the token endpoint answered {code}{Reason(bytes)}", HttpFailures.RetryAfter(response, time));
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && e is not OAuthFaultException
            && HttpFailures.Classify(e, options.TokenTimeout, limit.Token, CancellationToken.None) is { } known)
        {
            throw new OAuthFaultException(known.Failure, $"the token endpoint: {known.Error}", null);
        }
    }

    private static HttpRequestMessage Request(OAuthGrant grant)
    {
        var auth = grant.Auth;
        var form = new List<KeyValuePair<string, string>> { new("grant_type", "client_credentials") };
        if (!auth.Scopes.IsEmpty)
        {
            form.Add(new("scope", string.Join(' ', auth.Scopes)));
        }

        if (auth.Audience is not null)
        {
            form.Add(new("audience", auth.Audience));
        }

        var request = new HttpRequestMessage(HttpMethod.Post, grant.Url);
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "Chronos/0.1");
        if (auth.ClientAuth == OAuth2ClientAuth.Basic)
        {
            // RFC 6749 2.3.1: both are encoded as in a form first.
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", BasicOf(auth.ClientId, grant.Secret));
        }
        else
        {
            form.Add(new("client_id", auth.ClientId));
            form.Add(new("client_secret", grant.Secret));
        }

        request.Content = new FormUrlEncodedContent(form);
        return request;
    }

    /// <summary>What the header holds; it is a secret as well.</summary>
    internal static string BasicOf(string id, string secret) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes($"{System.Net.WebUtility.UrlEncode(id)}:{System.Net.WebUtility.UrlEncode(secret)}"));

    private static Token Read(byte[] bytes, long since)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var answer = document.RootElement;
            if (answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("access_token", out var token) && token.ValueKind == JsonValueKind.String
                && token.GetString() is { Length: > 0 and <= LongestToken } text && HeaderRules.IsValue(text)
                && (!answer.TryGetProperty("token_type", out var type) || (type.ValueKind == JsonValueKind.String && string.Equals(type.GetString(), "bearer", StringComparison.OrdinalIgnoreCase))))
            {
                var life = Life(answer);
                return new Token(text, since, life, life / 10 < LongestMargin ? life / 10 : LongestMargin);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Said below, without what it was: it may hold half a token.
        }

        throw new OAuthFaultException(FailureClass.ServerError, "the token endpoint answered 200, but with no bearer token", null);
    }

    private static TimeSpan Life(JsonElement answer)
    {
        if (!answer.TryGetProperty("expires_in", out var value))
        {
            return UnknownLife;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText();
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds >= 0
            ? seconds < LongestLife.TotalSeconds ? TimeSpan.FromSeconds(seconds) : LongestLife
            : UnknownLife;
    }

    /// <summary>The code of RFC 6749 5.2, if that is what came; a description may be anything, and stays out.</summary>
    private static string Reason(byte[] bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String
                && error.GetString() is { Length: > 0 and <= 64 } code && code.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? $": {code}" : string.Empty;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return string.Empty;
        }
    }

    private sealed class Entry
    {
        public Token? Held;

        public SemaphoreSlim Gate { get; } = new(1, 1);

        public Failed? Fault { get; set; }
    }

    private sealed record Token(string Value, long Since, TimeSpan Life, TimeSpan Margin);

    private sealed record Failed(OAuthFaultException Error, long At);
}

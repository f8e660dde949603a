using System.Buffers;
using System.Collections.Frozen;

namespace Chronos.Core.Dispatching.Http;

/// <summary>Which headers a job may set.</summary>
public static class HeaderRules
{
    private static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private static readonly FrozenSet<string> Own = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "Idempotency-Key", "traceparent", "tracestate", "webhook-id", "webhook-timestamp", "webhook-signature");

    private static readonly FrozenSet<string> Connection = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length",
        "Expect", "Host", "HTTP2-Settings");

    private static readonly FrozenSet<string> Credentials = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "Authorization", "Proxy-Authorization", "Cookie", "X-API-Key");

    /// <summary>Whether a header carries a credential, so that it must neither be a literal nor follow a redirect to another origin.</summary>
    public static bool IsCredential(string name) => Credentials.Contains(name);

    /// <summary>A value may not break the header apart.</summary>
    public static bool IsValue(string value) => !value.AsSpan().ContainsAny('\r', '\n', '\0') && !value.Any(static c => c < ' ' && c != '\t' || c == '\u007f');

    internal static string? FaultOfName(string name) =>
        name.Length is 0 or > 128 || name.AsSpan().ContainsAnyExcept(Token) ? "is not a name of a header"
        : Own.Contains(name) || name.StartsWith("X-Chronos-", StringComparison.OrdinalIgnoreCase) ? "Chronos sets this header itself"
        : Connection.Contains(name) ? "this header belongs to the connection and cannot be set"
        : null;
}

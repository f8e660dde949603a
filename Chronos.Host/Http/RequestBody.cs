using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Chronos.Host.Http;

/// <summary>A request's body as sound JSON, or why it is none.</summary>
internal sealed record RequestBody(ImmutableArray<JsonElement> Documents, ReadOnlyMemory<byte> Bytes, Rejection? Fault)
{
    /// <summary>How long an <c>Idempotency-Key</c> may be.</summary>
    public const int MaxKey = 200;

    private static readonly JsonElement EmptyObject = JsonDocument.Parse("{}").RootElement;

    /// <summary>Of a request that takes none.</summary>
    public static readonly RequestBody None = new([], ReadOnlyMemory<byte>.Empty, null);

    /// <summary>The only document.</summary>
    public JsonElement Json => Documents[0];

    /// <summary>What the body said, for <c>Idempotency-Key</c>: the same key with other content is another request.</summary>
    public RequestMark? Mark(HttpContext http, ICollection<Violation> violations)
    {
        var given = http.Request.Headers[IdempotencyKeyParameter.Name];
        if (given.Count == 0)
        {
            return null;
        }

        var key = given.ToString();
        if (key.Length is 0 or > MaxKey || key.Any(c => c is < ' ' or > '~'))
        {
            violations.Add(new Violation(IdempotencyKeyParameter.Name, $"must have 1 to {MaxKey} printable ASCII characters"));
            return null;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}\n"));
        hash.AppendData(Bytes.Span);
        return new RequestMark(key, Convert.ToHexStringLower(hash.GetHashAndReset())[..32]);
    }

    /// <summary>One JSON object. An empty body counts as an empty object where <paramref name="absent"/> says so.</summary>
    public static async Task<RequestBody> ReadObject(HttpContext http, EmptyBody absent, CancellationToken cancellation)
    {
        var bytes = await ReadBytes(http, cancellation);
        if (bytes.Length == 0 && absent == EmptyBody.Allowed)
        {
            return new RequestBody([EmptyObject], bytes, null);
        }

        return One(IsYaml(http) ? ReadYaml(bytes) : JobDocumentFile.ReadJson(bytes), bytes);
    }

    /// <summary>Any number of job documents, JSON or YAML by content type.</summary>
    public static async Task<RequestBody> ReadDocuments(HttpContext http, long maxBytes, CancellationToken cancellation)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = maxBytes;
        }

        var bytes = await ReadBytes(http, cancellation);
        var file = IsYaml(http) ? ReadYaml(bytes) : JobDocumentFile.ReadJson(bytes);
        return new RequestBody(file.Documents, bytes, file.Fault);
    }

    /// <summary>Why the bytes of a body are not read: compressed, or a text in another encoding. Null for one without either.</summary>
    public static ProblemResult? Unreadable(HttpRequest request)
    {
        var compression = request.Headers.ContentEncoding.ToString();
        if (compression.Length > 0 && !compression.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return ProblemResult.Of("unsupported_media_type", 415, $"Content-Encoding: '{compression}' is not understood here; send the body as it is");
        }

        return MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.Charset is { Length: > 0 } charset
            && charset.ToString().Trim('"').ToUpperInvariant() is not ("UTF-8" or "UTF8" or "US-ASCII")
            ? ProblemResult.Of("unsupported_media_type", 415, $"Content-Type: charset '{charset}' is not understood here; send UTF-8")
            : null;
    }

    private static RequestBody One(JobDocumentFile file, ReadOnlyMemory<byte> bytes)
    {
        if (file.Fault is not null)
        {
            return new RequestBody([], bytes, file.Fault);
        }

        if (file.Documents is not [{ ValueKind: JsonValueKind.Object } document])
        {
            return new RequestBody([], bytes, Rejection.Of(RejectionCode.ValidationFailed, "the body must be one object"));
        }

        var violations = new List<Violation>();
        return JobDocumentText.IsSound(document, violations)
            ? new RequestBody([document], bytes, null)
            : new RequestBody([], bytes, Rejection.Invalid([.. violations]));
    }

    private static JobDocumentFile ReadYaml(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return JobDocumentFile.ReadYaml(new UTF8Encoding(false, true).GetString(bytes.Span));
        }
        catch (DecoderFallbackException)
        {
            return new JobDocumentFile([], Rejection.Of(RejectionCode.InvalidJson, "the body is no UTF-8 text"));
        }
    }

    private static bool IsYaml(HttpContext http) => http.Request.ContentType?.Contains("yaml", StringComparison.OrdinalIgnoreCase) == true;

    private static async Task<ReadOnlyMemory<byte>> ReadBytes(HttpContext http, CancellationToken cancellation)
    {
        using var buffer = new MemoryStream();
        await http.Request.Body.CopyToAsync(buffer, cancellation);
        var bytes = buffer.ToArray().AsMemory();
        return bytes.Span.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
    }
}

/// <summary>Whether a request may come without a body.</summary>
internal enum EmptyBody
{
    Refused,
    Allowed,
}

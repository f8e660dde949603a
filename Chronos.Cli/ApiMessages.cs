using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Chronos.Cli;

/// <summary>One request to a node, below <c>/api/v1</c>.</summary>
internal sealed record ApiRequest(HttpMethod Method, string Path)
{
    public byte[]? Body { get; init; }

    public string BodyType { get; init; } = "application/json";

    public string Accept { get; init; } = "application/json";

    public string? IfMatch { get; init; }

    public string? IdempotencyKey { get; init; }

    public bool MayBeRepeated => Method == HttpMethod.Get || IdempotencyKey is not null;

    public ApiRequest With(JsonNode? body) => body is null ? this : this with { Body = JsonText.Utf8(body) };
}

/// <summary>What a node answered.</summary>
internal sealed record ApiAnswer(HttpStatusCode Status, byte[] Body, string? MediaType, string? ETag, string? RetryAfter)
{
    private JsonElement? _json;

    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>The body as JSON; an empty body is an empty object.</summary>
    /// <exception cref="CliFailure">Something that is no Chronos node answered.</exception>
    public JsonElement Json => _json ??= Parse();

    private JsonElement Parse()
    {
        if (Body.Length == 0)
        {
            return JsonText.EmptyObject;
        }

        try
        {
            using var document = JsonDocument.Parse(Body);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw new CliFailure(ExitCode.Refused, $"the server answered {(int)Status} with something that is not JSON; is it a Chronos node?");
        }
    }
}

using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Http;

/// <summary>The body that a section gives: text that is sent as it is, or JSON.</summary>
public sealed record WebhookBody(string Text, WebhookBodyKind Kind);

/// <summary>How a body was written in the document.</summary>
public enum WebhookBodyKind
{
    Text,
    Json,
}

/// <summary>Which HTTP is spoken.</summary>
public enum WebhookVersion
{
    /// <summary>2 where the server offers it inside TLS, 1.1 otherwise.</summary>
    Any,
    Http11,

    /// <summary>2 and nothing else; without TLS by prior knowledge.</summary>
    Http2,
}

/// <summary>One header or one parameter of the query; a name may come more than once in a query.</summary>
public readonly record struct WebhookField(string Name, string Value);

/// <summary>The validated <c>webhook</c> section of a job.</summary>
public sealed record WebhookSection
{
    public required string Url { get; init; }

    public string Method { get; init; } = "POST";

    public ImmutableArray<WebhookField> Headers { get; init; } = [];

    public ImmutableArray<WebhookField> Query { get; init; } = [];

    /// <summary>Absent: the payload of the job is the body.</summary>
    public WebhookBody? Body { get; init; }

    /// <summary>Fields of a form that is the body, <c>application/x-www-form-urlencoded</c>; a name may come more than once.</summary>
    public ImmutableArray<WebhookField> Form { get; init; } = [];

    /// <summary>Parts of a body of <c>multipart/form-data</c>.</summary>
    public ImmutableArray<WebhookPart> Multipart { get; init; } = [];

    public WebhookAuth? Auth { get; init; }

    public TargetTls? Tls { get; init; }

    public WebhookProxy? Proxy { get; init; }

    public WebhookVersion Version { get; init; }

    /// <summary>Whether the body goes with its <c>Content-Digest</c> (RFC 9530), which the attempt keeps.</summary>
    public bool Digest { get; init; }

    public SuccessCodes SuccessCodes { get; init; } = SuccessCodes.Default;

    public bool FollowRedirects { get; init; }

    /// <summary>Whether the target reports the end later, and how long it may be silent.</summary>
    public CallbackRule? Callback { get; init; }

    /// <summary>Reads the canonical form that <see cref="ProtocolSections.Read"/> made.</summary>
    /// <exception cref="FormatException">It is no such form.</exception>
    public static WebhookSection Parse(string canonicalJson)
    {
        using var document = JsonDocument.Parse(canonicalJson);
        var violations = new List<Violation>();
        return WebhookSectionReader.Read(document.RootElement, "webhook", violations)
            ?? throw new FormatException($"not a canonical webhook section: {violations[0].Field}: {violations[0].Message}");
    }

    /// <summary>The canonical form: fixed order, defaults left out.</summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    internal ImmutableSortedSet<string> SecretsInTemplates() =>
        SectionFields.SecretsIn(Body, Headers.Concat(Query).Concat(Form).Select(field => field.Value).Append(Url).Concat(Multipart.Select(part => part.Filename ?? string.Empty)))
            .Union(Multipart.SelectMany(part => SectionFields.SecretsIn(part.Content, [])));

    private static void WriteFields(Utf8JsonWriter writer, string name, ImmutableArray<WebhookField> fields)
    {
        if (fields.IsEmpty)
        {
            return;
        }

        writer.WriteStartObject(name);
        foreach (var group in fields.GroupBy(field => field.Name, StringComparer.Ordinal))
        {
            writer.WritePropertyName(group.Key);
            if (group.Count() == 1)
            {
                writer.WriteStringValue(group.Single().Value);
                continue;
            }

            writer.WriteStartArray();
            foreach (var field in group)
            {
                writer.WriteStringValue(field.Value);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("url", Url);
        if (Method != "POST")
        {
            writer.WriteString("method", Method);
        }

        WriteFields(writer, "headers", Headers);
        WriteFields(writer, "query", Query);
        SectionFields.WriteBody(writer, "body", Body);
        WriteFields(writer, "form", Form);
        WebhookPart.WriteAll(writer, Multipart);
        Auth?.Write(writer);
        Tls?.Write(writer);
        Proxy?.Write(writer);
        if (Version != WebhookVersion.Any)
        {
            writer.WriteString("http_version", Version == WebhookVersion.Http2 ? "2" : "1.1");
        }

        if (Digest)
        {
            writer.WriteBoolean("digest", true);
        }

        SuccessCodes.Write(writer);
        if (FollowRedirects)
        {
            writer.WriteBoolean("follow_redirects", true);
        }

        CallbackRule.Write(writer, Callback);
        writer.WriteEndObject();
    }
}

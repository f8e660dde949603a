using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Grpc;

/// <summary>The validated <c>grpc</c> section of a job.</summary>
public sealed record GrpcSection
{
    /// <summary><c>https://host:port</c>, or <c>http://host:port</c> for HTTP/2 without TLS.</summary>
    public required string Target { get; init; }

    /// <summary><c>package.Service/Method</c>; unary or server-streaming.</summary>
    public required string Method { get; init; }

    /// <summary>The message as JSON; absent: the payload of the job, and without one an empty message.</summary>
    public WebhookBody? Message { get; init; }

    /// <summary>Names in lower case; a name that ends in <c>-bin</c> has its value in base64.</summary>
    public ImmutableArray<WebhookField> Metadata { get; init; } = [];

    public WebhookAuth? Auth { get; init; }

    public TargetTls? Tls { get; init; }

    /// <summary>A serialized <c>FileDescriptorSet</c> in base64; absent: the target is asked by server reflection.</summary>
    public string? DescriptorSet { get; init; }

    /// <summary>The service whose health is asked for before each call, empty for the server as a whole; absent: it is not asked.</summary>
    public string? HealthCheck { get; init; }

    /// <summary>Whether the target reports the end later, and how long it may be silent.</summary>
    public CallbackRule? Callback { get; init; }

    /// <summary>The name of the service in <see cref="Method"/>.</summary>
    public string Service => Method[..Method.IndexOf('/', StringComparison.Ordinal)];

    /// <summary>Reads the canonical form that <see cref="ProtocolSections.Read"/> made.</summary>
    /// <exception cref="FormatException">It is no such form.</exception>
    public static GrpcSection Parse(string canonicalJson)
    {
        using var document = JsonDocument.Parse(canonicalJson);
        var violations = new List<Violation>();
        return GrpcSectionReader.Read(document.RootElement, "grpc", violations)
            ?? throw new FormatException($"not a canonical grpc section: {violations[0].Field}: {violations[0].Message}");
    }

    /// <summary>The canonical form: fixed order, defaults left out.</summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("target", Target);
            writer.WriteString("method", Method);
            SectionFields.WriteBody(writer, "message", Message);
            SectionFields.WriteHeaders(writer, "metadata", Metadata);
            Auth?.Write(writer);
            Tls?.Write(writer);
            if (HealthCheck is { Length: 0 })
            {
                writer.WriteBoolean("health_check", true);
            }
            else if (HealthCheck is not null)
            {
                writer.WriteString("health_check", HealthCheck);
            }

            if (DescriptorSet is not null)
            {
                writer.WriteString("descriptor_set", DescriptorSet);
            }

            CallbackRule.Write(writer, Callback);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    internal ImmutableSortedSet<string> SecretsInTemplates() => SectionFields.SecretsIn(Message, Metadata.Select(field => field.Value).Append(Target));
}

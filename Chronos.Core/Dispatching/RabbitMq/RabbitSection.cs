using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.RabbitMq;

/// <summary>The validated <c>rabbitmq</c> section of a job.</summary>
public sealed record RabbitSection
{
    /// <summary><c>amqp://host:port/vhost</c>, or <c>amqps</c>.</summary>
    public required string Url { get; init; }

    /// <summary>The exchange to publish to. Absent: <see cref="Queue"/> is given.</summary>
    public string? Exchange { get; init; }

    /// <summary>May be a template. Goes with <see cref="Exchange"/>.</summary>
    public string RoutingKey { get; init; } = string.Empty;

    /// <summary>The queue to publish to by way of the default exchange. Absent: <see cref="Exchange"/> is given.</summary>
    public string? Queue { get; init; }

    /// <summary>Whether a message that no queue takes is a failure.</summary>
    public bool Mandatory { get; init; } = true;

    /// <summary>Whether a durable queue keeps the message on disk.</summary>
    public bool Persistent { get; init; } = true;

    public byte? Priority { get; init; }

    /// <summary>After this the broker drops the message, in whole milliseconds.</summary>
    public TimeSpan? Expiration { get; init; }

    /// <summary>Absent: what the body is.</summary>
    public string? ContentType { get; init; }

    /// <summary>The property <c>type</c>: what kind of message it is.</summary>
    public string? Type { get; init; }

    public ImmutableArray<WebhookField> Headers { get; init; } = [];

    /// <summary>Absent: the payload of the job is the message.</summary>
    public WebhookBody? Body { get; init; }

    public RabbitAuth? Auth { get; init; }

    public TargetTls? Tls { get; init; }

    /// <summary>Whether the target reports the end later, and how long it may be silent.</summary>
    public CallbackRule? Callback { get; init; }

    /// <summary>Reads the canonical form that <see cref="ProtocolSections.Read"/> made.</summary>
    /// <exception cref="FormatException">It is no such form.</exception>
    public static RabbitSection Parse(string canonicalJson)
    {
        using var document = JsonDocument.Parse(canonicalJson);
        var violations = new List<Violation>();
        return RabbitSectionReader.Read(document.RootElement, "rabbitmq", violations)
            ?? throw new FormatException($"not a canonical rabbitmq section: {violations[0].Field}: {violations[0].Message}");
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

    internal ImmutableSortedSet<string> SecretsInTemplates() => SectionFields.SecretsIn(Body, Headers.Select(field => field.Value).Append(RoutingKey));

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("url", Url);
        WriteText(writer, "exchange", Exchange);
        WriteText(writer, "routing_key", RoutingKey.Length == 0 ? null : RoutingKey);
        WriteText(writer, "queue", Queue);
        if (!Mandatory)
        {
            writer.WriteBoolean("mandatory", false);
        }

        if (!Persistent)
        {
            writer.WriteBoolean("persistent", false);
        }

        if (Priority is { } priority)
        {
            writer.WriteNumber("priority", priority);
        }

        WriteText(writer, "expiration", Expiration is { } expiration ? Durations.Format(expiration) : null);
        WriteText(writer, "content_type", ContentType);
        WriteText(writer, "type", Type);
        SectionFields.WriteHeaders(writer, "headers", Headers);
        SectionFields.WriteBody(writer, "body", Body);
        Auth?.Write(writer);
        Tls?.Write(writer);
        CallbackRule.Write(writer, Callback);
        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(name, text);
        }
    }
}

using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Kafka;

/// <summary>Who must have a message before it counts as sent.</summary>
public enum KafkaAcks
{
    /// <summary>Every replica that is in sync.</summary>
    All,

    /// <summary>The leader of the partition alone.</summary>
    Leader,
}

/// <summary>How a message is compressed on its way and on the broker.</summary>
public enum KafkaCompression
{
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// <summary>How a job proves itself to the brokers by SASL. Holds the name of the secret, never its value.</summary>
/// <param name="Mechanism"><c>plain</c>, <c>scram_sha_256</c> or <c>scram_sha_512</c>.</param>
public sealed record KafkaAuth(string Mechanism, string Username, SecretRef Password);

/// <summary>The validated <c>kafka</c> section of a job.</summary>
public sealed record KafkaSection
{
    /// <summary><c>host:port</c> of brokers to begin with; the others are learned from them.</summary>
    public ImmutableArray<string> Brokers { get; init; } = [];

    public required string Topic { get; init; }

    /// <summary>Absent: no key, and the partition is any.</summary>
    public string? Key { get; init; }

    /// <summary>Absent: the hash of the key chooses it, as Java's client does.</summary>
    public int? Partition { get; init; }

    public ImmutableArray<WebhookField> Headers { get; init; } = [];

    /// <summary>The value of the message; absent: the payload of the job.</summary>
    public WebhookBody? Value { get; init; }

    public KafkaAcks Acks { get; init; }

    /// <summary>Whether the broker drops what the producer repeats within one attempt; only with all acks.</summary>
    public bool Idempotent { get; init; } = true;

    public KafkaCompression Compression { get; init; }

    public KafkaAuth? Auth { get; init; }

    public TargetTls? Tls { get; init; }

    /// <summary>Whether the target reports the end later, and how long it may be silent.</summary>
    public CallbackRule? Callback { get; init; }

    /// <summary>Reads the canonical form that <see cref="ProtocolSections.Read"/> made.</summary>
    /// <exception cref="FormatException">It is no such form.</exception>
    public static KafkaSection Parse(string canonicalJson)
    {
        using var document = JsonDocument.Parse(canonicalJson);
        var violations = new List<Violation>();
        return KafkaSectionReader.Read(document.RootElement, "kafka", violations)
            ?? throw new FormatException($"not a canonical kafka section: {violations[0].Field}: {violations[0].Message}");
    }

    /// <summary>The canonical form: fixed order, defaults left out.</summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("brokers");
            foreach (var broker in Brokers)
            {
                writer.WriteStringValue(broker);
            }

            writer.WriteEndArray();
            writer.WriteString("topic", Topic);
            if (Key is not null)
            {
                writer.WriteString("key", Key);
            }

            if (Partition is { } partition)
            {
                writer.WriteNumber("partition", partition);
            }

            SectionFields.WriteHeaders(writer, "headers", Headers);
            SectionFields.WriteBody(writer, "value", Value);
            WriteSettings(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    internal ImmutableSortedSet<string> SecretsInTemplates() =>
        SectionFields.SecretsIn(Value, Headers.Select(field => field.Value).Append(Topic).Append(Key ?? string.Empty));

    private void WriteSettings(Utf8JsonWriter writer)
    {
        if (Acks == KafkaAcks.Leader)
        {
            writer.WriteString("acks", "leader");
        }
        else if (!Idempotent)
        {
            writer.WriteBoolean("idempotent", false);
        }

        if (Compression != KafkaCompression.None)
        {
            writer.WriteString("compression", Compression.ToString().ToLowerInvariant());
        }

        if (Auth is not null)
        {
            writer.WriteStartObject("auth");
            writer.WriteString("type", Auth.Mechanism);
            writer.WriteString("username", Auth.Username);
            Auth.Password.Write(writer, "password");
            writer.WriteEndObject();
        }

        Tls?.Write(writer);
        CallbackRule.Write(writer, Callback);
    }
}

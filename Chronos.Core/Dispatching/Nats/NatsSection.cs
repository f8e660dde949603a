using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Nats;

/// <summary>What counts as having been sent.</summary>
public enum NatsMode
{
    /// <summary>The server has taken the message; whether anybody listened is not asked.</summary>
    Publish,

    /// <summary>Somebody has replied; the reply is the output.</summary>
    Request,

    /// <summary>A stream has stored the message and said so.</summary>
    Jetstream,
}

/// <summary>The validated <c>nats</c> section of a job.</summary>
public sealed record NatsSection
{
    /// <summary>One or more servers of one cluster, separated by commas.</summary>
    public required string Url { get; init; }

    /// <summary>May be a template.</summary>
    public required string Subject { get; init; }

    public NatsMode Mode { get; init; }

    public ImmutableArray<WebhookField> Headers { get; init; } = [];

    /// <summary>Absent: the payload of the job is the message.</summary>
    public WebhookBody? Body { get; init; }

    public NatsAuth? Auth { get; init; }

    public TargetTls? Tls { get; init; }

    /// <summary>The stream that must store it; only with <see cref="NatsMode.Jetstream"/>.</summary>
    public string? Stream { get; init; }

    /// <summary>The last sequence number that the stream must have; only with <see cref="NatsMode.Jetstream"/>.</summary>
    public ulong? ExpectedLastSequence { get; init; }

    /// <summary>The subject that replies come to begins with this; <c>_INBOX</c> unless the user may not subscribe there.</summary>
    public string InboxPrefix { get; init; } = DefaultInboxPrefix;

    /// <summary>Whether the target reports the end later, and how long it may be silent.</summary>
    public CallbackRule? Callback { get; init; }

    internal const string DefaultInboxPrefix = "_INBOX";

    /// <summary>Reads the canonical form that <see cref="ProtocolSections.Read"/> made.</summary>
    /// <exception cref="FormatException">It is no such form.</exception>
    public static NatsSection Parse(string canonicalJson)
    {
        using var document = JsonDocument.Parse(canonicalJson);
        var violations = new List<Violation>();
        return NatsSectionReader.Read(document.RootElement, "nats", violations)
            ?? throw new FormatException($"not a canonical nats section: {violations[0].Field}: {violations[0].Message}");
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

    internal ImmutableSortedSet<string> SecretsInTemplates() => SectionFields.SecretsIn(Body, Headers.Select(field => field.Value).Append(Subject));

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("url", Url);
        writer.WriteString("subject", Subject);
        if (Mode != NatsMode.Publish)
        {
            writer.WriteString("mode", Mode.ToString().ToLowerInvariant());
        }

        SectionFields.WriteHeaders(writer, "headers", Headers);
        SectionFields.WriteBody(writer, "body", Body);
        Auth?.Write(writer);
        Tls?.Write(writer);
        if (Stream is not null)
        {
            writer.WriteString("stream", Stream);
        }

        if (ExpectedLastSequence is { } sequence)
        {
            writer.WriteNumber("expected_last_sequence", sequence);
        }

        if (InboxPrefix != DefaultInboxPrefix)
        {
            writer.WriteString("inbox_prefix", InboxPrefix);
        }

        CallbackRule.Write(writer, Callback);
        writer.WriteEndObject();
    }
}

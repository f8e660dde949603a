using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.CloudEvents;

/// <summary>How an event travels.</summary>
public enum CloudEventMode
{
    /// <summary>Attributes as headers, data as the body.</summary>
    Binary,

    /// <summary>Attributes and data as one document.</summary>
    Structured,
}

/// <summary>The types that an extension may have in a job document.</summary>
public enum CloudEventKind
{
    Text,
    Integer,
    Boolean,
}

/// <summary>An attribute that CloudEvents does not define.</summary>
/// <param name="Value">Its canonical text; of <see cref="CloudEventKind.Text"/> it may be a template.</param>
public sealed record CloudEventExtension(string Name, string Value, CloudEventKind Kind);

/// <summary>
/// The validated <c>cloud_event</c> part of a job: its payload is sent as an event. <c>id</c> is the execution and <c>time</c> the nominal
/// time, the same on every retry.
/// </summary>
public sealed record CloudEventSection
{
    public CloudEventMode Mode { get; init; } = CloudEventMode.Binary;

    public required string Type { get; init; }

    /// <summary>Absent: made of tenant and job.</summary>
    public string? Source { get; init; }

    public string? Subject { get; init; }

    /// <summary>Absent: what the body of the section, or the payload, is.</summary>
    public string? DataContentType { get; init; }

    public string? DataSchema { get; init; }

    /// <summary>Data that is no text, in base64; in the place of payload and body.</summary>
    public string? DataBase64 { get; init; }

    public ImmutableArray<CloudEventExtension> Extensions { get; init; } = [];

    /// <summary>Reads the canonical form that <see cref="CloudEventReader.Read"/> made.</summary>
    /// <exception cref="FormatException">It is no such form.</exception>
    public static CloudEventSection Parse(string canonicalJson)
    {
        using var document = JsonDocument.Parse(canonicalJson);
        var violations = new List<Violation>();
        return CloudEventReader.Read(document.RootElement, "cloud_event", violations)
            ?? throw new FormatException($"not a canonical cloud_event: {violations[0].Field}: {violations[0].Message}");
    }

    /// <summary>The canonical form: fixed order, defaults left out.</summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("mode", Mode == CloudEventMode.Binary ? "binary" : "structured");
            writer.WriteString("type", Type);
            Write(writer, "source", Source);
            Write(writer, "subject", Subject);
            Write(writer, "data_content_type", DataContentType);
            Write(writer, "data_schema", DataSchema);
            Write(writer, "data_base64", DataBase64);
            WriteExtensions(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    internal ImmutableSortedSet<string> SecretsInTemplates() => SectionFields.SecretsIn(
        null, Extensions.Select(extension => extension.Value).Concat(new[] { Type, Source, Subject, DataContentType, DataSchema, DataBase64 }.OfType<string>()));

    private static void Write(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    private void WriteExtensions(Utf8JsonWriter writer)
    {
        if (Extensions.IsEmpty)
        {
            return;
        }

        writer.WriteStartObject("extensions");
        foreach (var extension in Extensions)
        {
            switch (extension.Kind)
            {
                case CloudEventKind.Integer: writer.WriteNumber(extension.Name, int.Parse(extension.Value, CultureInfo.InvariantCulture)); break;
                case CloudEventKind.Boolean: writer.WriteBoolean(extension.Name, extension.Value == "true"); break;
                default: writer.WriteString(extension.Name, extension.Value); break;
            }
        }

        writer.WriteEndObject();
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.CloudEvents;
using Chronos.Core.Kernel;
using CloudNative.CloudEvents;
using Event = CloudNative.CloudEvents.CloudEvent;

namespace Chronos.Actors.Dispatching.CloudEvents;

/// <summary>How a protocol carries the attributes of an event in mode binary.</summary>
/// <param name="Prefix">Before the name of each attribute.</param>
/// <param name="PercentEncoded">Whether values are percent-encoded, as HTTP and NATS have it.</param>
/// <param name="ContentTypeIsAttribute">Whether <c>datacontenttype</c> travels like any other attribute, and not only as the content type.</param>
internal sealed record CloudEventBinding(string Prefix, bool PercentEncoded, bool ContentTypeIsAttribute)
{
    public static readonly CloudEventBinding Http = new("ce-", PercentEncoded: true, ContentTypeIsAttribute: false);

    public static readonly CloudEventBinding Kafka = new("ce_", PercentEncoded: false, ContentTypeIsAttribute: false);

    public static readonly CloudEventBinding Nats = new("ce-", PercentEncoded: true, ContentTypeIsAttribute: true);

    /// <summary>With the separator that JMS clients can read too.</summary>
    public static readonly CloudEventBinding Amqp = new("cloudEvents_", PercentEncoded: false, ContentTypeIsAttribute: false);

    /// <summary>No binding is defined for gRPC: as HTTP, on which it rests; its content type is its own, so the data's is an attribute.</summary>
    public static readonly CloudEventBinding Grpc = new("ce-", PercentEncoded: true, ContentTypeIsAttribute: true);
}

/// <summary>The event of one attempt, every template rendered: the data and its attributes, or both as one document.</summary>
internal sealed class CloudEventMessage
{
    private static readonly ParsedSections<CloudEventSection> Sections = new("cloud_event", CloudEventSection.Parse);
    private static readonly CloudEventFormat Format = new();

    private readonly Event _event;

    private CloudEventMessage(Event cloudEvent, CloudEventMode mode, bool secret) => (_event, Mode, HoldsSecret) = (cloudEvent, mode, secret);

    public CloudEventMode Mode { get; }

    /// <summary>Whether an attribute was made of a secret.</summary>
    public bool HoldsSecret { get; }

    public string? DataContentType => _event.DataContentType;

    /// <summary>The extension that says which events belong together.</summary>
    public string? PartitionKey => _event["partitionkey"] as string;

    /// <summary>How the events of a job travel; null when it sends none.</summary>
    /// <exception cref="RequestFaultException">The section cannot be read.</exception>
    public static CloudEventMode? ModeOf(AttemptRequest attempt) => attempt.Target.CloudEvent is { } text ? Sections.Get(text).Mode : null;

    /// <summary>The event of an attempt; null when the job sends none.</summary>
    /// <param name="data">What would be sent without an event; null or empty: no data.</param>
    /// <param name="dataType">Its content type.</param>
    /// <exception cref="RequestFaultException">An attribute that a template made is none.</exception>
    public static CloudEventMessage? Of(AttemptRequest attempt, AttemptTemplates templates, AttemptSecrets secrets, byte[]? data, string dataType)
    {
        if (attempt.Target.CloudEvent is not { } text)
        {
            return null;
        }

        var section = Sections.Get(text);
        var secret = false;
        string Rendered(string template, string field, Func<string, string?> faultOf)
        {
            var value = templates.Render(template, field, out var holds);
            if (holds)
            {
                secrets.Hide(value);
                secret = true;
            }

            return faultOf(value) is { } fault ? throw new RequestFaultException($"{field}: what the template makes {fault}") : value;
        }

        var made = new Event(CloudEventsSpecVersion.V1_0)
        {
            Id = attempt.Execution.Value,
            Time = attempt.ScheduledAt.ToUniversalTime(),
            Type = Rendered(section.Type, "cloud_event.type", CloudEventRules.FaultOfRequired),
            Source = new Uri(
                section.Source is { } source ? Rendered(source, "cloud_event.source", CloudEventRules.FaultOfSource) : $"/chronos/{Uri.EscapeDataString(attempt.Tenant.Value)}/jobs/{attempt.JobName}",
                UriKind.RelativeOrAbsolute),
        };
        if (section.Subject is { } subject)
        {
            made.Subject = Rendered(subject, "cloud_event.subject", CloudEventRules.FaultOfRequired);
        }

        if (section.DataSchema is { } schema)
        {
            made.DataSchema = new Uri(Rendered(schema, "cloud_event.data_schema", CloudEventRules.FaultOfSchema), UriKind.Absolute);
        }

        foreach (var extension in section.Extensions)
        {
            Extend(made, extension, Rendered);
        }

        var type = section.DataContentType is { } given ? Rendered(given, "cloud_event.data_content_type", CloudEventRules.FaultOfMediaType) : null;
        SetData(made, section, data, dataType, type);
        return new CloudEventMessage(made, section.Mode, secret);
    }

    /// <summary>The body of the message and its content type.</summary>
    /// <exception cref="RequestFaultException">The data is said to be JSON, and is none.</exception>
    public (byte[]? Body, string? ContentType) Body()
    {
        if (Mode == CloudEventMode.Binary)
        {
            return (_event.Data switch { null => null, byte[] bytes => bytes, var other => Encoding.UTF8.GetBytes((string)other) }, _event.DataContentType);
        }

        try
        {
            return (Format.EncodeStructuredModeMessage(_event, out var type).ToArray(), type.ToString());
        }
        catch (JsonException)
        {
            throw new RequestFaultException($"cloud_event.data_content_type: the data is no {_event.DataContentType}");
        }
    }

    /// <summary>The attributes as a binding has them; none in mode structured, where the body says it all.</summary>
    public IEnumerable<(string Name, string Value)> Headers(CloudEventBinding binding)
    {
        if (Mode == CloudEventMode.Structured)
        {
            yield break;
        }

        yield return (binding.Prefix + "specversion", _event.SpecVersion.VersionId);
        foreach (var (attribute, value) in _event.GetPopulatedAttributes())
        {
            if (binding.ContentTypeIsAttribute || attribute.Name != "datacontenttype")
            {
                var text = attribute.Format(value);
                yield return (binding.Prefix + attribute.Name, binding.PercentEncoded ? Encode(text) : text);
            }
        }
    }

    /// <summary>The message <c>io.cloudevents.v1.CloudEvent</c> as protobuf has it in JSON.</summary>
    public string ToProtoJson()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("id", _event.Id);
            writer.WriteString("source", _event.Source!.OriginalString);
            writer.WriteString("specVersion", _event.SpecVersion.VersionId);
            writer.WriteString("type", _event.Type);
            writer.WriteStartObject("attributes");
            foreach (var (attribute, value) in _event.GetPopulatedAttributes().Where(pair => pair.Key.Name is not ("id" or "source" or "type")))
            {
                writer.WriteStartObject(attribute.Name);
                switch (value)
                {
                    case bool flag: writer.WriteBoolean("ceBoolean", flag); break;
                    case int number: writer.WriteNumber("ceInteger", number); break;
                    case Uri uri: writer.WriteString("ceUri", uri.OriginalString); break;
                    case DateTimeOffset time: writer.WriteString("ceTimestamp", Rfc3339.Format(time)); break;
                    default: writer.WriteString("ceString", attribute.Format(value)); break;
                }

                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            switch (_event.Data)
            {
                case string text: writer.WriteString("textData", text); break;
                case byte[] bytes: writer.WriteBase64String("binaryData", bytes); break;
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>Percent-encodes what the bindings of HTTP and NATS want encoded: space, quote, percent, and all beyond printable ASCII.</summary>
    internal static string Encode(string value)
    {
        if (value.All(static c => c is > ' ' and < '\u007f' and not ('"' or '%')))
        {
            return value;
        }

        var text = new StringBuilder(value.Length + 16);
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in value.EnumerateRunes())
        {
            if (rune.Value is > ' ' and < '\u007f' and not ('"' or '%'))
            {
                text.Append((char)rune.Value);
                continue;
            }

            foreach (var part in bytes[..rune.EncodeToUtf8(bytes)])
            {
                text.Append(CultureInfo.InvariantCulture, $"%{part:X2}");
            }
        }

        return text.ToString();
    }

    private static void Extend(Event made, CloudEventExtension extension, Func<string, string, Func<string, string?>, string> rendered)
    {
        var type = extension.Kind switch
        {
            CloudEventKind.Integer => CloudEventAttributeType.Integer,
            CloudEventKind.Boolean => CloudEventAttributeType.Boolean,
            _ => CloudEventAttributeType.String,
        };
        object value = extension.Kind switch
        {
            CloudEventKind.Integer => int.Parse(extension.Value, CultureInfo.InvariantCulture),
            CloudEventKind.Boolean => extension.Value == "true",
            _ => rendered(extension.Value, $"cloud_event.extensions.{extension.Name}", CloudEventRules.FaultOfText),
        };
        made[CloudEventAttribute.CreateExtension(extension.Name, type)] = value;
    }

    /// <summary>The payload of a job is JSON. A string that is said to be something else, such as <c>application/xml</c>, is that without its quotes.</summary>
    private static string Bare(string json)
    {
        if (json is not ['"', ..])
        {
            return json;
        }

        using var document = JsonDocument.Parse(json);
        return document.RootElement.GetString()!;
    }

    private static void SetData(Event made, CloudEventSection section, byte[]? data, string dataType, string? type)
    {
        if (data is { Length: > 0 })
        {
            // A payload that somebody gave to one run takes the place of the bytes, and their type is not its type.
            var text = Encoding.UTF8.GetString(data);
            var given = section.DataBase64 is null ? type : null;
            (made.Data, made.DataContentType) = (given is not null && !CloudEventRules.IsJson(given) && CloudEventRules.IsJson(dataType) ? Bare(text) : text, given ?? dataType);
        }
        else
        {
            made.Data = section.DataBase64 is { } base64 ? Convert.FromBase64String(base64) : null;
            made.DataContentType = type ?? (made.Data is null ? null : "application/octet-stream");
        }
    }
}

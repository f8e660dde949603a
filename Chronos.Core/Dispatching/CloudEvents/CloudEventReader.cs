using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.CloudEvents;

/// <summary>Reads the <c>cloud_event</c> part of a job document strictly. A fault names its field.</summary>
public static class CloudEventReader
{
    private const int MaxExtensions = 32;
    private const int MaxText = 8192;
    private const int MaxData = 512 * 1024;
    private const string Known = "mode, type, source, subject, data_content_type, data_schema, data_base64, extensions";

    /// <summary>Every fault is added with its path below <paramref name="path"/>; then the result is null.</summary>
    public static CloudEventSection? Read(JsonElement value, string path, ICollection<Violation> violations)
    {
        var found = new List<Violation>();
        var section = SectionObject.Open(value, path, found) is { } members ? Members(members, found) : null;
        foreach (var violation in found)
        {
            violations.Add(violation);
        }

        return found.Count == 0 ? section : null;
    }

    /// <summary>What the protocol's section says that the event says too, or what cannot carry an event.</summary>
    public static void CheckAgainst(CloudEventSection section, DispatchTarget target, bool payload, ICollection<Violation> violations)
    {
        var (name, headers, body) = target.Protocol switch
        {
            Protocol.Http => ("webhook", "headers", "body"),
            Protocol.Grpc => ("grpc", "metadata", "message"),
            Protocol.Kafka => ("kafka", "headers", "value"),
            Protocol.Nats => ("nats", "headers", "body"),
            _ => ("rabbitmq", "headers", "body"),
        };
        using var document = JsonDocument.Parse(target.Section);
        var root = document.RootElement;
        if (root.TryGetProperty(headers, out var fields))
        {
            foreach (var header in fields.EnumerateObject().Where(header => IsOfEvent(header.Name)))
            {
                violations.Add(new Violation($"{name}.{headers}.{header.Name}", "cloud_event sets this header"));
            }
        }

        if (root.TryGetProperty("content_type", out _))
        {
            violations.Add(new Violation($"{name}.content_type", "cloud_event sets the content type; give cloud_event.data_content_type"));
        }

        if ((section.Mode == CloudEventMode.Structured || section.DataBase64 is not null) && root.TryGetProperty("method", out var method) && (method.ValueEquals("GET") || method.ValueEquals("HEAD")))
        {
            violations.Add(new Violation($"{name}.method", $"{method.GetString()} sends no body, which a structured event is, and which data_base64 would be"));
        }

        var given = ((string[])[body, "form", "multipart"]).FirstOrDefault(member => root.TryGetProperty(member, out _));
        if (section.DataBase64 is not null && (payload || given is not null))
        {
            violations.Add(new Violation("cloud_event.data_base64", $"is the data of the event; leave payload and {name}.{given ?? body} out"));
        }

        if (section.DataContentType is not null && given is ("form" or "multipart"))
        {
            violations.Add(new Violation("cloud_event.data_content_type", $"is that of {name}.{given}, which says how it is to be read"));
        }

        if (section.DataBase64 is not null && target.Protocol == Protocol.Grpc && section.Mode == CloudEventMode.Binary)
        {
            violations.Add(new Violation("cloud_event.data_base64", "needs mode structured over gRPC: in mode binary the message is the data"));
        }
    }

    private static bool IsOfEvent(string name) =>
        name.StartsWith("ce-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("ce_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("cloudEvents:", StringComparison.OrdinalIgnoreCase) || name.StartsWith("cloudEvents_", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase);

    private static CloudEventSection Members(SectionObject section, List<Violation> found)
    {
        var mode = section.TakeString("mode") ?? "binary";
        if (mode is not ("binary" or "structured"))
        {
            section.Fault("mode", "is binary or structured");
        }

        var type = Checked(section, "type", section.TakeRequiredString("type"), CloudEventRules.FaultOfRequired, found);
        var source = Checked(section, "source", section.TakeString("source"), CloudEventRules.FaultOfSource, found);
        var subject = Checked(section, "subject", section.TakeString("subject"), CloudEventRules.FaultOfRequired, found);
        var dataContentType = Checked(section, "data_content_type", section.TakeString("data_content_type"), CloudEventRules.FaultOfMediaType, found);
        var dataSchema = Checked(section, "data_schema", section.TakeString("data_schema"), CloudEventRules.FaultOfSchema, found);
        var data = Data(section, section.TakeString("data_base64"));
        var extensions = Extensions(section, found);
        section.Close(Known);
        return new CloudEventSection
        {
            Mode = mode == "structured" ? CloudEventMode.Structured : CloudEventMode.Binary,
            Type = type ?? string.Empty,
            Source = source,
            Subject = subject,
            DataContentType = dataContentType,
            DataSchema = dataSchema,
            DataBase64 = data,
            Extensions = extensions,
        };
    }

    private static string? Checked(SectionObject section, string name, string? text, Func<string, string?> faultOf, List<Violation> found)
    {
        if (text is null)
        {
            return null;
        }

        if (text.Length > MaxText)
        {
            section.Fault(name, $"is longer than {MaxText} characters");
        }
        else if (TemplateText.IsTemplate(text))
        {
            TemplateRules.Check(text, section.At(name), found, inPayload: false);
        }
        else if (faultOf(text) is { } fault)
        {
            section.Fault(name, fault);
        }

        return text;
    }

    private static string? Data(SectionObject section, string? text)
    {
        if (text is null)
        {
            return null;
        }

        if (text.Length > MaxData)
        {
            section.Fault("data_base64", $"is longer than {MaxData} characters");
        }
        else if (!Convert.TryFromBase64String(text, new byte[text.Length], out _))
        {
            section.Fault("data_base64", "is no base64");
        }

        return text;
    }

    private static ImmutableArray<CloudEventExtension> Extensions(SectionObject section, List<Violation> found)
    {
        if (section.Take("extensions") is not { } value)
        {
            return [];
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            section.Fault("extensions", $"an object of names and values is expected, not {SectionObject.Describe(value)}");
            return [];
        }

        var extensions = ImmutableArray.CreateBuilder<CloudEventExtension>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            var path = $"extensions.{member.Name}";
            if (!seen.Add(member.Name))
            {
                section.Fault(path, "is given twice");
            }
            else if (CloudEventRules.FaultOfName(member.Name) is { } fault)
            {
                section.Fault(path, fault);
            }
            else if (Extension(section, member, path, found) is { } extension)
            {
                extensions.Add(extension);
            }
        }

        if (extensions.Count > MaxExtensions)
        {
            section.Fault("extensions", $"has more than {MaxExtensions} entries");
        }

        return extensions.ToImmutable();
    }

    private static CloudEventExtension? Extension(SectionObject section, JsonProperty member, string path, List<Violation> found)
    {
        switch (member.Value.ValueKind)
        {
            case JsonValueKind.String:
                return new CloudEventExtension(member.Name, Checked(section, path, member.Value.GetString(), CloudEventRules.FaultOfText, found)!, CloudEventKind.Text);
            case JsonValueKind.True or JsonValueKind.False:
                return new CloudEventExtension(member.Name, member.Value.GetBoolean() ? "true" : "false", CloudEventKind.Boolean);
            case JsonValueKind.Number when member.Value.TryGetInt32(out var number):
                return new CloudEventExtension(member.Name, number.ToString(CultureInfo.InvariantCulture), CloudEventKind.Integer);
            default:
                section.Fault(path, "a text, true, false or a whole number of 32 bits is expected");
                return null;
        }
    }
}

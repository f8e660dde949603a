using System.Text;
using System.Text.Json;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.RabbitMq;

/// <summary>Reads a <c>rabbitmq</c> section strictly. A fault names its field; a credential in plain text is a fault.</summary>
internal static class RabbitSectionReader
{
    /// <summary>What AMQP 0-9-1 leaves for a name, in bytes.</summary>
    internal const int LongestName = 255;

    private const string Known = "url, exchange, routing_key, queue, mandatory, persistent, priority, expiration, content_type, type, headers, body, auth, tls, callback";

    private static readonly string[] Schemes = ["amqp", "amqps"];
    private static readonly TimeSpan LongestExpiration = TimeSpan.FromDays(49);

    public static RabbitSection? Read(JsonElement value, string path, ICollection<Violation> violations)
    {
        var found = new List<Violation>();
        var section = SectionObject.Open(value, path, found) is { } members ? Read(members, found) : null;
        foreach (var violation in found)
        {
            violations.Add(violation);
        }

        return found.Count == 0 ? section : null;
    }

    private static RabbitSection Read(SectionObject section, List<Violation> found)
    {
        var url = ReadUrl(section);
        var (exchange, key, queue) = ReadPlace(section, found);
        var read = new RabbitSection
        {
            Url = url ?? string.Empty,
            Exchange = exchange,
            RoutingKey = key,
            Queue = queue,
            Mandatory = ReadFlag(section, "mandatory"),
            Persistent = ReadFlag(section, "persistent"),
            Priority = ReadPriority(section),
            Expiration = ReadExpiration(section),
            ContentType = ReadName(section, "content_type"),
            Type = ReadName(section, "type"),
            Headers = SectionFields.Headers(section, "headers", found, HeaderRules.FaultOfName, static (_, value) =>
                HeaderRules.IsValue(value) ? null : "a value of a header has no line break and no control character"),
            Body = SectionFields.Body(section, "body", found),
            Auth = section.Take("auth") is { } a ? RabbitAuth.Read(a, section.At("auth"), found) : null,
            Tls = section.Take("tls") is { } t ? TargetTls.Read(t, section.At("tls"), found, serverName: true) : null,
            Callback = CallbackRule.Take(section, found),
        };
        section.Close(Known);
        CheckTls(section, read);
        return read;
    }

    private static void CheckTls(SectionObject section, RabbitSection read)
    {
        if (read.Tls is not null && read.Url.StartsWith("amqp:", StringComparison.OrdinalIgnoreCase))
        {
            section.Fault("tls", "goes with amqps:// only");
        }

        if (read.Auth is RabbitAuth.External && read.Tls?.Certificate is null)
        {
            section.Fault("auth", "external needs the certificate and the key in tls");
        }
    }

    private static string? ReadUrl(SectionObject section)
    {
        if (section.TakeRequiredString("url") is not { } url)
        {
            return null;
        }

        if (BrokerUrl.Fault(url, Schemes) is { } fault)
        {
            section.Fault("url", fault);
        }
        else if (new Uri(url).AbsolutePath.Count(static c => c == '/') > 1)
        {
            section.Fault("url", "has one name of a virtual host after the address; a '/' in it is written %2F");
        }

        return url;
    }

    private static (string? Exchange, string RoutingKey, string? Queue) ReadPlace(SectionObject section, List<Violation> found)
    {
        var (exchange, queue) = (ReadName(section, "exchange"), ReadName(section, "queue"));
        var key = section.TakeString("routing_key");
        if (exchange is null == queue is null)
        {
            section.Fault(exchange is null ? "exchange" : "queue", "either exchange (with routing_key) or queue is given");
        }

        if (key is not null && queue is not null)
        {
            section.Fault("routing_key", "goes with exchange; the routing key of a queue is its name");
        }

        if (key is null)
        {
            return (exchange, string.Empty, queue);
        }

        TemplateRules.Check(key, section.At("routing_key"), found, inPayload: false);
        if (Encoding.UTF8.GetByteCount(key) > LongestName && !TemplateText.IsTemplate(key))
        {
            section.Fault("routing_key", $"is longer than {LongestName} bytes");
        }
        else if (key.Length > 4096)
        {
            section.Fault("routing_key", "is longer than 4096 characters");
        }
        else if (SectionFields.HoldsSecret(key))
        {
            section.Fault("routing_key", "holds a secret, which everybody on the broker would see; headers and body may");
        }

        return (exchange, key, queue);
    }

    private static string? ReadName(SectionObject section, string name)
    {
        var text = section.TakeString(name);
        if (text is not null && (text.Length == 0 || Encoding.UTF8.GetByteCount(text) > LongestName || text.Any(char.IsControl) || TemplateText.IsTemplate(text)))
        {
            section.Fault(name, $"has 1 to {LongestName} bytes, no control character and no template");
        }

        return text;
    }

    private static bool ReadFlag(SectionObject section, string name)
    {
        if (section.Take(name) is not { } value)
        {
            return true;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            section.Fault(name, $"true or false is expected, not {SectionObject.Describe(value)}");
        }

        return value.ValueKind != JsonValueKind.False;
    }

    private static byte? ReadPriority(SectionObject section)
    {
        if (section.Take("priority") is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetByte(out var priority))
        {
            return priority;
        }

        section.Fault("priority", "is a whole number from 0 to 255");
        return null;
    }

    private static TimeSpan? ReadExpiration(SectionObject section)
    {
        if (section.TakeString("expiration") is not { } text)
        {
            return null;
        }

        if (!Durations.TryParse(text, out var expiration) || expiration > LongestExpiration || expiration.Ticks % TimeSpan.TicksPerMillisecond != 0)
        {
            section.Fault("expiration", "is a duration such as 30s, in whole milliseconds, at most 49 days");
            return null;
        }

        return expiration;
    }
}

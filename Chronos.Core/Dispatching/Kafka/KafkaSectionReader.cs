using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Kafka;

/// <summary>Reads a <c>kafka</c> section strictly. A fault names its field; a credential in plain text is a fault.</summary>
public static partial class KafkaSectionReader
{
    private const int MaxBrokers = 16;
    private const int MaxKey = 8192;
    private const int MaxPartition = 1_000_000;
    private const string Known = "brokers, topic, key, partition, headers, value, acks, idempotent, compression, auth, tls, callback";

    /// <summary>What is wrong with the name of a topic, or null; asked of the document and again of what a template made.</summary>
    public static string? FaultOfTopic(string topic) =>
        TopicName().IsMatch(topic) && topic is not ("." or "..") ? null : "has 1 to 249 letters, digits, '.', '_' and '-'";

    internal static KafkaSection? Read(JsonElement value, string path, ICollection<Violation> violations)
    {
        var found = new List<Violation>();
        var section = SectionObject.Open(value, path, found) is { } members ? Read(members, found) : null;
        foreach (var violation in found)
        {
            violations.Add(violation);
        }

        return found.Count == 0 ? section : null;
    }

    private static KafkaSection Read(SectionObject section, List<Violation> found)
    {
        var brokers = ReadBrokers(section, found);
        var topic = section.TakeRequiredString("topic");
        if (topic is not null)
        {
            TemplateRules.Check(topic, section.At("topic"), found, inPayload: false);
            if (!TemplateText.IsTemplate(topic) && FaultOfTopic(topic) is { } fault)
            {
                section.Fault("topic", fault);
            }
            else if (SectionFields.HoldsSecret(topic))
            {
                section.Fault("topic", "holds a secret, which everybody on the brokers would see");
            }
        }

        var key = ReadKey(section, found);
        var partition = ReadPartition(section);
        var headers = SectionFields.Headers(section, "headers", found, HeaderRules.FaultOfName, static (_, value) =>
            HeaderRules.IsValue(value) ? null : "a value of a header has no line break and no control character");
        var body = SectionFields.Body(section, "value", found);
        var acks = ReadAcks(section);
        var idempotent = ReadIdempotent(section, acks);
        var compression = ReadCompression(section);
        var auth = section.Take("auth") is { } a ? ReadAuth(a, section.At("auth"), found) : null;
        var tls = section.Take("tls") is { } t ? TargetTls.Read(t, section.At("tls"), found, serverName: false) : null;
        var callback = CallbackRule.Take(section, found);
        section.Close(Known);
        return new KafkaSection
        {
            Brokers = brokers,
            Topic = topic ?? string.Empty,
            Key = key,
            Partition = partition,
            Headers = headers,
            Value = body,
            Acks = acks,
            Idempotent = idempotent,
            Compression = compression,
            Auth = auth,
            Tls = tls,
            Callback = callback,
        };
    }

    private static ImmutableArray<string> ReadBrokers(SectionObject section, List<Violation> found)
    {
        if (section.Take("brokers") is not { } value)
        {
            section.Fault("brokers", "is required: a list of host:port");
            return [];
        }

        var brokers = ImmutableArray.CreateBuilder<string>();
        IEnumerable<(JsonElement Item, string Path)> items = value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Select((item, index) => (item, string.Create(CultureInfo.InvariantCulture, $"{section.At("brokers")}[{index}]")))
            : [(value, section.At("brokers"))];
        foreach (var (item, path) in items)
        {
            var broker = item.ValueKind == JsonValueKind.String ? item.GetString()! : string.Empty;
            if (FaultOfBroker(broker) is { } fault)
            {
                found.Add(new Violation(path, fault));
            }
            else if (brokers.Contains(broker))
            {
                found.Add(new Violation(path, "is given twice"));
            }
            else
            {
                brokers.Add(broker);
            }
        }

        if (brokers.Count > MaxBrokers || (brokers.Count == 0 && found.Count == 0))
        {
            section.Fault("brokers", $"has 1 to {MaxBrokers} entries of host:port");
        }

        return brokers.ToImmutable();
    }

    private static string? FaultOfBroker(string broker)
    {
        var colon = broker.LastIndexOf(':');
        return colon > 0 && Uri.CheckHostName(broker[..colon].Trim('[', ']')) != UriHostNameType.Unknown && broker.Length <= 300
            && ushort.TryParse(broker.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0
            ? null
            : "is host:port, such as broker.example.com:9092, with no template in it";
    }

    private static string? ReadKey(SectionObject section, List<Violation> found)
    {
        var key = section.TakeString("key");
        if (key is not null)
        {
            TemplateRules.Check(key, section.At("key"), found, inPayload: false);
        }

        if (key?.Length > MaxKey)
        {
            section.Fault("key", $"is longer than {MaxKey} characters");
        }

        return key;
    }

    private static int? ReadPartition(SectionObject section)
    {
        if (section.Take("partition") is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var partition) && partition is >= 0 and <= MaxPartition)
        {
            return partition;
        }

        section.Fault("partition", "is a whole number from 0");
        return null;
    }

    private static KafkaAcks ReadAcks(SectionObject section)
    {
        switch (section.TakeString("acks"))
        {
            case null or "all":
                return KafkaAcks.All;
            case "leader":
                return KafkaAcks.Leader;
            case "none":
                section.Fault("acks", "a message that nobody acknowledges proves nothing; use all or leader");
                return KafkaAcks.All;
            default:
                section.Fault("acks", "is all or leader");
                return KafkaAcks.All;
        }
    }

    private static bool ReadIdempotent(SectionObject section, KafkaAcks acks)
    {
        if (section.Take("idempotent") is not { } value)
        {
            return acks == KafkaAcks.All;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            section.Fault("idempotent", $"true or false is expected, not {SectionObject.Describe(value)}");
        }
        else if (value.ValueKind == JsonValueKind.True && acks != KafkaAcks.All)
        {
            section.Fault("idempotent", "needs acks: all");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    private static KafkaCompression ReadCompression(SectionObject section)
    {
        switch (section.TakeString("compression"))
        {
            case null or "none": return KafkaCompression.None;
            case "gzip": return KafkaCompression.Gzip;
            case "snappy": return KafkaCompression.Snappy;
            case "lz4": return KafkaCompression.Lz4;
            case "zstd": return KafkaCompression.Zstd;
            default:
                section.Fault("compression", "is one of none, gzip, snappy, lz4, zstd");
                return KafkaCompression.None;
        }
    }

    private static KafkaAuth? ReadAuth(JsonElement value, string path, List<Violation> found)
    {
        if (SectionObject.Open(value, path, found) is not { } auth)
        {
            return null;
        }

        var type = auth.TakeRequiredString("type");
        if (type is not (null or "plain" or "scram_sha_256" or "scram_sha_512"))
        {
            auth.Fault("type", "is one of plain, scram_sha_256, scram_sha_512");
        }

        var username = auth.TakeRequiredString("username");
        if (username is not null && (username.Length is 0 or > 256 || username.Any(char.IsControl) || TemplateText.IsTemplate(username)))
        {
            auth.Fault("username", "has 1 to 256 characters and no template");
        }

        var password = auth.TakeSecret("password");
        auth.Close("type, username, password");
        return type is not null && username is not null && password is { } secret ? new KafkaAuth(type, username, secret) : null;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,249}\z", RegexOptions.CultureInvariant)]
    private static partial Regex TopicName();
}

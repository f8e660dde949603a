using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs;

/// <summary>Reads and writes the job document of the API, of files and of the journal.</summary>
public static partial class JobDocument
{
    private static readonly ImmutableSortedDictionary<string, string> NoTags = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
    private static readonly JsonWriterOptions Canonical = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads and validates a whole document; every fault is added to <paramref name="violations"/> with its field's path, and then the result is null.</summary>
    public static JobDefinition? Read(JsonElement document, ICollection<Violation> violations)
    {
        var before = violations.Count;
        if (document.ValueKind != JsonValueKind.Object)
        {
            violations.Add(new Violation("", $"a job document is an object, not {JobDocumentFields.KindOf(document)}"));
            return null;
        }

        if (!JobDocumentText.IsSound(document, violations))
        {
            return null;
        }

        var definition = Read(new JobDocumentFields(document, "", DocumentMode.Strict, violations), DocumentMode.Strict, violations);
        return violations.Count == before ? definition : null;
    }

    /// <summary>Reads a document that was valid when it was stored: unknown names are kept as they are, and bounds that changed since are tolerated.</summary>
    /// <exception cref="JsonException">It is no job document at all.</exception>
    public static JobDefinition ReadStored(JsonElement document)
    {
        var faults = new StoredDocument();
        if (document.ValueKind == JsonValueKind.Object
            && Read(new JobDocumentFields(document, "", DocumentMode.Stored, faults), DocumentMode.Stored, faults) is { } definition
            && faults.Count == 0)
        {
            return faults.Beyond is { } beyond ? definition with { Beyond = beyond } : definition;
        }

        throw new JsonException($"a stored job document cannot be read: {(faults.Count > 0 ? $"{faults[0].Field} {faults[0].Message}" : "it is no object")}");
    }

    /// <summary>The canonical document: fixed order, defaults left out, durations in Go style.</summary>
    public static string ToJson(JobDefinition definition)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Canonical))
        {
            JobDocumentWriter.Write(writer, definition);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>The canonical document as an element, for diffs, patches and YAML.</summary>
    public static JsonElement ToElement(JobDefinition definition)
    {
        using var document = JsonDocument.Parse(ToJson(definition));
        return document.RootElement.Clone();
    }

    /// <summary>What makes a valid name: it is part of addresses, files and metrics.</summary>
    public static bool IsName(string? name) => name is not null && NamePattern().IsMatch(name);

    private static JobDefinition? Read(JobDocumentFields fields, DocumentMode mode, ICollection<Violation> violations)
    {
        var name = Name(fields, mode);
        var description = fields.Text("description", JobDocumentLimits.MaxDescription);
        var enabled = fields.Flag("enabled") ?? true;
        var (schedule, timezone) = JobDocumentTiming.Read(fields, mode, name ?? "unnamed", violations);
        var target = JobDocumentTarget.Read(fields, mode, violations);
        var secretsInPayload = ImmutableSortedSet<string>.Empty;
        var payload = Payload(fields, mode, violations, ref secretsInPayload);
        target = JobDocumentTarget.WithEvent(fields, target, payload is not null, mode, violations);
        var definition = new JobDefinition
        {
            Name = name ?? "",
            Description = description,
            Enabled = enabled,
            Schedule = schedule is null ? null : Pool<ScheduleSpec>.Of(schedule),
            Timezone = Pool<string>.Of(timezone),
            Target = Pool<DispatchTarget>.Of(target ?? new DispatchTarget(Protocol.Http, "{}")),
            Payload = payload,
            Timeout = fields.Span("timeout", JobDocumentLimits.MinDuration, JobDocumentLimits.MaxDuration) ?? JobDefinition.DefaultTimeout,
            Deadline = fields.Span("deadline", JobDocumentLimits.MinDuration, JobDocumentLimits.MaxDuration),
            Retry = Pool<RetryPolicy>.Of(JobDocumentPolicies.Retry(fields)),
            Concurrency = Pool<ConcurrencyPolicy>.Of(JobDocumentPolicies.Concurrency(fields)),
            Misfire = Pool<MisfirePolicy>.Of(JobDocumentPolicies.Misfire(fields)),
            Priority = fields.Word("priority", JobDocumentWords.Priority) ?? JobPriority.Normal,
            Tags = Tags(fields, mode),
            Limits = JobDocumentFlow.Read(fields, mode),
            Owner = fields.Text("owner", JobDocumentLimits.MaxOwner),
            Secrets = Secrets(fields, mode),
        };
        fields.Finish();
        if (mode == DocumentMode.Strict)
        {
            JobDocumentFlow.Check(fields, definition);
        }

        if (mode == DocumentMode.Strict && target is not null)
        {
            JobDocumentTarget.CheckSecrets(fields, definition, secretsInPayload);
            JobDocumentTarget.CheckCallback(fields, definition);
        }

        return name is null || target is null ? null : definition;
    }

    private static string? Name(JobDocumentFields fields, DocumentMode mode)
    {
        var given = fields.Has("name");
        var name = fields.Text("name", 100);
        if (!given)
        {
            fields.Fault("name", "is missing");
        }
        else if (name is not null && mode == DocumentMode.Strict && !IsName(name))
        {
            fields.Fault("name", "must begin with a lower-case letter or digit and hold only a-z, 0-9, '.', '_' and '-', at most 100");
        }

        return name;
    }

    private static string? Payload(JobDocumentFields fields, DocumentMode mode, ICollection<Violation> violations, ref ImmutableSortedSet<string> secrets)
    {
        if (fields.Any("payload") is not { } value)
        {
            return null;
        }

        var text = JobDocumentText.Compact(value);
        if (mode == DocumentMode.Strict && Encoding.UTF8.GetByteCount(text) > JobDocumentLimits.MaxPayloadBytes)
        {
            fields.Fault("payload", $"is larger than {JobDocumentLimits.MaxPayloadBytes / 1024} KB");
            return null;
        }

        if (mode == DocumentMode.Strict)
        {
            secrets = ProtocolSections.CheckPayload(value, "payload", violations);
        }

        return text;
    }

    private static ImmutableSortedDictionary<string, string> Tags(JobDocumentFields fields, DocumentMode mode)
    {
        if (fields.Any("tags") is not { } value)
        {
            return NoTags;
        }

        var tags = NoTags.ToBuilder();

        if (value.ValueKind != JsonValueKind.Object)
        {
            fields.Wrong("tags", value, "a map of strings");
            return tags.ToImmutable();
        }

        foreach (var tag in value.EnumerateObject())
        {
            var path = $"tags.{(tag.Name.Length <= 80 ? tag.Name : tag.Name[..80])}";
            if (tag.Value.ValueKind != JsonValueKind.String)
            {
                fields.Wrong(path, tag.Value, "a string");
            }
            else if (mode == DocumentMode.Strict && !TagPattern().IsMatch(tag.Name))
            {
                fields.Fault(path, $"a tag's name begins with a letter or digit and holds only letters, digits, '.', '_', '/' and '-', at most {JobDocumentLimits.MaxTagName}");
            }
            else if (mode == DocumentMode.Strict && (tag.Value.GetString()!.Length > JobDocumentLimits.MaxTagValue || tag.Value.GetString()!.Any(char.IsControl)))
            {
                fields.Fault(path, $"must be at most {JobDocumentLimits.MaxTagValue} characters on one line");
            }
            else
            {
                tags[tag.Name] = tag.Value.GetString()!;
            }
        }

        if (mode == DocumentMode.Strict && tags.Count > JobDocumentLimits.MaxTags)
        {
            fields.Fault("tags", $"has more than {JobDocumentLimits.MaxTags} entries");
        }

        return tags.ToImmutable();
    }

    private static ImmutableArray<string> Secrets(JobDocumentFields fields, DocumentMode mode)
    {
        var secrets = ImmutableArray.CreateBuilder<string>();
        foreach (var (path, value) in fields.List("secrets", JobDocumentLimits.MaxSecrets) ?? [])
        {
            if (value.ValueKind != JsonValueKind.String)
            {
                fields.Wrong(path, value, "the name of a secret");
            }
            else if (mode == DocumentMode.Strict && !SecretPattern().IsMatch(value.GetString()!))
            {
                fields.Fault(path, $"'{JobDocumentFields.Shown(value)}' is no name of a secret: letters, digits, '.', '_', '/' and '-', at most {JobDocumentLimits.MaxSecretName}");
            }
            else if (secrets.Contains(value.GetString()!))
            {
                fields.Fault(path, "is given twice");
            }
            else
            {
                secrets.Add(value.GetString()!);
            }
        }

        return secrets.ToImmutable();
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]{0,99}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._/-]{0,62}\z", RegexOptions.CultureInvariant)]
    private static partial Regex TagPattern();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._/-]{0,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex SecretPattern();
}

using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;

namespace Chronos.Core.Jobs;

/// <summary>
/// The <c>limits</c> of a document: of the job itself, and under <c>target</c> and <c>tags</c> of what it shares with others; and its
/// <c>concurrency_key</c>.
/// </summary>
internal static class JobDocumentFlow
{
    private const string KeyName = "concurrency_key";

    public static FlowLimits? Read(JobDocumentFields document, DocumentMode mode)
    {
        var key = Key(document, mode);
        var limits = Limits(document);
        return key is null ? limits : (limits ?? new FlowLimits(null, null, ImmutableSortedDictionary<string, FlowLimit>.Empty)) with { Key = key };
    }

    /// <summary>A name, for one at a time, or <c>{name, limit}</c>.</summary>
    private static FlowKey? Key(JobDocumentFields document, DocumentMode mode)
    {
        if (!document.IsObject(KeyName))
        {
            return Named(document, KeyName) is { } alone ? new FlowKey(alone, 1) : null;
        }

        var section = document.Object(KeyName)!;
        if (!section.Has("name"))
        {
            section.Fault("name", "is missing");
        }

        var name = Named(section, "name");
        var limit = section.Whole("limit", 1, JobDocumentLimits.MaxConcurrency) ?? 1;
        section.Finish();
        return name is null ? null : new FlowKey(name, limit);

        string? Named(JobDocumentFields fields, string member)
        {
            if (fields.Text(member, 100) is not { } text)
            {
                return null;
            }

            if (mode == DocumentMode.Strict && !JobDocument.IsName(text))
            {
                fields.Fault(member, "must begin with a lower-case letter or digit and hold only a-z, 0-9, '.', '_' and '-', at most 100");
            }

            return text;
        }
    }

    private static FlowLimits? Limits(JobDocumentFields document)
    {
        if (document.Object("limits") is not { } limits)
        {
            return null;
        }

        var own = Limit(limits);
        var target = limits.Object("target") is { } section ? Closed(section) : null;
        var tags = ImmutableSortedDictionary.CreateBuilder<string, FlowLimit>(StringComparer.Ordinal);
        if (limits.Any("tags") is { } map)
        {
            if (map.ValueKind != JsonValueKind.Object)
            {
                limits.Wrong("tags", map, "a map from tags to limits");
            }
            else
            {
                var fields = limits.Within("tags", map);
                foreach (var name in map.EnumerateObject().Select(m => m.Name).Distinct(StringComparer.Ordinal).Take(JobDocumentLimits.MaxTags))
                {
                    if (fields.Object(name) is { } tag && Closed(tag) is { } limit)
                    {
                        tags[name] = limit;
                    }
                }

                fields.Finish();
            }
        }

        limits.Finish();
        return own is null && target is null && tags.Count == 0 ? null : new FlowLimits(own, target, tags.ToImmutable());
    }

    /// <summary>A limit of a tag that the job has not would never count, and a key would not be held where it is needed.</summary>
    public static void Check(JobDocumentFields document, JobDefinition job)
    {
        if (job.Limits?.Key is not null && CallbackRule.Of(job.Target) is not null)
        {
            document.Fault(KeyName, "cannot be had with callback: it is held while an attempt is on its way, and not while a callback is awaited");
        }

        foreach (var name in job.Limits?.Tags.Keys.Where(n => !job.Tags.ContainsKey(n)) ?? [])
        {
            document.Fault($"limits.tags.{(name.Length <= 80 ? name : name[..80])}", "the job has no such tag");
        }
    }

    public static void Write(Utf8JsonWriter writer, FlowLimits? limits)
    {
        WriteKey(writer, limits?.Key);
        if (limits is null or { Job: null, Target: null, Tags.IsEmpty: true })
        {
            return;
        }

        writer.WriteStartObject("limits");
        WriteMembers(writer, limits.Job);
        if (limits.Target is { } target)
        {
            writer.WriteStartObject("target");
            WriteMembers(writer, target);
            writer.WriteEndObject();
        }

        if (!limits.Tags.IsEmpty)
        {
            writer.WriteStartObject("tags");
            foreach (var (name, limit) in limits.Tags)
            {
                writer.WriteStartObject(name);
                WriteMembers(writer, limit);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteKey(Utf8JsonWriter writer, FlowKey? key)
    {
        if (key is { Limit: 1 })
        {
            writer.WriteString(KeyName, key.Name);
        }
        else if (key is not null)
        {
            writer.WriteStartObject(KeyName);
            writer.WriteString("name", key.Name);
            writer.WriteNumber("limit", key.Limit);
            writer.WriteEndObject();
        }
    }

    private static FlowLimit? Closed(JobDocumentFields fields)
    {
        var limit = Limit(fields);
        fields.Finish();
        return limit;
    }

    private static FlowLimit? Limit(JobDocumentFields fields)
    {
        var concurrency = fields.Whole("concurrency", 1, JobDocumentLimits.MaxConcurrency);
        FlowRate? rate = null;
        if (fields.Text("rate", 40) is { } text && !FlowRate.TryParse(text, out rate))
        {
            fields.Fault("rate", $"'{text}' is no rate; write it as 100/s, 5/m or 3/30s: a count from 1 to {FlowRate.MaxCount} per at most a day");
            rate = null;
        }

        var hasRate = rate is not null;
        var burst = fields.Whole("burst", 1, FlowRate.MaxCount);
        if (burst is { } most && hasRate)
        {
            rate = rate! with { Burst = most };
        }
        else if (burst is not null)
        {
            fields.Fault("burst", "needs a rate");
        }

        return concurrency is null && rate is null ? null : new FlowLimit(concurrency, rate);
    }

    private static void WriteMembers(Utf8JsonWriter writer, FlowLimit? limit)
    {
        if (limit?.Concurrency is { } concurrency)
        {
            writer.WriteNumber("concurrency", concurrency);
        }

        if (limit?.Rate is { } rate)
        {
            writer.WriteString("rate", rate.Text);
            if (rate.Burst != rate.UsualBurst)
            {
                writer.WriteNumber("burst", rate.Burst);
            }
        }
    }
}

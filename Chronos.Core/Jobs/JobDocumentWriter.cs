using System.Text.Json;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs;

/// <summary>Writes the canonical document. What is read from it again is equal, and writes the same bytes.</summary>
internal static class JobDocumentWriter
{
    public static void Write(Utf8JsonWriter writer, JobDefinition job)
    {
        if (job.Beyond is { } beyond)
        {
            using var known = JsonDocument.Parse(JobDocument.ToJson(job with { Beyond = null }));
            using var unknown = JsonDocument.Parse(beyond);
            JobDocumentPatch.Apply(known.RootElement, unknown.RootElement).WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("name", job.Name);
        WriteText(writer, "description", job.Description);
        if (!job.Enabled)
        {
            writer.WriteBoolean("enabled", false);
        }

        if (job.Schedule is { } schedule)
        {
            writer.WritePropertyName("schedule");
            ScheduleJson.Write(writer, schedule);
        }

        if (job.Timezone != "UTC")
        {
            writer.WriteString("timezone", job.Timezone);
        }

        writer.WritePropertyName(JobDocumentWords.Protocols.Of(job.Target.Protocol));
        writer.WriteRawValue(job.Target.Section);
        if (job.Target.CloudEvent is { } cloudEvent)
        {
            writer.WritePropertyName("cloud_event");
            writer.WriteRawValue(cloudEvent);
        }

        if (job.Payload is { } payload)
        {
            writer.WritePropertyName("payload");
            writer.WriteRawValue(payload);
        }

        WriteSpan(writer, "timeout", job.Timeout, JobDefinition.DefaultTimeout);
        WriteSpan(writer, "deadline", job.Deadline, null);
        WriteRetry(writer, job.Retry);
        WriteConcurrency(writer, job.Concurrency);
        WriteMisfire(writer, job.Misfire);
        if (job.Priority != JobPriority.Normal)
        {
            writer.WriteString("priority", JobDocumentWords.Priority.Of(job.Priority));
        }

        JobDocumentFlow.Write(writer, job.Limits);
        WriteTags(writer, job);
        WriteText(writer, "owner", job.Owner);
        if (!job.Secrets.IsEmpty)
        {
            WriteList(writer, "secrets", job.Secrets);
        }

        writer.WriteEndObject();
    }

    private static void WriteRetry(Utf8JsonWriter writer, RetryPolicy retry)
    {
        var usual = RetryPolicy.Default;
        if (retry == usual)
        {
            return;
        }

        writer.WriteStartObject("retry");
        if (retry.MaxAttempts != usual.MaxAttempts)
        {
            writer.WriteNumber("max_attempts", retry.MaxAttempts);
        }

        WriteSpan(writer, "initial_interval", retry.InitialInterval, usual.InitialInterval);
        WriteSpan(writer, "max_interval", retry.MaxInterval, usual.MaxInterval);
        if (!retry.Multiplier.Equals(usual.Multiplier))
        {
            writer.WriteNumber("multiplier", retry.Multiplier);
        }

        if (!retry.Jitter.Equals(usual.Jitter))
        {
            writer.WriteNumber("jitter", retry.Jitter);
        }

        if (!retry.RetryOn.SequenceEqual(usual.RetryOn))
        {
            WriteList(writer, "retry_on", retry.RetryOn.Select(JobDocumentWords.RetryOn.Of));
        }

        writer.WriteEndObject();
    }

    private static void WriteConcurrency(Utf8JsonWriter writer, ConcurrencyPolicy concurrency)
    {
        if (concurrency.Overlap != ConcurrencyPolicy.Default.Overlap)
        {
            writer.WriteString("concurrency", JobDocumentWords.Overlap.Of(concurrency.Overlap));
        }

        if (concurrency.Limit is { } limit)
        {
            writer.WriteNumber("concurrency_limit", limit);
        }

        if (concurrency.QueueLimit != ConcurrencyPolicy.DefaultQueueLimit)
        {
            writer.WriteNumber("queue_limit", concurrency.QueueLimit);
        }
    }

    private static void WriteMisfire(Utf8JsonWriter writer, MisfirePolicy misfire)
    {
        var usual = MisfirePolicy.Default;
        if (misfire == usual)
        {
            return;
        }

        if (misfire with { Rule = usual.Rule } == usual)
        {
            writer.WriteString("misfire", JobDocumentWords.Misfire.Of(misfire.Rule));
            return;
        }

        writer.WriteStartObject("misfire");
        writer.WriteString("policy", JobDocumentWords.Misfire.Of(misfire.Rule));
        if (misfire.Max != usual.Max)
        {
            writer.WriteNumber("max", misfire.Max);
        }

        WriteSpan(writer, "window", misfire.Window, usual.Window);
        WriteSpan(writer, "grace", misfire.Grace, usual.Grace);
        writer.WriteEndObject();
    }

    private static void WriteTags(Utf8JsonWriter writer, JobDefinition job)
    {
        if (job.Tags.IsEmpty)
        {
            return;
        }

        writer.WriteStartObject("tags");
        foreach (var (name, value) in job.Tags)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    private static void WriteSpan(Utf8JsonWriter writer, string name, TimeSpan? value, TimeSpan? usual)
    {
        if (value is { } span && span != usual)
        {
            writer.WriteString(name, Durations.Format(span));
        }
    }

    private static void WriteList(Utf8JsonWriter writer, string name, IEnumerable<string> items)
    {
        writer.WriteStartArray(name);
        foreach (var item in items)
        {
            writer.WriteStringValue(item);
        }

        writer.WriteEndArray();
    }
}

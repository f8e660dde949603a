using System.Text.Json;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs;

/// <summary>The parts of the document that belong to other rooms.</summary>
internal static class JobDocumentParts
{
    public static ScheduleSpec? ReadSchedule(JsonElement value, ICollection<Violation> violations)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return new ScheduleSpec { Cron = value.GetString() };
        }

        var fields = new JobDocumentFields(value, "schedule", DocumentMode.Strict, violations);
        return new ScheduleSpec { Cron = fields.Text("cron", 256), Every = fields.Span("every", JobDocumentLimits.MinDuration, JobDocumentLimits.MaxDuration) };
    }

    public static void WriteSchedule(Utf8JsonWriter writer, ScheduleSpec schedule)
    {
        if (schedule.Cron is { } cron)
        {
            writer.WriteStringValue(cron);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("every", Durations.Format(schedule.Every ?? TimeSpan.FromHours(1)));
        writer.WriteEndObject();
    }
}

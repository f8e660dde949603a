using System.Text.Json;
using Chronos.Core.Calendars;
using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary>
/// Reads and writes the <c>schedule</c> of a job document: a cron expression as plain text, or an object. Strict: what is not
/// understood is refused with its path.
/// </summary>
public static class ScheduleJson
{
    private const int MaxCalendars = 16;

    /// <summary>The valid specification; or null, and every fault is in <paramref name="violations"/>.</summary>
    /// <param name="path">The path of the schedule in the document, normally <c>schedule</c>.</param>
    public static ScheduleSpec? Read(JsonElement schedule, string path, ICollection<Violation> violations)
    {
        var before = violations.Count;
        ScheduleSpec? spec = null;
        var cronPath = path;
        if (schedule.ValueKind == JsonValueKind.String)
        {
            spec = new ScheduleSpec { Cron = OneLine(schedule.GetString()!) };
        }
        else if (schedule.ValueKind == JsonValueKind.Object)
        {
            cronPath = $"{path}.cron";
            spec = ReadObject(schedule, path, violations);
        }
        else
        {
            violations.Add(new Violation(path, "a cron expression or an object is expected"));
        }

        return violations.Count == before ? Checked(spec!, path, cronPath, violations) : null;
    }

    /// <summary>The canonical form: plain text when there is only a cron expression, otherwise an object in fixed order without defaults.</summary>
    public static void Write(Utf8JsonWriter writer, ScheduleSpec spec)
    {
        if (ScheduleCompiler.OnlyCron(spec))
        {
            writer.WriteStringValue(spec.Cron);
            return;
        }

        writer.WriteStartObject();
        Text(writer, "cron", spec.Cron);
        Duration(writer, "every", spec.Every);
        if (spec.AfterCompletion)
            writer.WriteBoolean("after_completion", true);
        Time(writer, "at", spec.At);
        Text(writer, "rrule", spec.Rrule);
        Text(writer, "day_match", spec.DayMatch == DayMatch.All ? "all" : null);
        Time(writer, "starts_at", spec.StartsAt);
        Time(writer, "ends_at", spec.EndsAt);
        Duration(writer, "phase", spec.Phase);
        Duration(writer, "jitter", spec.Jitter);
        if (!spec.Calendars.IsEmpty)
        {
            writer.WriteStartArray("calendars");
            foreach (var calendar in spec.Calendars)
                writer.WriteStringValue(calendar);
            writer.WriteEndArray();
        }

        Text(writer, "dst", spec.Dst == DstRule.WallClock ? "wall_clock" : null);
        writer.WriteEndObject();
    }

    /// <summary>The specification as it stands in a document.</summary>
    public static JsonElement ToElement(ScheduleSpec spec)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, spec);
        }

        using var document = JsonDocument.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
        return document.RootElement.Clone();
    }

    /// <summary>Compiles once without a job: the faults of the content are found while the path is known.</summary>
    private static ScheduleSpec? Checked(ScheduleSpec spec, string path, string cronPath, ICollection<Violation> violations)
    {
        spec = ScheduleCompiler.EveryOf(spec);
        var faults = new List<Violation>();
        if (ScheduleCompiler.Compile(spec, path, timezone: null, seed: 0, CalendarLookups.None, ZoneSource.Default, faults) is not null)
            return spec;

        foreach (var fault in faults)
            violations.Add(ScheduleCompiler.OnlyCron(spec) && fault.Field == path ? fault with { Field = cronPath } : fault);

        return null;
    }

    private static ScheduleSpec ReadObject(JsonElement schedule, string path, ICollection<Violation> violations)
    {
        var spec = new ScheduleSpec();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in schedule.EnumerateObject())
        {
            var reader = new FieldReader(property.Value, $"{path}.{property.Name}", violations);
            if (!seen.Add(property.Name))
            {
                reader.Wrong("stands twice");
                continue;
            }

            // Null means absent, as a merge patch writes it.
            if (property.Value.ValueKind == JsonValueKind.Null)
                continue;

            spec = Set(spec, property.Name, reader);
        }

        return spec;
    }

    private static ScheduleSpec Set(ScheduleSpec spec, string name, FieldReader reader)
    {
        switch (name)
        {
            case "cron": return spec with { Cron = reader.Text() is { } cron ? OneLine(cron) : null };
            case "every":
                var every = reader.Every(out var delay);
                return spec with { Every = every, AfterCompletion = spec.AfterCompletion || delay };
            case "after_completion": return spec with { AfterCompletion = reader.Flag() || spec.AfterCompletion };
            case "at": return spec with { At = reader.Time() };
            case "rrule": return spec with { Rrule = reader.Text()?.Trim() };
            case "day_match": return spec with { DayMatch = reader.Word("any", "all") == 1 ? DayMatch.All : DayMatch.Any };
            case "starts_at": return spec with { StartsAt = reader.Time() };
            case "ends_at": return spec with { EndsAt = reader.Time() };
            case "phase": return spec with { Phase = NotZero(reader.Duration()) };
            case "jitter": return spec with { Jitter = NotZero(reader.Duration()) };
            case "calendars": return spec with { Calendars = reader.Names(MaxCalendars) };
            case "dst": return spec with { Dst = reader.Word("once", "wall_clock") == 1 ? DstRule.WallClock : DstRule.Once };
            default:
                reader.Wrong("is not a field of schedule");
                return spec;
        }
    }

    private static TimeSpan? NotZero(TimeSpan? duration) => duration == TimeSpan.Zero ? null : duration;

    private static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static void Text(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }

    private static void Duration(Utf8JsonWriter writer, string name, TimeSpan? value) => Text(writer, name, value is { } d ? Durations.Format(d) : null);

    private static void Time(Utf8JsonWriter writer, string name, DateTimeOffset? value) => Text(writer, name, value is { } at ? Rfc3339.Format(at) : null);
}

using System.Text.Json;
using Chronos.Core.Calendars;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Tests.Core.Scheduling;

/// <summary>Schedules as a user would write them, through the same reader as a job document.</summary>
internal static class Given
{
    public static DateTimeOffset Time(string text) =>
        Rfc3339.TryParse(text, out var at) ? at : throw new FormatException(text);

    /// <summary>The value of the field <c>schedule</c>: JSON, or the bare expression.</summary>
    public static (Schedule? Schedule, List<Violation> Violations) Try(string text, string zone = "UTC", string job = "job")
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(text.StartsWith('{') || text.StartsWith('[') ? text : JsonSerializer.Serialize(text));
        var spec = ScheduleJson.Read(document.RootElement, "schedule", violations);
        return (spec is null ? null : Schedule.Compile(spec, zone, TenantId.Default, job, violations), violations);
    }

    /// <summary>The same with another tz database.</summary>
    public static Schedule Valid(string text, string zone, ZoneSource zones)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(JsonSerializer.Serialize(text));
        return Schedule.Compile(ScheduleJson.Read(document.RootElement, "schedule", violations)!, zone, TenantId.Default, "job", CalendarLookups.None, zones, violations)
            ?? throw new InvalidOperationException($"{text}: {string.Join("; ", violations)}");
    }

    public static Schedule Valid(string text, string zone = "UTC", string job = "job")
    {
        var (schedule, violations) = Try(text, zone, job);
        return schedule ?? throw new InvalidOperationException($"{text}: {string.Join("; ", violations)}");
    }

    /// <summary>All nominal times in [from, to).</summary>
    public static IEnumerable<DateTimeOffset> Between(Schedule schedule, DateTimeOffset from, DateTimeOffset to) =>
        schedule.After(from.AddTicks(-1)).TakeWhile(at => at < to);
}

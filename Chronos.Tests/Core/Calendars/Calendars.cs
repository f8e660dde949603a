using System.Text.Json;
using Chronos.Core.Calendars;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Tests.Core.Calendars;

/// <summary>Calendars as a user writes them.</summary>
internal static class Calendars
{
    public static (CalendarDefinition? Calendar, List<Violation> Violations) Try(string json)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(json);
        return (CalendarDocument.Read(document.RootElement, violations), violations);
    }

    public static CalendarDefinition Valid(string json) =>
        Try(json) is ({ } calendar, _) ? calendar : throw new InvalidOperationException(string.Join("; ", Try(json).Violations));

    public static CalendarLookup Lookup(params CalendarDefinition[] calendars)
    {
        var times = calendars.ToDictionary(c => c.Name, CalendarTimes.Of);
        return times.GetValueOrDefault;
    }

    public static Schedule Schedule(string cron, string zone, params CalendarDefinition[] calendars) =>
        Chronos.Core.Scheduling.Schedule.Compile(
            new ScheduleSpec { Cron = cron, Calendars = [.. calendars.Select(c => c.Name)] }, zone, TenantId.Default, "job", Lookup(calendars), [])!;
}

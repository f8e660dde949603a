using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Chronos.Core.Calendars;
using Chronos.Core.Kernel;
using Chronos.Core.Wire;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>Something asked of a timetable by its number.</summary>
public interface INumberedTimetableCommand : IWireMessage
{
    int Timetable { get; }
}

/// <summary>What a calendar and the timetables say to each other. Every timetable keeps every calendar, so that firing waits for nobody.</summary>
public static class CalendarPlanning
{
    /// <summary>The calendar as of <paramref name="Version"/>; null when it was deleted. Answered by <see cref="CalendarNoted"/> when durable and the jobs that list it are planned anew.</summary>
    public sealed record SetCalendar(int Timetable, TenantId Tenant, string Name, long Version, CalendarDefinition? Definition) : INumberedTimetableCommand;

    public sealed record CalendarNoted(int Timetable, TenantId Tenant, string Name, long Version) : IWireMessage;

    /// <summary>Which jobs list it? Answered by <see cref="CalendarUse"/>.</summary>
    public sealed record GetCalendarUse(int Timetable, TenantId Tenant, string Name) : INumberedTimetableCommand;

    /// <param name="Jobs">Names of some of them.</param>
    /// <param name="Count">Of all of them.</param>
    public sealed record CalendarUse(int Timetable, TenantId Tenant, string Name, ImmutableArray<string> Jobs, int Count) : IWireMessage
    {
        /// <summary>How many names a timetable tells.</summary>
        public const int Shown = 10;
    }
}

/// <summary>A calendar as a timetable keeps it.</summary>
/// <param name="Definition">Null after its deletion.</param>
public sealed record PlannedCalendar(
    [property: JsonPropertyName("t")] TenantId Tenant,
    [property: JsonPropertyName("n")] string Name,
    [property: JsonPropertyName("v")] long Version,
    [property: JsonPropertyName("c")] CalendarDefinition? Definition);

using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Chronos.Core.Calendars;

/// <summary>What the times that a calendar lists are: those in which it is closed, or the only ones in which it is open.</summary>
public enum CalendarMode
{
    Exclude,
    Include,
}

/// <summary>What becomes of a slot whose nominal time the calendar excludes.</summary>
public enum OnExcluded
{
    /// <summary>It does not run; the ledger says so.</summary>
    Skip,

    /// <summary>It fires at the first instant at which every calendar of the job is open again.</summary>
    NextOpen,

    /// <summary>It fires before its time, in the last minute in which every calendar of the job was open.</summary>
    PreviousOpen,
}

/// <summary>A rule of every week.</summary>
/// <param name="Days">One bit for each day of the week; Sunday is bit 0.</param>
/// <param name="From">Minutes since midnight, inclusive.</param>
/// <param name="To">Minutes since midnight, exclusive; not later than <paramref name="From"/> means on the next day.</param>
public sealed record CalendarWeekly(int Days, int From, int To);

/// <summary>A whole day; without a year, of every year.</summary>
public sealed record CalendarDate(int? Year, int Month, int Day);

/// <summary>A stretch of local time; its end is exclusive.</summary>
/// <param name="Note">What it is, for people.</param>
public sealed record CalendarRange(DateTime From, DateTime To, string? Note);

/// <summary>
/// A named set of times, in one zone: a blackout (<see cref="CalendarMode.Exclude"/>) or business times
/// (<see cref="CalendarMode.Include"/>). Read and written only by <see cref="CalendarDocument"/>.
/// </summary>
[JsonConverter(typeof(CalendarDocumentConverter))]
public sealed record CalendarDefinition
{
    public required string Name { get; init; }

    public string? Description { get; init; }

    /// <summary>IANA zone of all its times.</summary>
    public string Timezone { get; init; } = "UTC";

    public CalendarMode Mode { get; init; }

    public OnExcluded OnExcluded { get; init; }

    public ImmutableArray<CalendarWeekly> Weekly { get; init; } = [];

    public ImmutableArray<CalendarDate> Dates { get; init; } = [];

    public ImmutableArray<CalendarRange> Ranges { get; init; } = [];

    /// <summary>What the last import of an iCalendar file brought. The next import replaces it and leaves the rest alone.</summary>
    public ImmutableArray<CalendarRange> Imported { get; init; } = [];

    public bool Equals(CalendarDefinition? other) => other is not null && CalendarDocument.ToJson(this) == CalendarDocument.ToJson(other);

    public override int GetHashCode() => HashCode.Combine(Name, Timezone, Mode, OnExcluded, Weekly.Length, Dates.Length, Ranges.Length, Imported.Length);
}

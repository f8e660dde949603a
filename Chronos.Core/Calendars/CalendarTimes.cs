using Chronos.Core.Scheduling;

namespace Chronos.Core.Calendars;

/// <summary>Finds the compiled calendar of a name in one tenant; null when there is none.</summary>
public delegate CalendarTimes? CalendarLookup(string name);

/// <summary>Lookups that need no calendars.</summary>
public static class CalendarLookups
{
    private static readonly CalendarTimes AlwaysOpen = CalendarTimes.Of(new CalendarDefinition { Name = "unknown" });

    /// <summary>No calendar exists: a schedule that names one is refused.</summary>
    public static readonly CalendarLookup None = _ => null;

    /// <summary>Every calendar exists and is open: for what is asked of the nominal times alone.</summary>
    public static readonly CalendarLookup Lenient = _ => AlwaysOpen;

    /// <summary>A calendar that is not known counts as open, so that what is only shown does not fail.</summary>
    public static CalendarLookup OrOpen(CalendarLookup lookup) => name => lookup(name) ?? AlwaysOpen;
}

/// <summary>
/// A calendar as it is computed with: whether an instant is open, and where the stretch around it begins and ends. Immutable.
/// </summary>
/// <remarks>
/// The listed times are local; the instants at which they begin and end follow the zone's changes of the clock: a listed hour that
/// does not exist is nobody's, one that is repeated counts in both passes.
/// </remarks>
public sealed class CalendarTimes
{
    /// <summary>No zone ever set its clock back or forward by more: beyond it nothing is shown a second time.</summary>
    private const long LongestShift = 26 * TimeSpan.TicksPerHour;

    private readonly ListedTimes _listed;
    private readonly ZoneRules _zone;
    private readonly bool _include;

    private CalendarTimes(CalendarDefinition definition, ZoneRules zone)
    {
        Definition = definition;
        _zone = zone;
        _include = definition.Mode == CalendarMode.Include;
        _listed = new ListedTimes(definition);
    }

    public CalendarDefinition Definition { get; }

    public string Name => Definition.Name;

    public OnExcluded OnExcluded => Definition.OnExcluded;

    /// <summary>The zone counts as UTC when this build's tz database does not have it any more.</summary>
    public static CalendarTimes Of(CalendarDefinition definition) => Of(definition, ZoneSource.Default);

    internal static CalendarTimes Of(CalendarDefinition definition, ZoneSource zones) => new(definition, zones.Find(definition.Timezone) ?? ZoneRules.Utc);

    /// <summary>Whether a slot at this instant is left alone.</summary>
    internal bool IsOpen(long utc) => IsOpenLocally(utc + _zone.At(utc).Offset);

    /// <summary>The end of the open or closed stretch that holds this instant (exclusive), or <see cref="TimeSource.Never"/>.</summary>
    internal long Until(long utc)
    {
        var span = _zone.At(utc);
        var local = utc + span.Offset;
        var open = IsOpenLocally(local);
        while (true)
        {
            var change = _listed.NextChange(local);
            if (change != TimeSource.Never && change - span.Offset < span.End)
            {
                return change - span.Offset;
            }

            // The clock changes first: what it shows then may lie elsewhere. Far enough from where this began it cannot lie before that any
            // more, and the stretch goes on to its end, however many changes of the clock there are before.
            var far = span.End - utc > LongestShift;
            if (!span.HasEnd || (far && change == TimeSource.Never))
            {
                return TimeSource.Never;
            }

            var at = far ? Math.Max(span.End, change - LongestShift) : span.End;
            span = _zone.At(at);
            local = at + span.Offset;
            if (IsOpenLocally(local) != open)
            {
                return at;
            }
        }
    }

    /// <summary>The beginning of the stretch that holds this instant, or <see cref="TimeSource.Never"/> when it has none.</summary>
    internal long Since(long utc)
    {
        var span = _zone.At(utc);
        var local = utc + span.Offset;
        var open = IsOpenLocally(local);
        while (true)
        {
            var change = _listed.LastChange(local);
            if (change != TimeSource.Never && (!span.HasStart || change - span.Offset > span.Start))
            {
                return change - span.Offset;
            }

            var far = span.HasStart && utc - span.Start > LongestShift;
            if (!span.HasStart || (far && change == TimeSource.Never))
            {
                return TimeSource.Never;
            }

            var at = (far ? Math.Min(span.Start, change + LongestShift) : span.Start) - 1;
            span = _zone.At(at);
            local = at + span.Offset;
            if (IsOpenLocally(local) != open)
            {
                return at + 1;
            }
        }
    }

    private bool IsOpenLocally(long local) => _listed.Contains(local) == _include;
}

using System.Collections.Immutable;
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
    /// <summary>29 February of a rule of every year comes at the latest after eight years.</summary>
    private const int DaysLookedAt = 366 * 8;

    private readonly (long From, long To)[][] _weekly = new (long, long)[7][];
    private readonly HashSet<int> _yearly;
    private readonly (long From, long To)[] _ranges;
    private readonly ZoneRules _zone;
    private readonly bool _include;
    private readonly bool _rangesOnly;

    private CalendarTimes(CalendarDefinition definition, ZoneRules zone)
    {
        Definition = definition;
        _zone = zone;
        _include = definition.Mode == CalendarMode.Include;
        _yearly = [.. definition.Dates.Where(d => d.Year is null).Select(d => (d.Month * 32) + d.Day)];
        _ranges = Merge(definition.Ranges.Concat(definition.Imported).Select(r => (r.From.Ticks, r.To.Ticks))
            .Concat(definition.Dates.Where(d => d.Year is not null).Select(d => new DateTime(d.Year!.Value, d.Month, d.Day).Ticks).Select(t => (t, t + TimeSpan.TicksPerDay))));
        for (var day = 0; day < 7; day++)
        {
            _weekly[day] = Merge(WeeklyOf(definition.Weekly, day));
        }

        _rangesOnly = _yearly.Count == 0 && _weekly.All(d => d.Length == 0);
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
            var change = NextChange(local);
            if (change == TimeSource.Never)
            {
                return TimeSource.Never;
            }

            if (change - span.Offset < span.End)
            {
                return change - span.Offset;
            }

            // The clock changes first: what it shows then may lie elsewhere.
            var at = span.End;
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
            var change = LastChange(local);
            if (change == TimeSource.Never)
            {
                return TimeSource.Never;
            }

            if (!span.HasStart || change - span.Offset > span.Start)
            {
                return change - span.Offset;
            }

            var start = span.Start;
            span = _zone.At(start - 1);
            local = start - 1 + span.Offset;
            if (IsOpenLocally(local) != open)
            {
                return start;
            }
        }
    }

    private bool IsOpenLocally(long local) => Listed(local) == _include;

    private bool Listed(long local)
    {
        foreach (var (from, to) in Day(local - (local % TimeSpan.TicksPerDay)))
        {
            if (local < to)
            {
                return local >= from;
            }
        }

        return false;
    }

    /// <summary>The first local time after this one at which being listed begins or ends.</summary>
    private long NextChange(long local)
    {
        if (_rangesOnly)
        {
            var next = Array.FindIndex(_ranges, r => r.To > local);
            return next < 0 ? TimeSource.Never : _ranges[next].From > local ? _ranges[next].From : _ranges[next].To;
        }

        var listed = Listed(local);
        var day = local - (local % TimeSpan.TicksPerDay);
        var position = local;
        for (var i = 0; i < DaysLookedAt; i++, day += TimeSpan.TicksPerDay, position = day)
        {
            foreach (var (from, to) in Day(day))
            {
                if (listed && position < from)
                {
                    return position;
                }

                if (!listed && to > position)
                {
                    return Math.Max(from, position);
                }

                position = listed && to > position ? to : position;
            }

            if (listed && position < day + TimeSpan.TicksPerDay)
            {
                return position;
            }
        }

        return TimeSource.Never;
    }

    /// <summary>The last local time, not after this one, at which being listed began or ended.</summary>
    private long LastChange(long local)
    {
        if (_rangesOnly)
        {
            var last = Array.FindLastIndex(_ranges, r => r.From <= local);
            return last < 0 ? TimeSource.Never : _ranges[last].To <= local ? _ranges[last].To : _ranges[last].From;
        }

        var listed = Listed(local);
        var day = local - (local % TimeSpan.TicksPerDay);
        var position = local + 1;
        for (var i = 0; i < DaysLookedAt && day > 0; i++, position = day, day -= TimeSpan.TicksPerDay)
        {
            var intervals = Day(day);
            for (var k = intervals.Length - 1; k >= 0; k--)
            {
                var (from, to) = intervals[k];
                if (listed && position > to)
                {
                    return position;
                }

                if (!listed && from < position)
                {
                    return Math.Min(to, position);
                }

                position = listed && from < position ? from : position;
            }

            if (listed && position > day)
            {
                return position;
            }
        }

        return TimeSource.Never;
    }

    /// <summary>The listed times of one local day, in order and apart.</summary>
    private (long From, long To)[] Day(long day)
    {
        var date = new DateTime(day);
        var end = day + TimeSpan.TicksPerDay;
        if (_yearly.Contains((date.Month * 32) + date.Day))
        {
            return [(day, end)];
        }

        var weekly = _weekly[(int)date.DayOfWeek];
        var first = Array.FindIndex(_ranges, r => r.To > day);
        if (first < 0 || _ranges[first].From >= end)
        {
            return weekly.Length == 0 ? [] : Array.ConvertAll(weekly, w => (day + w.From, day + w.To));
        }

        return Merge(_ranges.Skip(first).TakeWhile(r => r.From < end).Select(r => (Math.Max(r.From, day), Math.Min(r.To, end)))
            .Concat(weekly.Select(w => (day + w.From, day + w.To))));
    }

    private static IEnumerable<(long From, long To)> WeeklyOf(ImmutableArray<CalendarWeekly> rules, int day)
    {
        var before = (day + 6) % 7;
        foreach (var rule in rules)
        {
            var (from, to) = (rule.From * TimeSpan.TicksPerMinute, rule.To * TimeSpan.TicksPerMinute);
            var overnight = rule.To <= rule.From;
            if ((rule.Days & (1 << day)) != 0)
            {
                yield return (from, overnight ? TimeSpan.TicksPerDay : to);
            }

            if (overnight && to > 0 && (rule.Days & (1 << before)) != 0)
            {
                yield return (0, to);
            }
        }
    }

    /// <summary>Sorted, with what overlaps or touches joined.</summary>
    private static (long From, long To)[] Merge(IEnumerable<(long From, long To)> intervals)
    {
        var merged = new List<(long From, long To)>();
        foreach (var (from, to) in intervals.OrderBy(i => i.From))
        {
            if (merged.Count > 0 && merged[^1].To >= from)
            {
                merged[^1] = (merged[^1].From, Math.Max(merged[^1].To, to));
            }
            else
            {
                merged.Add((from, to));
            }
        }

        return [.. merged];
    }
}

using System.Collections.Immutable;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Calendars;

/// <summary>
/// The local times that a calendar lists, compiled: rules of the week as intervals of one week, dates of every year as a sorted list, the
/// rest as sorted stretches. A question costs a few binary searches and allocates nothing. Times are ticks since 0001.
/// </summary>
internal sealed class ListedTimes
{
    private const long Day = TimeSpan.TicksPerDay;
    private const long Week = 7 * Day;

    /// <summary>29 February of a rule of every year comes at the latest after eight years; what is listed for longer than that is for ever.</summary>
    private const int YearsLookedAt = 8;

    /// <summary>Local times from here on are no part of any calendar: a change there could not be told as an instant.</summary>
    private static readonly long Last = new DateTime(9999, 12, 30).Ticks;

    /// <summary>In ticks since the beginning of a Monday, sorted and apart; 0001-01-01 was one.</summary>
    private readonly (long From, long To)[] _weekly;

    private readonly (long From, long To)[] _ranges;

    /// <summary>Month × 32 + day, sorted.</summary>
    private readonly int[] _yearly;

    private readonly bool _always;

    public ListedTimes(CalendarDefinition definition)
    {
        _yearly = [.. definition.Dates.Where(d => d.Year is null).Select(d => (d.Month * 32) + d.Day).Distinct().Order()];
        _ranges = Merge(definition.Ranges.Concat(definition.Imported).Select(r => (r.From.Ticks, r.To.Ticks))
            .Concat(definition.Dates.Where(d => d.Year is not null).Select(d => new DateTime(d.Year!.Value, d.Month, d.Day).Ticks).Select(t => (t, t + Day))));
        _weekly = Merge(WeeklyOf(definition.Weekly));
        _always = _weekly is [(0, Week)];
    }

    public bool Contains(long local) => CoveredTo(local) > local;

    /// <summary>The first local time after this one at which being listed begins or ends.</summary>
    public long NextChange(long local)
    {
        if (_always)
        {
            return TimeSource.Never;
        }

        var (at, end) = (local, CoveredTo(local));
        if (end == local)
        {
            at = NextBegin(local);
            return at < Last ? at : TimeSource.Never;
        }

        for (; end > at; end = CoveredTo(at))
        {
            at = end;
            if (at >= Last || at - local > YearsLookedAt * 366 * Day)
            {
                return TimeSource.Never;
            }
        }

        return at;
    }

    /// <summary>The last local time, not after this one, at which being listed began or ended.</summary>
    public long LastChange(long local)
    {
        if (_always)
        {
            return TimeSource.Never;
        }

        if (!Contains(local))
        {
            return LastEnd(local) is > 0 and var ended ? ended : TimeSource.Never;
        }

        var at = CoveredFrom(local);
        while (at > 0 && Contains(at - 1))
        {
            at = CoveredFrom(at - 1);
            if (local - at > YearsLookedAt * 366 * Day)
            {
                return TimeSource.Never;
            }
        }

        return at > 0 ? at : TimeSource.Never;
    }

    /// <summary>The end of a listed stretch that holds this time; the time itself when there is none.</summary>
    private long CoveredTo(long local)
    {
        var end = Around(_ranges, local) is { } range ? range.To : local;
        var inWeek = InWeek(local);
        if (Around(_weekly, inWeek) is { } weekly)
        {
            end = Math.Max(end, local - inWeek + weekly.To);
        }

        return IsYearly(local) ? Math.Max(end, local - InDay(local) + Day) : end;
    }

    /// <summary>The beginning of a listed stretch that holds this time, which is listed.</summary>
    private long CoveredFrom(long local)
    {
        var begin = Around(_ranges, local) is { } range ? range.From : local;
        var inWeek = InWeek(local);
        if (Around(_weekly, inWeek) is { } weekly)
        {
            begin = Math.Min(begin, local - inWeek + weekly.From);
        }

        return IsYearly(local) ? Math.Min(begin, local - InDay(local)) : begin;
    }

    private long NextBegin(long local)
    {
        var next = FirstAfter(_ranges, local) is var i && i < _ranges.Length ? _ranges[i].From : TimeSource.Never;
        if (_weekly.Length > 0)
        {
            var inWeek = InWeek(local);
            var k = FirstAfter(_weekly, inWeek);
            next = Math.Min(next, local - inWeek + (k < _weekly.Length ? _weekly[k].From : Week + _weekly[0].From));
        }

        return _yearly.Length > 0 ? Math.Min(next, NextYearly(local)) : next;
    }

    /// <summary>The last end at or before this time, which is not listed; 0 when there is none.</summary>
    private long LastEnd(long local)
    {
        var last = FirstAfter(_ranges, local) is > 0 and var i ? _ranges[i - 1].To : 0;
        if (_weekly.Length > 0)
        {
            var inWeek = InWeek(local);
            var k = FirstAfter(_weekly, inWeek);
            last = Math.Max(last, local - inWeek + (k > 0 ? _weekly[k - 1].To : _weekly[^1].To - Week));
        }

        return _yearly.Length > 0 ? Math.Max(last, LastYearlyEnd(local)) : last;
    }

    private long NextYearly(long local)
    {
        if (local >= Last)
        {
            return TimeSource.Never;
        }

        var date = new DateTime(Math.Max(local, 0));
        var i = FirstYearly((date.Month * 32) + date.Day + 1);
        for (var year = date.Year; year <= Math.Min(date.Year + YearsLookedAt, 9999); year++, i = 0)
        {
            for (; i < _yearly.Length; i++)
            {
                if (DateOf(year, _yearly[i]) is { } day)
                {
                    return day;
                }
            }
        }

        return TimeSource.Never;
    }

    private long LastYearlyEnd(long local)
    {
        var date = new DateTime(Math.Clamp(local, 0, Last));
        var i = FirstYearly((date.Month * 32) + date.Day) - 1;
        for (var year = date.Year; year >= Math.Max(date.Year - YearsLookedAt, 1); year--, i = _yearly.Length - 1)
        {
            for (; i >= 0; i--)
            {
                if (DateOf(year, _yearly[i]) is { } day)
                {
                    return day + Day;
                }
            }
        }

        return 0;
    }

    private bool IsYearly(long local)
    {
        if (_yearly.Length == 0 || local < 0 || local >= Last)
        {
            return false;
        }

        var date = new DateTime(local);
        return Array.BinarySearch(_yearly, (date.Month * 32) + date.Day) >= 0;
    }

    private int FirstYearly(int from)
    {
        var i = Array.BinarySearch(_yearly, from);
        return i < 0 ? ~i : i;
    }

    private static long? DateOf(int year, int date) =>
        date % 32 <= DateTime.DaysInMonth(year, date / 32) ? new DateTime(year, date / 32, date % 32).Ticks : null;

    private static long InWeek(long local) => local >= 0 ? local % Week : ((local % Week) + Week) % Week;

    private static long InDay(long local) => local % Day;

    private static (long From, long To)? Around((long From, long To)[] sorted, long at) =>
        FirstAfter(sorted, at) is > 0 and var i && sorted[i - 1].To > at ? sorted[i - 1] : null;

    /// <summary>The place of the first interval that begins after <paramref name="at"/>.</summary>
    private static int FirstAfter((long From, long To)[] sorted, long at)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = sorted[middle].From > at ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private static IEnumerable<(long From, long To)> WeeklyOf(ImmutableArray<CalendarWeekly> rules)
    {
        foreach (var rule in rules)
        {
            for (var day = 0; day < 7; day++)
            {
                // Sunday is bit 0 of a rule and the last day of the week here.
                if ((rule.Days & (1 << ((day + 1) % 7))) == 0)
                {
                    continue;
                }

                var (from, to) = ((day * Day) + (rule.From * TimeSpan.TicksPerMinute), (day * Day) + (rule.To * TimeSpan.TicksPerMinute) + (rule.To <= rule.From ? Day : 0));
                yield return (from, Math.Min(to, Week));
                if (to > Week)
                {
                    yield return (0, to - Week);
                }
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

namespace Chronos.Core.Scheduling;

/// <summary>
/// A recurrence rule of RFC 5545 on the wall clock: a time belongs to it when its period counts (<see cref="RulePeriods"/>), the
/// rule has its day (<see cref="RuleDays"/>) and its time of day (<see cref="RuleClock"/>); <c>BYSETPOS</c> chooses among those of
/// one period. Any time is reached directly, however long ago the rule began.
/// </summary>
internal sealed class RulePattern : WallPattern
{
    /// <summary>Nothing is searched beyond it; the calendar repeats itself every 400 years.</summary>
    private static readonly long Horizon = new DateTime(2800, 1, 1).Ticks;
    private static readonly int HorizonDay = (int)(Horizon / TimeSpan.TicksPerDay);

    private readonly RuleDays _days;
    private readonly RulePeriods _periods;
    private readonly RuleClock _clock;
    private readonly long _start;
    private readonly long _last;
    private readonly RuleBounds _bounds;

    /// <summary>Of a rule whose periods are a day or less.</summary>
    private readonly RuleSteps? _steps;

    /// <summary>Of a rule whose periods are longer and of which BYSETPOS chooses.</summary>
    private readonly RuleSets? _sets;

    /// <summary>The distance of the times where only the interval chooses them, in ticks; else 0.</summary>
    private readonly long _grid;

    /// <summary>The first time of the grid: not always DTSTART, which may lie between two.</summary>
    private readonly long _anchor;

    private readonly HashSet<(long Local, bool WholeDay)>? _excluded;

    /// <param name="start">DTSTART: what the rule does not say comes from it, and nothing of it lies before.</param>
    /// <param name="excluded">EXDATE.</param>
    /// <param name="bounds">What was given as instants, not as times of the wall clock.</param>
    public RulePattern(RuleParts rule, DateTime start, IEnumerable<(long Local, bool WholeDay)> excluded, RuleBounds bounds)
    {
        start = new DateTime(start.Ticks - (start.Ticks % TimeSpan.TicksPerSecond));
        (_start, _bounds) = (start.Ticks, bounds);
        _days = new RuleDays(rule, start);
        _periods = new RulePeriods(_days, start);
        _clock = new RuleClock(
            Times(rule.Hours, 24, start.Hour, rule.Frequency <= RuleFrequency.Hourly),
            Times(rule.Minutes, 60, start.Minute, rule.Frequency <= RuleFrequency.Minutely),
            Times(rule.Seconds, 60, start.Second, rule.Frequency <= RuleFrequency.Secondly));
        _last = rule.Until is { Utc: false } until ? until.Value.Ticks + (until.WholeDay ? TimeSpan.TicksPerDay - 1 : 0) : Horizon;
        if (RulePeriods.Seconds(rule.Frequency) > 0)
            _steps = new RuleSteps(_days, _clock, _periods.At(_start));
        else if (!rule.Positions.IsEmpty)
            _sets = new RuleSets(_days, _periods, _clock);
        if (_days.All && _steps is { PerPeriod: 1, AllOfDay: true })
            (_grid, _anchor) = (RulePeriods.Seconds(rule.Frequency) * (long)rule.Interval * TimeSpan.TicksPerSecond, First(_start));
        if (!IsPossible(Rule, _clock))
            _last = -1;
        else if (rule.Count is { } count && Nth(count) is var last && last != Never)
            _last = last;

        _excluded = excluded.ToHashSet() is { Count: > 0 } some ? some : null;
    }

    /// <summary>With the days that DTSTART adds.</summary>
    public RuleParts Rule => _days.Parts;

    public RuleClock Clock => _clock;

    public DateTime Start => new(_start);

    public int Exceptions => _excluded?.Count ?? 0;

    public override bool Repeats => Rule.Frequency <= RuleFrequency.Hourly;

    public override long FirstFrom(long local)
    {
        var at = First(local);
        while (at != Never && Excluded(at))
            at = First(at + 1);

        return at;
    }

    public override long CountBetween(long from, long to)
    {
        (from, to) = (Math.Max(from, _start), Math.Min(to, Math.Min(_last + 1, Horizon)));
        if (to <= from)
            return 0;
        if (_excluded is null && _grid > 0)
            return Steps(to) - Steps(from);
        if (_excluded is null && _sets is not null)
            return _sets.Count(from, to, HorizonDay);
        if (_excluded is null)
            return CountByDays(from, to);

        var count = 0L;
        for (var at = FirstFrom(from); at < to; at = FirstFrom(at + 1))
            count++;

        return count;
    }

    public override long Next(long after, ZoneRules zone, DstRule rule) =>
        base.Next(Math.Max(after, _bounds.First - 1), zone, rule) is var next && next <= _bounds.Last ? next : Never;

    public override long Count(long after, long upTo, ZoneRules zone, DstRule rule) =>
        base.Count(Math.Max(after, _bounds.First - 1), Math.Min(upTo, _bounds.Last), zone, rule);

    /// <summary>The first time at or after a local one, without regard to EXDATE.</summary>
    private long First(long local)
    {
        var at = Math.Max(local, _start);
        at += (TimeSpan.TicksPerSecond - (at % TimeSpan.TicksPerSecond)) % TimeSpan.TicksPerSecond;
        if (at > _last || at >= Horizon)
            return Never;

        var first = _steps?.First(at, HorizonDay) ?? _sets?.First(at, HorizonDay) ?? FirstOfDays(at);
        return first <= _last ? first : Never;
    }

    /// <summary>Where the rule has all times of its days.</summary>
    private long FirstOfDays(long at)
    {
        var today = (int)(at / TimeSpan.TicksPerDay);
        var day = NextDay(today);
        if (day == today)
        {
            if (_clock.First((int)(at % TimeSpan.TicksPerDay / TimeSpan.TicksPerSecond)) is >= 0 and var second)
                return At(day, second);

            day = NextDay(day + 1);
        }

        return day < HorizonDay ? At(day, _clock.First(0)) : Never;
    }

    /// <summary>The first day from <paramref name="day"/> on that has a time, or that of the horizon.</summary>
    private int NextDay(int day)
    {
        if (_steps is not null)
            return _steps.NextDay(day, HorizonDay);

        while (day < HorizonDay)
        {
            // Periods of a week and more begin with a day.
            var begin = _periods.Begin(_periods.At(day * TimeSpan.TicksPerDay));
            if (begin > day * TimeSpan.TicksPerDay)
                day = (int)Math.Min(HorizonDay, begin / TimeSpan.TicksPerDay);
            else if (!_days.Has(day, out var next))
                day = next;
            else
                return day;
        }

        return HorizonDay;
    }

    private int CountOn(int day) => _steps?.CountOn(day) ?? _clock.Count;

    /// <summary>Whole days are counted; of the first and the last one the times are walked where the rule does not have all of its clock.</summary>
    private long CountByDays(long from, long to)
    {
        var (first, last) = (Ceiling(from), Ceiling(to));
        var count = 0L;
        for (var day = NextDay((int)(first / RuleClock.SecondsPerDay)); day * (long)RuleClock.SecondsPerDay < last && day < HorizonDay; day = NextDay(day + 1))
        {
            var start = day * (long)RuleClock.SecondsPerDay;
            var (begin, end) = ((int)Math.Max(0, first - start), (int)Math.Min(RuleClock.SecondsPerDay, last - start));
            var all = CountOn(day);
            if (all == _clock.Count)
                count += _clock.CountBefore(end) - _clock.CountBefore(begin);
            else if (begin == 0 && end == RuleClock.SecondsPerDay)
                count += all;
            else
                count += CountWithin(At(day, begin), At(day, end));
        }

        return count;
    }

    private long CountWithin(long from, long to)
    {
        var count = 0L;
        for (var at = First(from); at < to; at = First(at + TimeSpan.TicksPerSecond))
            count++;

        return count;
    }

    /// <summary>How many steps of the grid lie before a local time.</summary>
    private long Steps(long local) => (Math.Max(local, _anchor) - _anchor + _grid - 1) / _grid;

    /// <summary>The time with this number; <see cref="TimeSource.Never"/> when there are fewer. Counts set by set and day by day, since COUNT may be large.</summary>
    private long Nth(int number)
    {
        if (_grid > 0)
            return Int128.Min(_anchor + ((Int128)(number - 1) * _grid), Never) is var nth && nth < Horizon ? (long)nth : Never;
        if (_sets is not null)
            return _sets.Nth(number, _start, HorizonDay);

        // Of its first day the rule may have a part.
        var first = (int)(_start / TimeSpan.TicksPerDay);
        var at = First(_start);
        if (at == Never)
            return Never;

        for (; at != Never && at < At(first + 1, 0); at = First(at + TimeSpan.TicksPerSecond))
        {
            if (--number == 0)
                return at;
        }

        var day = NextDay(first + 1);
        for (; day < HorizonDay && CountOn(day) is var all && all < number; day = NextDay(day + 1))
            number -= all;
        if (day == HorizonDay)
            return Never;

        at = First(At(day, 0));
        for (; number > 1; number--)
            at = First(at + TimeSpan.TicksPerSecond);

        return at;
    }

    private static long At(int day, int second) => (day * TimeSpan.TicksPerDay) + (second * TimeSpan.TicksPerSecond);

    /// <summary>Whether BYSETPOS can choose anything; without it a search would go through every period in vain.</summary>
    private static bool IsPossible(RuleParts rule, RuleClock clock)
    {
        var most = rule.Frequency switch
        {
            RuleFrequency.Yearly => 366 * clock.Count,
            RuleFrequency.Monthly => 31 * clock.Count,
            RuleFrequency.Weekly => rule.Days.Length * clock.Count,
            RuleFrequency.Daily => clock.Count,
            RuleFrequency.Hourly => (clock with { Hours = 1 }).Count,
            RuleFrequency.Minutely => (clock with { Hours = 1, Minutes = 1 }).Count,
            _ => 1,
        };
        return rule.Positions.IsEmpty || rule.Positions.Any(position => Math.Abs(position) <= most);
    }

    private bool Excluded(long at) =>
        _excluded is not null && (_excluded.Contains((at, false)) || _excluded.Contains((at - (at % TimeSpan.TicksPerDay), true)));

    private static long Ceiling(long ticks) => (ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;

    /// <summary>The values that a part names; without it all of them where a period is that short, else the one of DTSTART.</summary>
    private static ulong Times(ulong named, int size, int ofStart, bool all) =>
        named != 0 ? named : all ? (1UL << size) - 1 : 1UL << ofStart;
}

/// <summary>The first and the last instant that a recurrence may have, in UTC ticks.</summary>
internal readonly record struct RuleBounds(long First, long Last)
{
    public static readonly RuleBounds None = new(0, TimeSource.Never);
}

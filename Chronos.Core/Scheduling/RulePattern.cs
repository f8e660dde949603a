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

    private readonly RuleDays _days;
    private readonly RulePeriods _periods;
    private readonly RuleClock _clock;
    private readonly long _start;
    private readonly long _last;
    private readonly RuleBounds _bounds;

    /// <summary>The distance of the times where only the interval chooses them, in ticks; else 0.</summary>
    private readonly long _grid;

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
        if (_days.All && RulePeriods.Seconds(rule.Frequency) is > 0 and var unit && _clock.Count == RuleClock.SecondsPerDay / unit && rule.Positions.IsEmpty)
            _grid = unit * (long)rule.Interval * TimeSpan.TicksPerSecond;
        if (rule.Count is { } count)
            _last = Nth(count);

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
        var count = 0L;
        if (_excluded is null && Rule is { Positions.IsEmpty: true, Interval: 1 } && _last >= Math.Min(to - 1, Horizon))
            return CountByDays(Math.Max(from, _start), Math.Min(to, Horizon));
        if (_excluded is null && _grid > 0)
            return Math.Max(0, Steps(Math.Min(to, _last + 1)) - Steps(Math.Max(from, _start)));

        for (var at = FirstFrom(from); at < to; at = FirstFrom(at + 1))
            count++;

        return count;
    }

    public override long Next(long after, ZoneRules zone, DstRule rule) =>
        base.Next(Math.Max(after, _bounds.First - 1), zone, rule) is var next && next <= _bounds.Last ? next : Never;

    public override long Count(long after, long upTo, ZoneRules zone, DstRule rule) =>
        base.Count(Math.Max(after, _bounds.First - 1), Math.Min(upTo, _bounds.Last), zone, rule);

    /// <summary>Whether some day can bring a time at all; without it a search would go through every year in vain.</summary>
    public static bool IsPossible(RulePattern pattern)
    {
        var (rule, clock) = (pattern.Rule, pattern._clock);
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
        if (!rule.Positions.IsEmpty && rule.Positions.All(position => Math.Abs(position) > most))
            return false;
        if (RulePeriods.Seconds(rule.Frequency) is not (> 0 and var unit))
            return true;

        // The interval reaches only times of day that are congruent to the start.
        var step = Gcd(unit * (long)rule.Interval, RuleClock.SecondsPerDay);
        var start = pattern._start / TimeSpan.TicksPerSecond / unit * unit;
        return Enumerable.Range(0, clock.Count).Any(i => clock.At(i) is var second && (second - (second % unit) - start) % step == 0);
    }

    /// <summary>The first time at or after a local one, without regard to EXDATE.</summary>
    private long First(long local)
    {
        var at = Math.Max(local, _start);
        at += (TimeSpan.TicksPerSecond - (at % TimeSpan.TicksPerSecond)) % TimeSpan.TicksPerSecond;
        while (at <= _last && at < Horizon)
        {
            var period = _periods.At(at);
            if (_periods.Begin(period) is var begin && begin > at)
            {
                at = begin;
                continue;
            }

            // A set of more than a day is looked at as a whole, from its first day.
            if (Rule.Positions.IsEmpty || Rule.Frequency <= RuleFrequency.Daily)
            {
                var day = (int)(at / TimeSpan.TicksPerDay);
                if (!_days.Has(day, out var next))
                {
                    at = next * TimeSpan.TicksPerDay;
                    continue;
                }

                var second = (int)(at % TimeSpan.TicksPerDay / TimeSpan.TicksPerSecond);
                var found = _clock.First(second);
                if (found != second)
                {
                    at = found < 0 ? next * TimeSpan.TicksPerDay : (day * TimeSpan.TicksPerDay) + (found * TimeSpan.TicksPerSecond);
                    continue;
                }

                if (Rule.Positions.IsEmpty)
                    return at;
            }

            var hit = FirstOfSet(begin, _periods.Begin(period + 1), at);
            if (hit != Never)
                return hit <= _last ? hit : Never;

            at = _periods.Begin(_periods.After(period));
        }

        return Never;
    }

    /// <summary>The first time at or after <paramref name="local"/> among those that BYSETPOS chooses of one period.</summary>
    private long FirstOfSet(long begin, long end, long local)
    {
        var set = new List<int>();
        var (from, to) = (0, _clock.Count);
        if (Rule.Frequency >= RuleFrequency.Daily)
        {
            for (var day = (int)(begin / TimeSpan.TicksPerDay); day < end / TimeSpan.TicksPerDay; day++)
            {
                if (_days.Has(day, out _))
                    set.Add(day);
            }
        }
        else
        {
            set.Add((int)(begin / TimeSpan.TicksPerDay));
            from = _clock.CountBefore((int)(begin % TimeSpan.TicksPerDay / TimeSpan.TicksPerSecond));
            to = _clock.CountBefore((int)((end - (begin - (begin % TimeSpan.TicksPerDay))) / TimeSpan.TicksPerSecond));
        }

        var (first, size) = (Never, to - from);
        var total = (long)set.Count * size;
        foreach (var position in Rule.Positions)
        {
            var index = position > 0 ? position - 1 : total + position;
            if (index < 0 || index >= total)
                continue;

            var at = (set[(int)(index / size)] * TimeSpan.TicksPerDay) + (_clock.At(from + (int)(index % size)) * TimeSpan.TicksPerSecond);
            if (at >= local && at < first)
                first = at;
        }

        return first;
    }

    /// <summary>When the rule has every period and no set is chosen from, a time is one of its day and of its time of day.</summary>
    private long CountByDays(long from, long to)
    {
        if (to <= from)
            return 0;

        var count = 0L;
        var (first, last) = (Ceiling(from), Ceiling(to));
        for (var day = (int)(first / RuleClock.SecondsPerDay); day * (long)RuleClock.SecondsPerDay < last;)
        {
            if (!_days.Has(day, out var next))
            {
                day = next;
                continue;
            }

            var start = day * (long)RuleClock.SecondsPerDay;
            count += _clock.CountBefore((int)Math.Min(RuleClock.SecondsPerDay, last - start)) - _clock.CountBefore((int)Math.Max(0, first - start));
            day++;
        }

        return count;
    }

    /// <summary>How many steps of the grid lie before a local time.</summary>
    private long Steps(long local) => (Math.Max(local, _start) - _start + _grid - 1) / _grid;

    private long Nth(int count)
    {
        var at = First(_start);
        for (var i = 1; i < count && at != Never; i++)
            at = First(at + 1);

        return at == Never ? Horizon : at;
    }

    private bool Excluded(long at) =>
        _excluded is not null && (_excluded.Contains((at, false)) || _excluded.Contains((at - (at % TimeSpan.TicksPerDay), true)));

    private static long Ceiling(long ticks) => (ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;

    /// <summary>The values that a part names; without it all of them where a period is that short, else the one of DTSTART.</summary>
    private static ulong Times(ulong named, int size, int ofStart, bool all) =>
        named != 0 ? named : all ? (1UL << size) - 1 : 1UL << ofStart;

    private static long Gcd(long a, long b) => b == 0 ? a : Gcd(b, a % b);
}

/// <summary>The first and the last instant that a recurrence may have, in UTC ticks.</summary>
internal readonly record struct RuleBounds(long First, long Last)
{
    public static readonly RuleBounds None = new(0, TimeSource.Never);
}

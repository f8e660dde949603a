using System.Numerics;

namespace Chronos.Core.Scheduling;

/// <summary>
/// The times of a rule whose periods are a day or less (<c>FREQ=SECONDLY</c> to <c>DAILY</c>). Such periods are all alike, so that
/// <c>BYSETPOS</c> takes the same times of each; and what an interval meets on a day depends on nothing but where it comes in.
/// </summary>
internal sealed class RuleSteps
{
    /// <summary>With more ways to come into a day than this, an interval meets so few periods of one day that they are looked at.</summary>
    private const int MostEntries = 4096;

    private readonly RuleDays _days;
    private readonly RuleClock _clock;
    private readonly int _unit;
    private readonly int _perDay;
    private readonly long _interval;
    private readonly long _first;

    /// <summary>The seconds within a period that BYSETPOS chooses, ascending; null without it.</summary>
    private readonly int[]? _chosen;

    /// <summary>How many periods of a day count, by the first period of the day that the interval meets; null when they are looked at.</summary>
    private readonly int[]? _met;

    private readonly int _entryStep;

    /// <param name="first">The number of the period of DTSTART.</param>
    public RuleSteps(RuleDays days, RuleClock clock, long first)
    {
        var rule = days.Parts;
        (_days, _clock, _first, _interval) = (days, clock, first, rule.Interval);
        _unit = RulePeriods.Seconds(rule.Frequency);
        _perDay = RuleClock.SecondsPerDay / _unit;
        var inPeriod = rule.Frequency switch
        {
            RuleFrequency.Daily => clock,
            RuleFrequency.Hourly => clock with { Hours = 1 },
            RuleFrequency.Minutely => clock with { Hours = 1, Minutes = 1 },
            _ => new RuleClock(1, 1, 1),
        };
        _chosen = rule.Positions.IsEmpty ? null
            : [.. rule.Positions.Select(p => p > 0 ? p - 1 : inPeriod.Count + p).Where(i => i >= 0 && i < inPeriod.Count).Distinct().Order().Select(inPeriod.At)];
        PerPeriod = _chosen?.Length ?? inPeriod.Count;

        _entryStep = (int)BigInteger.GreatestCommonDivisor(_interval, _perDay);
        if (_interval <= _perDay && _interval / _entryStep <= MostEntries)
            _met = Met();

        // Of an interval that meets its times on no day at all every day would be looked at in vain.
        if (_met is not null && !_met.AsSpan().ContainsAnyExcept(0))
            PerPeriod = 0;
    }

    /// <summary>How many times each period has; 0 also where the interval meets none of them on any day.</summary>
    public int PerPeriod { get; }

    /// <summary>Whether no period of a day is left out by its hour, its minute or its second: then the interval alone says which count.</summary>
    public bool AllOfDay => _unit switch
    {
        1 => IsFull(_clock.Hours, 24) && IsFull(_clock.Minutes, 60) && IsFull(_clock.Seconds, 60),
        60 => IsFull(_clock.Hours, 24) && IsFull(_clock.Minutes, 60),
        3600 => IsFull(_clock.Hours, 24),
        _ => true,
    };

    /// <summary>How many times the rule has on this day, if it has the day.</summary>
    public int CountOn(int day)
    {
        var entry = Entry(day);
        if (_met is not null)
            return _met[entry / _entryStep] * PerPeriod;

        var count = 0;
        for (; entry < _perDay; entry += _interval)
            count += Has((int)entry) ? PerPeriod : 0;

        return count;
    }

    /// <summary>The first day from <paramref name="day"/> on that has a time; <paramref name="end"/> when none before it has.</summary>
    public int NextDay(int day, int end)
    {
        while (PerPeriod > 0 && day < end)
        {
            if (_interval > _perDay && Entry(day) is var entry && entry >= _perDay)
                day = (int)Math.Min(end, day + (entry / _perDay));
            else if (!_days.Has(day, out var next))
                day = next;
            else if (CountOn(day) == 0)
                day++;
            else
                return day;
        }

        return end;
    }

    /// <summary>The first time at or after <paramref name="local"/> (whole seconds, in ticks) before the day <paramref name="end"/>.</summary>
    public long First(long local, int end)
    {
        var today = (int)(local / TimeSpan.TicksPerDay);
        var from = (int)(local % TimeSpan.TicksPerDay / TimeSpan.TicksPerSecond);
        for (var day = NextDay(today, end); day < end; day = NextDay(day + 1, end))
        {
            if (FirstOn(day, day == today ? from : 0) is >= 0 and var second)
                return (day * TimeSpan.TicksPerDay) + (second * TimeSpan.TicksPerSecond);
        }

        return TimeSource.Never;
    }

    /// <summary>The first second of a day of the rule, from <paramref name="from"/> on; -1 when there is none.</summary>
    private int FirstOn(int day, int from)
    {
        var period = CountingFrom(Entry(day), from / _unit);
        while (period < _perDay)
        {
            var start = (int)period * _unit;
            if (!Has((int)period))
            {
                var later = _clock.First(start);
                if (later < 0)
                    return -1;

                period = CountingFrom(period, later / _unit);
                continue;
            }

            if (FirstIn(start, from) is >= 0 and var second)
                return second;

            period += _interval;
        }

        return -1;
    }

    private int FirstIn(int start, int from)
    {
        if (_chosen is null)
            return _clock.First(Math.Max(start, from)) is var second && second < start + _unit ? second : -1;

        var place = Array.BinarySearch(_chosen, from - start);
        place = place < 0 ? ~place : place;
        return place < _chosen.Length ? start + _chosen[place] : -1;
    }

    /// <summary>The first period at or after <paramref name="from"/> that counts, <paramref name="counting"/> being one that does.</summary>
    private long CountingFrom(long counting, int from) =>
        from <= counting ? counting : counting + ((from - counting + _interval - 1) / _interval * _interval);

    /// <summary>The first period that counts from the start of this day on, as periods of this day are numbered.</summary>
    private long Entry(int day)
    {
        var past = (((long)day * _perDay) - _first) % _interval;
        return past == 0 ? 0 : past < 0 ? -past : _interval - past;
    }

    /// <summary>Whether the hour, the minute and the second of this period of a day are those of the rule, as far as it is that short.</summary>
    private bool Has(int period) => _unit switch
    {
        1 => Has(_clock.Hours, period / 3600) && Has(_clock.Minutes, period / 60 % 60) && Has(_clock.Seconds, period % 60),
        60 => Has(_clock.Hours, period / 60) && Has(_clock.Minutes, period % 60),
        3600 => Has(_clock.Hours, period),
        _ => true,
    };

    private static bool IsFull(ulong mask, int size) => BitOperations.PopCount(mask) == size;

    private static bool Has(ulong mask, int value) => (mask >> value & 1) != 0;

    private int[] Met()
    {
        var met = new int[_interval / _entryStep];
        var least = (int)(_first % _entryStep);
        for (var period = least; period < _perDay; period += _entryStep)
        {
            if (Has(period))
                met[period % _interval / _entryStep]++;
        }

        return met;
    }
}

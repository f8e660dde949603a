namespace Chronos.Core.Scheduling;

/// <summary>What <c>BYSETPOS</c> chooses of each period of a rule whose periods are weeks, months or years.</summary>
internal sealed class RuleSets(RuleDays days, RulePeriods periods, RuleClock clock)
{
    /// <summary>What the positions mean depends on nothing but how many days a set has; a year of weeks has up to 371.</summary>
    private readonly long[]?[] _places = new long[]?[days.Parts.Frequency switch { RuleFrequency.Weekly => 8, RuleFrequency.Monthly => 32, _ => 372 }];

    /// <summary>The set that was looked at last: who walks asks for the same one many times.</summary>
    private Chosen? _recent;

    /// <summary>The first time at or after <paramref name="local"/> before the day <paramref name="end"/>.</summary>
    public long First(long local, int end)
    {
        for (var period = Next(local, end); period is { } chosen; period = Next(periods.Begin(periods.After(chosen.Period)), end))
        {
            if (chosen.From(local) is var place && place < chosen.Times.Length)
                return chosen.Times[place];
        }

        return TimeSource.Never;
    }

    /// <summary>The time with this number, counted from 1, at or after <paramref name="local"/> before the day <paramref name="end"/>.</summary>
    public long Nth(int number, long local, int end)
    {
        for (var period = Next(local, end); period is { } chosen; period = Next(periods.Begin(periods.After(chosen.Period)), end))
        {
            var rest = chosen.Times.AsSpan(chosen.From(local));
            if (number <= rest.Length)
                return rest[number - 1];

            number -= rest.Length;
        }

        return TimeSource.Never;
    }

    /// <summary>How many times lie in [<paramref name="from"/>, <paramref name="to"/>), <paramref name="end"/> being a day behind them.</summary>
    public long Count(long from, long to, int end)
    {
        var count = 0L;
        for (var period = Next(from, end); period is { } chosen && periods.Begin(chosen.Period) < to; period = Next(periods.Begin(periods.After(chosen.Period)), end))
            count += Math.Max(0, chosen.From(to) - chosen.From(from));

        return count;
    }

    /// <summary>The set of the period of a local time, or of the next one that counts and has a day.</summary>
    private Chosen? Next(long local, int end)
    {
        while (local < end * TimeSpan.TicksPerDay)
        {
            var period = periods.At(local);
            if (_recent is { } recent && recent.Period == period)
                return recent;

            var (begin, behind) = (periods.Begin(period), periods.Begin(period + 1));
            var day = (int)Math.Min(end, begin / TimeSpan.TicksPerDay);
            while (day < end && !days.Has(day, out var next))
                day = next;
            if (day * TimeSpan.TicksPerDay < behind)
                return day < end ? _recent = Choose(period, day, (int)(behind / TimeSpan.TicksPerDay)) : null;

            local = day * TimeSpan.TicksPerDay;
        }

        return null;
    }

    private Chosen Choose(long period, int day, int end)
    {
        var (set, size) = (days.Between(day, end), clock.Count);
        var places = _places[set.Count] ??= Places((long)set.Count * size);
        var times = new long[places.Length];
        for (var i = 0; i < times.Length; i++)
            times[i] = (set[(int)(places[i] / size)] * TimeSpan.TicksPerDay) + (clock.At((int)(places[i] % size)) * TimeSpan.TicksPerSecond);

        return new Chosen(period, times);
    }

    private long[] Places(long total) =>
        [.. days.Parts.Positions.Select(position => position > 0 ? position - 1 : total + position).Where(place => place >= 0 && place < total).Distinct().Order()];

    /// <param name="Times">Ascending.</param>
    private sealed record Chosen(long Period, long[] Times)
    {
        /// <summary>The place of the first time at or after a local one.</summary>
        public int From(long local) => Array.BinarySearch(Times, local) is var place && place < 0 ? ~place : place;
    }
}

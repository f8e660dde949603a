namespace Chronos.Core.Scheduling;

/// <summary>The periods of a recurrence, one after the other without gap, numbered; every <c>INTERVAL</c>th from that of DTSTART counts.</summary>
internal sealed class RulePeriods
{
    private readonly RuleDays _days;
    private readonly RuleFrequency _frequency;
    private readonly bool _ofWeeks;
    private readonly long _interval;
    private readonly long _first;

    /// <summary>How many days before day 0 its week begins.</summary>
    private readonly int _shift;

    public RulePeriods(RuleDays days, DateTime start)
    {
        _days = days;
        (_frequency, _ofWeeks, _interval) = (days.Parts.Frequency, !days.Parts.Weeks.IsEmpty, days.Parts.Interval);
        _shift = -days.WeekBegin(0);
        _first = Of(start.Ticks);
    }

    /// <summary>How many seconds a period has that is no longer than a day; 0 for the others.</summary>
    public static int Seconds(RuleFrequency frequency) => frequency switch
    {
        RuleFrequency.Secondly => 1,
        RuleFrequency.Minutely => 60,
        RuleFrequency.Hourly => 3600,
        RuleFrequency.Daily => RuleClock.SecondsPerDay,
        _ => 0,
    };

    /// <summary>The period of a local time that counts, or the next one that does.</summary>
    public long At(long local)
    {
        var period = Of(local);
        var past = (period - _first) % _interval;
        return past == 0 ? period : period + _interval - past;
    }

    public long After(long period) => period + _interval;

    /// <summary>When a period begins; <see cref="TimeSource.Never"/> beyond the calendar.</summary>
    public long Begin(long period)
    {
        var seconds = Seconds(_frequency);
        if (seconds > 0)
            return Bounded((Int128)period * seconds * TimeSpan.TicksPerSecond);

        return _frequency switch
        {
            RuleFrequency.Weekly => Bounded((Int128)((period * 7) - _shift) * TimeSpan.TicksPerDay),
            RuleFrequency.Monthly => period >= 9998 * 12 ? TimeSource.Never : new DateTime((int)(period / 12) + 1, (int)(period % 12) + 1, 1).Ticks,
            _ when period >= 9998 => TimeSource.Never,
            _ => _ofWeeks ? _days.FirstWeek((int)period) * TimeSpan.TicksPerDay : new DateTime((int)period, 1, 1).Ticks,
        };
    }

    private static long Bounded(Int128 ticks) => ticks >= DateTime.MaxValue.Ticks ? TimeSource.Never : Math.Max(0, (long)ticks);

    private long Of(long local)
    {
        if (Seconds(_frequency) is > 0 and var seconds)
            return local / (seconds * TimeSpan.TicksPerSecond);

        var day = (int)(local / TimeSpan.TicksPerDay);
        if (_frequency == RuleFrequency.Weekly)
            return (_days.WeekBegin(day) + _shift) / 7;
        if (_ofWeeks)
            return _days.WeekYear(day);

        var date = DateOnly.FromDayNumber(day);
        return _frequency == RuleFrequency.Monthly ? ((date.Year - 1) * 12L) + date.Month - 1 : date.Year;
    }
}

using System.Collections.Immutable;
using System.Numerics;

namespace Chronos.Core.Scheduling;

/// <summary>
/// Which days a recurrence has, whatever its interval: <c>BYMONTH</c>, <c>BYWEEKNO</c>, <c>BYYEARDAY</c>, <c>BYMONTHDAY</c> and
/// <c>BYDAY</c> together, with what DTSTART adds where they say nothing. Days are counted from 0001-01-01.
/// </summary>
/// <remarks>
/// The table of RFC 5545, section 3.3.10, tells of each part whether it expands or limits the set. Seen from one day both are the
/// same question: is the day in the part's set? Expanding only means that the period has many days to ask it of.
/// </remarks>
internal sealed class RuleDays
{
    private readonly RuleParts _rule;
    private readonly bool _nthOfYear;
    private readonly ulong[]?[] _years = new ulong[]?[28];

    public RuleDays(RuleParts rule, DateTime start)
    {
        _nthOfYear = rule.Frequency == RuleFrequency.Yearly && rule.Months == 0;
        _rule = rule.Frequency switch
        {
            RuleFrequency.Weekly when rule.Days.IsEmpty => rule with { Days = [new RuleDay((int)start.DayOfWeek, 0)] },
            RuleFrequency.Monthly when !rule.ChoosesDays => rule with { MonthDays = [start.Day] },
            RuleFrequency.Yearly when !rule.ChoosesDays => rule with { MonthDays = [start.Day], Months = rule.Months == 0 ? 1UL << start.Month : rule.Months },
            // Weeks alone say nothing of the day in them.
            RuleFrequency.Yearly when rule is { Days.IsEmpty: true, MonthDays.IsEmpty: true, YearDays.IsEmpty: true } => rule with { Days = [new RuleDay((int)start.DayOfWeek, 0)] },
            _ => rule,
        };
    }

    /// <summary>The parts with what DTSTART added.</summary>
    public RuleParts Parts => _rule;

    public bool All => _rule.Months == 0 && !_rule.ChoosesDays;

    /// <summary>Whether the rule has the day; if not, <paramref name="next"/> is the first that it may have.</summary>
    public bool Has(int day, out int next)
    {
        next = day + 1;
        if (All)
            return true;

        var year = DateOnly.FromDayNumber(day).Year;
        var first = new DateOnly(year, 1, 1).DayNumber;
        var days = Year(year, first);
        var at = day - first;
        if ((days[at >> 6] >> at & 1) != 0)
            return true;

        next = first + (NextOf(days, at + 1) is >= 0 and var later ? later : DaysIn(year));
        return false;
    }

    /// <summary>The days of the rule in [<paramref name="day"/>, <paramref name="end"/>).</summary>
    public List<int> Between(int day, int end)
    {
        var list = new List<int>(Math.Min(end - day, 8));
        while (day < end)
        {
            var year = DateOnly.FromDayNumber(day).Year;
            var first = new DateOnly(year, 1, 1).DayNumber;
            var (days, last) = (All ? null : Year(year, first), Math.Min(end, first + DaysIn(year)) - first);
            for (var at = Next(day - first); at >= 0 && at < last; at = Next(at + 1))
                list.Add(first + at);

            day = first + last;
            int Next(int from) => days is null ? from : NextOf(days, from);
        }

        return list;
    }

    /// <summary>
    /// The year whose numbered weeks hold the day: that of the fourth day of its week, since a week belongs to the year in which
    /// it has at least four days.
    /// </summary>
    public int WeekYear(int day) => DateOnly.FromDayNumber(WeekBegin(day) + 3).Year;

    /// <summary>The first day of week 1 of a year.</summary>
    public int FirstWeek(int year) => WeekBegin(new DateOnly(year, 1, 4).DayNumber);

    public int WeekBegin(int day) => day - ((day + 1 - _rule.WeekStart + 7) % 7);

    /// <summary>
    /// The days of a year as bits. A year begins on one of seven weekdays, and it, the one before or the one behind (whose weeks reach
    /// into it) is a leap year, or none of them is: 28 kinds, each looked at once.
    /// </summary>
    private ulong[] Year(int year, int first)
    {
        var leap = DateTime.IsLeapYear(year) ? 1 : IsLeap(year - 1) ? 2 : IsLeap(year + 1) ? 3 : 0;
        ref var known = ref _years[(leap * 7) + (first % 7)];
        if (known is { } days)
            return days;

        days = new ulong[6];
        for (var (day, date) = (0, new DateOnly(year, 1, 1)); date.Year == year; day++, date = date.AddDays(1))
        {
            if (Matches(date))
                days[day >> 6] |= 1UL << day;
        }

        return known = days;
    }

    private static int NextOf(ulong[] days, int from)
    {
        for (var (word, mask) = (from >> 6, ulong.MaxValue << from); word < days.Length; word++, mask = ulong.MaxValue)
        {
            if ((days[word] & mask) is not 0 and var rest)
                return (word << 6) + BitOperations.TrailingZeroCount(rest);
        }

        return -1;
    }

    private bool Matches(DateOnly date) =>
        (_rule.Months == 0 || (_rule.Months >> date.Month & 1) != 0)
        && (_rule.Weeks.IsEmpty || InWeeks(date.DayNumber))
        && (_rule.YearDays.IsEmpty || Lists(_rule.YearDays, date.DayOfYear, DaysIn(date.Year)))
        && (_rule.MonthDays.IsEmpty || Lists(_rule.MonthDays, date.Day, DateTime.DaysInMonth(date.Year, date.Month)))
        && (_rule.Days.IsEmpty || InDays(date));

    private bool InWeeks(int day)
    {
        // 28 December is always in the last week of its year.
        var fourth = DateOnly.FromDayNumber(WeekBegin(day) + 3);
        var last = DateOnly.FromDayNumber(WeekBegin(new DateOnly(fourth.Year, 12, 28).DayNumber) + 3);
        return Lists(_rule.Weeks, Week(fourth), Week(last));
    }

    private static int Week(DateOnly fourthDay) => ((fourthDay.DayOfYear - 1) / 7) + 1;

    private bool InDays(DateOnly date)
    {
        var weekday = (int)date.DayOfWeek;
        var (position, length) = _nthOfYear ? (date.DayOfYear, DaysIn(date.Year)) : (date.Day, DateTime.DaysInMonth(date.Year, date.Month));
        foreach (var day in _rule.Days)
        {
            if (day.Weekday == weekday
                && (day.Nth == 0 || day.Nth == ((position - 1) / 7) + 1 || day.Nth == -(((length - position) / 7) + 1)))
                return true;
        }

        return false;
    }

    /// <param name="numbers">Ascending.</param>
    private static bool Lists(ImmutableArray<int> numbers, int number, int last) =>
        numbers.AsSpan().BinarySearch(number) >= 0 || numbers.AsSpan().BinarySearch(number - last - 1) >= 0;

    private static int DaysIn(int year) => DateTime.IsLeapYear(year) ? 366 : 365;

    /// <summary>Also of the years beside the calendar.</summary>
    private static bool IsLeap(int year) => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

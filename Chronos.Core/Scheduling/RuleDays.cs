using System.Collections.Immutable;

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

        var date = DateOnly.FromDayNumber(day);
        var (year, month, dayOfMonth) = date;
        if (_rule.Months != 0 && (_rule.Months >> month & 1) == 0)
        {
            next = day + DateTime.DaysInMonth(year, month) - dayOfMonth + 1;
            return false;
        }

        return (_rule.Weeks.IsEmpty || InWeeks(day))
            && (_rule.YearDays.IsEmpty || Lists(_rule.YearDays, date.DayOfYear, DaysIn(year)))
            && (_rule.MonthDays.IsEmpty || Lists(_rule.MonthDays, dayOfMonth, DateTime.DaysInMonth(year, month)))
            && (_rule.Days.IsEmpty || InDays(date));
    }

    /// <summary>
    /// The year whose numbered weeks hold the day: that of the fourth day of its week, since a week belongs to the year in which
    /// it has at least four days.
    /// </summary>
    public int WeekYear(int day) => DateOnly.FromDayNumber(WeekBegin(day) + 3).Year;

    /// <summary>The first day of week 1 of a year.</summary>
    public int FirstWeek(int year) => WeekBegin(new DateOnly(year, 1, 4).DayNumber);

    public int WeekBegin(int day) => day - ((day + 1 - _rule.WeekStart + 7) % 7);

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

    private static bool Lists(ImmutableArray<int> numbers, int number, int last)
    {
        foreach (var listed in numbers)
        {
            if (listed == number || listed == number - last - 1)
                return true;
        }

        return false;
    }

    private static int DaysIn(int year) => DateTime.IsLeapYear(year) ? 366 : 365;
}

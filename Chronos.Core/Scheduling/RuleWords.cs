using System.Globalization;
using System.Numerics;

namespace Chronos.Core.Scheduling;

/// <summary>The words for a recurrence rule.</summary>
internal static class RuleWords
{
    private static readonly string[] Units = ["second", "minute", "hour", "day", "week", "month", "year"];
    private static readonly string[] Weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

    /// <param name="begins">Whether the rule itself says when it begins.</param>
    public static string Say(RulePattern pattern, bool begins)
    {
        var rule = pattern.Rule;
        var unit = Units[(int)rule.Frequency];
        var text = rule.Interval == 1 ? $"Every {unit}" : string.Create(CultureInfo.InvariantCulture, $"Every {rule.Interval} {unit}s");
        text += Days(rule);
        if (rule.Months != 0)
            text += $" in {CronWords.Values(rule.Months, CronField.Month, CultureInfo.InvariantCulture.DateTimeFormat.GetMonthName)}";
        text += Times(rule, pattern.Clock);
        if (!rule.Positions.IsEmpty)
            text += $", only the {CronWords.And([.. rule.Positions.OrderBy(p => p < 0).ThenBy(n => Math.Abs(n)).Select(Ordinal)])} of these in each {(rule.Interval == 1 ? unit : $"such {unit}")}";
        if (rule.Interval > 1 || rule.Count is not null)
            text += $", counted from {Moment(pattern.Start)}";
        else if (begins)
            text += $", from {Moment(pattern.Start)} on";
        if (rule is { Frequency: RuleFrequency.Weekly, Interval: > 1, WeekStart: not 1 })
            text += $" in weeks that begin on {Weekdays[rule.WeekStart]}";
        if (rule.Count is { } count)
            text += count == 1 ? ", once" : string.Create(CultureInfo.InvariantCulture, $", {count} times");
        if (rule.Until is { } until)
            text += $", until {(until.WholeDay ? until.Value.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : Moment(until.Value))}{(until.Utc ? " UTC" : "")}";
        if (pattern.Exceptions > 0)
            text += pattern.Exceptions == 1 ? ", with one exception" : string.Create(CultureInfo.InvariantCulture, $", with {pattern.Exceptions} exceptions");

        return text;
    }

    /// <summary><c>1st</c>, <c>2nd</c> …; from the end <c>last</c>, <c>2nd to last</c>.</summary>
    internal static string Ordinal(int number) => number switch
    {
        -1 => "last",
        < 0 => $"{Ordinal(-number)} to last",
        _ => string.Create(CultureInfo.InvariantCulture, $"{number}{(number % 100 is >= 11 and <= 13 ? "th" : (number % 10) switch { 1 => "st", 2 => "nd", 3 => "rd", _ => "th" })}"),
    };

    /// <summary>All parts have to hold of a day: the first says on which days, each further one which of those.</summary>
    private static string Days(RuleParts rule)
    {
        var text = "";
        if (!rule.Weeks.IsEmpty)
            text = $" in the {CronWords.And([.. FromFront(rule.Weeks).Select(Ordinal)])} week of the year";

        var conditions = new List<Func<Func<List<string>, string>, string>>();
        if (!rule.YearDays.IsEmpty)
            conditions.Add(join => $"the {join([.. FromFront(rule.YearDays).Select(Ordinal)])} day of the year");
        if (!rule.MonthDays.IsEmpty)
            conditions.Add(join => $"the {join([.. FromFront(rule.MonthDays).Select(Ordinal)])} day of the month");
        if (!rule.Days.IsEmpty)
            conditions.Add(join => Weekly(rule, join));
        for (var i = 0; i < conditions.Count; i++)
            text += i == 0 ? $" on {conditions[i](CronWords.And)}" : $", and only if that is {conditions[i](CronWords.Or)}";

        return conditions.Count > 1 ? text + "," : text;
    }

    private static string Weekly(RuleParts rule, Func<List<string>, string> join)
    {
        var plain = rule.Days.Where(day => day.Nth == 0).Aggregate(0UL, (mask, day) => mask | (1UL << ((day.Weekday + 6) % 7)));
        var of = rule.Frequency == RuleFrequency.Yearly && rule.Months == 0 ? "year" : "month";
        var words = rule.Days.Where(day => day.Nth != 0).Select(day => $"the {Ordinal(day.Nth)} {Weekdays[day.Weekday]} of the {of}").ToList();
        if (plain != 0)
            words.Insert(0, CronWords.Values(plain, WeekFromMonday, day => Weekdays[(day + 1) % 7], join));

        return join(words);
    }

    private static readonly CronField WeekFromMonday = new("day", 5, 0, 6, 6, []);

    private static IEnumerable<int> FromFront(IEnumerable<int> numbers) => numbers.OrderBy(n => n < 0).ThenBy(n => Math.Abs(n));

    private static string Times(RuleParts rule, RuleClock clock)
    {
        var unit = rule.Frequency;
        if (unit >= RuleFrequency.Daily)
            return " " + CronWords.Time(new CronSets { Hours = (uint)clock.Hours, Minutes = clock.Minutes, Seconds = clock.Seconds });

        var text = "";
        if (rule.Hours != 0)
            text += $" of hour{Plural(rule.Hours)} {CronWords.Values(rule.Hours, CronField.Hour, Number)}";
        var minutes = unit == RuleFrequency.Hourly ? clock.Minutes : rule.Minutes;
        if (minutes != 0)
            text += $" at minute{Plural(minutes)} {CronWords.Values(minutes, CronField.Minute, Number)}";
        var seconds = unit == RuleFrequency.Secondly ? rule.Seconds : clock.Seconds;
        if (seconds is not (0 or 1))
            text += $" at second{Plural(seconds)} {CronWords.Values(seconds, CronField.Second, Number)}";

        return text;
    }

    private static string Plural(ulong mask) => BitOperations.PopCount(mask) == 1 ? "" : "s";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Moment(DateTime at) => at.ToString(at.Second == 0 ? "yyyy-MM-dd HH:mm" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}

using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;

namespace Chronos.Core.Scheduling;

/// <summary>The words for the sets of a cron expression.</summary>
internal static class CronWords
{
    private static readonly string[] Weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    private static readonly string[] Ordinals = ["", "first", "second", "third", "fourth", "fifth"];
    private const int MostTimes = 8;

    /// <summary>From here on values at even distances are told by their ends.</summary>
    private const int LongStep = 5;

    public static string Say(CronSets sets)
    {
        var time = Time(sets);
        var days = Days(sets);
        var months = BitOperations.PopCount(sets.Months) == 12 ? "" : $" in {Values(sets.Months, CronField.Month, value => CultureInfo.InvariantCulture.DateTimeFormat.GetMonthName(value))}";
        var years = sets.Years is { } named ? Years([.. named.All]) : "";
        var each = days.Length == 0 && TimesOfDay(sets) <= MostTimes ? " every day" : "";
        var begin = $"{char.ToUpperInvariant(time[0])}{time[1..]}{each}";

        // What holds of both days stands before them: "on day 3, or on Friday in April" would be day 3 of every month.
        return months.Length + years.Length > 0 && EitherOf(sets) ? $"{begin}{(months.Length > 0 ? months + years : years.Replace(" of ", " in ", StringComparison.Ordinal))},{days}" : $"{begin}{days}{months}{years}";
    }

    private static int TimesOfDay(CronSets sets) => BitOperations.PopCount(sets.Seconds) * BitOperations.PopCount(sets.Minutes) * BitOperations.PopCount(sets.Hours);

    /// <summary>An even step by its ends; otherwise runs, and of many of them the first ones and how many there are.</summary>
    private static string Years(ImmutableArray<int> years)
    {
        if (years.Length >= 3 && years[1] - years[0] is var step && Enumerable.Range(1, years.Length - 1).All(i => years[i] - years[i - 1] == step))
        {
            var each = step == 1 ? "each year" : string.Create(CultureInfo.InvariantCulture, $"every {step} years");
            return string.Create(CultureInfo.InvariantCulture, $", {each} from {years[0]} to {years[^1]}");
        }

        var parts = new List<string>();
        for (int at = 0, end; at < years.Length; at = end)
        {
            for (end = at + 1; end < years.Length && years[end] == years[end - 1] + 1;)
                end++;
            if (end - at < 3)
                end = at + 1;

            parts.Add(end - at == 1 ? Number(years[at]) : $"{Number(years[at])} to {Number(years[end - 1])}");
        }

        return parts.Count switch
        {
            0 => "",
            <= MostTimes => $" of {And(parts)}",
            _ => string.Create(CultureInfo.InvariantCulture, $" of {string.Join(", ", parts.Take(MostTimes))} and others, {years.Length} years up to {years[^1]}"),
        };
    }

    internal static string Time(CronSets sets)
    {
        int seconds = BitOperations.PopCount(sets.Seconds), minutes = BitOperations.PopCount(sets.Minutes), hours = BitOperations.PopCount(sets.Hours);
        if (TimesOfDay(sets) <= MostTimes)
            return $"at {And([.. Times(sets)])}";

        var hour = hours == 24 ? "" : $" of hour{(hours == 1 ? "" : "s")} {Values(sets.Hours, CronField.Hour, Number)}";
        if (seconds > 1)
        {
            var second = Every(sets.Seconds, CronField.Second) ?? $"at second{(seconds == 1 ? "" : "s")} {Values(sets.Seconds, CronField.Second, Number)}";
            return minutes == 60 ? second + hour : $"{second} of minute{(minutes == 1 ? "" : "s")} {Values(sets.Minutes, CronField.Minute, Number)}{hour}";
        }

        var at = sets.Seconds == 1 ? "" : $" at second {BitOperations.TrailingZeroCount(sets.Seconds)}";
        if (minutes == 1)
            return $"at minute {BitOperations.TrailingZeroCount(sets.Minutes)}{(hours == 24 ? " of every hour" : hour)}{at}";

        return (Every(sets.Minutes, CronField.Minute) ?? $"at minutes {Values(sets.Minutes, CronField.Minute, Number)}{(hours == 24 ? " of every hour" : "")}") + hour + at;
    }

    private static IEnumerable<string> Times(CronSets sets) =>
        from hour in Bits(sets.Hours)
        from minute in Bits(sets.Minutes)
        from second in Bits(sets.Seconds)
        select second == 0 && sets.Seconds == 1
            ? string.Create(CultureInfo.InvariantCulture, $"{hour:00}:{minute:00}")
            : string.Create(CultureInfo.InvariantCulture, $"{hour:00}:{minute:00}:{second:00}");

    /// <summary>An even step over the whole field, such as every 15 minutes.</summary>
    private static string? Every(ulong mask, CronField field)
    {
        var values = Bits(mask).ToList();
        if (values.Count < 2 || field.Size % values.Count != 0 || values[0] != 0)
            return null;

        var step = field.Size / values.Count;
        if (values.Where((value, i) => value != i * step).Any())
            return null;

        return step == 1 ? $"every {field.Name}" : $"every {step} {field.Name}s";
    }

    private static bool OfMonth(CronSets sets) => sets.DayOfMonthRestricted || BitOperations.PopCount(sets.DaysOfMonth) < 31;

    private static bool OfWeek(CronSets sets) => sets.DayOfWeekRestricted || BitOperations.PopCount(sets.DaysOfWeek) < 7;

    private static bool EitherOf(CronSets sets) => OfMonth(sets) && OfWeek(sets) && sets.EitherDay;

    private static string Days(CronSets sets)
    {
        var (ofMonth, ofWeek) = (OfMonth(sets), OfWeek(sets));
        return (ofMonth, ofWeek) switch
        {
            (false, _) when BitOperations.PopCount(sets.DaysOfWeek) == 7 => "",
            (true, false) => $" on {And(DaysOfMonth(sets, And))}",
            (false, true) => $" on {And(DaysOfWeek(sets, And))}",
            _ when sets.EitherDay => $" on {And(DaysOfMonth(sets, And))}, or on {And(DaysOfWeek(sets, And))}",
            _ => $" on {And(DaysOfMonth(sets, And))}, and only if that is {Or(DaysOfWeek(sets, Or))}",
        };
    }

    private static List<string> DaysOfMonth(CronSets sets, Func<List<string>, string> join)
    {
        var words = new List<string>();
        if (sets.DaysOfMonth != 0)
            words.Add($"day{(BitOperations.PopCount(sets.DaysOfMonth) == 1 ? "" : "s")} {Values(sets.DaysOfMonth, CronField.DayOfMonth, Number, join)} of the month");

        words.AddRange(sets.Specials.Where(day => !day.InWeek).Select(Special));
        return words;
    }

    private static List<string> DaysOfWeek(CronSets sets, Func<List<string>, string> join)
    {
        var words = new List<string>();
        if (sets.DaysOfWeek != 0)
            words.Add(Values(sets.DaysOfWeek, CronField.DayOfWeek, value => Weekdays[value], join));

        words.AddRange(sets.Specials.Where(day => day.InWeek).Select(Special));
        return words;
    }

    private static string Special(SpecialDay day) => day.Kind switch
    {
        SpecialDayKind.FromLast => day.A == 0 ? "the last day of the month" : $"the day {day.A} before the last of the month",
        SpecialDayKind.WeekdayFromLast => day.A == 0 ? "the last weekday of the month" : $"the weekday nearest to {day.A} before the last day of the month",
        SpecialDayKind.NearestWeekday => $"the weekday nearest to day {day.A} of the month",
        SpecialDayKind.NthOfWeekday => $"the {Ordinals[day.B]} {Weekdays[day.A]} of the month",
        _ => $"the last {Weekdays[day.A]} of the month",
    };

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Values with runs of three and more as <c>a to b</c>.</summary>
    internal static string Values(ulong mask, CronField field, Func<int, string> word) => Values(mask, field, word, And);

    internal static string Values(ulong mask, CronField field, Func<int, string> word, Func<List<string>, string> join)
    {
        var parts = new List<string>();
        var all = Bits(mask).Where(value => value >= field.Min && value <= field.Max).ToList();
        if (all.Count >= LongStep && all[1] - all[0] is > 1 and var step && all.Zip(all.Skip(1), (a, b) => b - a).All(gap => gap == step))
            return string.Create(CultureInfo.InvariantCulture, $"{word(all[0])} to {word(all[^1])} in steps of {step}");

        for (var value = field.Min; value <= field.Max; value++)
        {
            if ((mask >> value & 1) == 0)
                continue;

            var end = value;
            while (end < field.Max && (mask >> (end + 1) & 1) != 0)
                end++;
            if (end - value >= 2)
            {
                parts.Add($"{word(value)} to {word(end)}");
                value = end;
            }
            else
            {
                parts.Add(word(value));
            }
        }

        return join(parts);
    }

    internal static string And(List<string> parts) => Joined(parts, "and");

    internal static string Or(List<string> parts) => Joined(parts, "or");

    private static string Joined(List<string> parts, string word) =>
        parts.Count < 2 ? string.Concat(parts) : $"{string.Join(", ", parts.SkipLast(1))} {word} {parts[^1]}";

    private static IEnumerable<int> Bits(ulong mask)
    {
        for (; mask != 0; mask &= mask - 1)
            yield return BitOperations.TrailingZeroCount(mask);
    }
}

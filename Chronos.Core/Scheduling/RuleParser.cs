using System.Collections.Immutable;
using System.Globalization;

namespace Chronos.Core.Scheduling;

/// <summary>What is wrong with a recurrence, and where in its text (for a caret).</summary>
public sealed record RuleError(string Message, int Position, int Length);

/// <summary>Reads <c>FREQ=…;…</c> by the grammar of RFC 5545, section 3.3.10, with what it forbids.</summary>
internal sealed class RuleParser
{
    private const int MaxItems = 400;

    private static readonly string[] Weekdays = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

    private readonly HashSet<string> _seen = new(StringComparer.OrdinalIgnoreCase);
    private RuleParts _rule = new();
    private RuleError? _error;

    /// <summary>The parts; or null and the first fault.</summary>
    /// <param name="offset">Where the rule stands in the text that the user wrote.</param>
    public static RuleParts? Parse(string rule, int offset, out RuleError? error)
    {
        var parser = new RuleParser();
        var at = offset;
        foreach (var part in rule.Split(';'))
        {
            if (part.Length > 0 || rule.Length == 0)
                parser.Part(part, at);
            at += part.Length + 1;
        }

        if (parser._error is null)
            parser.Whole(offset, rule.Length);

        error = parser._error;
        return error is null ? parser._rule : null;
    }

    private void Part(string part, int at)
    {
        var equals = part.IndexOf('=', StringComparison.Ordinal);
        var (name, value) = equals < 0 ? (part, "") : (part[..equals].ToUpperInvariant(), part[(equals + 1)..]);
        if (equals < 0)
            Wrong($"'{Short(part)}' is not NAME=value", at, part.Length);
        else if (!_seen.Add(name))
            Wrong($"{name} stands twice", at, part.Length);
        else if (value.Length == 0)
            Wrong($"{name} has no value", at, part.Length);
        else
            _rule = Set(name, value, at + equals + 1);
    }

    private RuleParts Set(string name, string value, int at) => name switch
    {
        "FREQ" => _rule with { Frequency = Frequency(value, at) },
        "INTERVAL" => _rule with { Interval = Number(name, value, 1, int.MaxValue, at) },
        "COUNT" => _rule with { Count = Number(name, value, 1, int.MaxValue, at) },
        "UNTIL" => _rule with { Until = Until(value, at) },
        "WKST" => _rule with { WeekStart = Weekday(name, value, at) },
        "BYSECOND" => _rule with { Seconds = WithoutLeap(Mask(name, value, 0, 60, at)) },
        "BYMINUTE" => _rule with { Minutes = Mask(name, value, 0, 59, at) },
        "BYHOUR" => _rule with { Hours = Mask(name, value, 0, 23, at) },
        "BYMONTH" => _rule with { Months = Mask(name, value, 1, 12, at) },
        "BYDAY" => _rule with { Days = Days(value, at) },
        "BYMONTHDAY" => _rule with { MonthDays = Signed(name, value, 31, at) },
        "BYYEARDAY" => _rule with { YearDays = Signed(name, value, 366, at) },
        "BYWEEKNO" => _rule with { Weeks = Signed(name, value, 53, at) },
        "BYSETPOS" => _rule with { Positions = Signed(name, value, 366, at) },
        _ => Unknown(name, at),
    };

    private RuleParts Unknown(string name, int at)
    {
        Wrong(name is "RSCALE" or "SKIP" ? $"{name} (RFC 7529) is not supported" : $"{Short(name)} is not a part of a recurrence rule", at - name.Length - 1, name.Length);
        return _rule;
    }

    /// <summary>What only the parts together show.</summary>
    private void Whole(int at, int length)
    {
        void Refuse(string message) => Wrong(message, at, Math.Max(1, length));

        var rule = _rule;
        var ordinal = rule.Days.Any(day => day.Nth != 0);
        if (!_seen.Contains("FREQ"))
            Refuse("FREQ is missing");
        else if (rule is { Count: not null, Until: not null })
            Refuse("COUNT and UNTIL exclude each other");
        else if (ordinal && rule.Frequency < RuleFrequency.Monthly)
            Refuse("BYDAY takes numbers only with FREQ=MONTHLY or FREQ=YEARLY");
        else if (ordinal && !rule.Weeks.IsEmpty)
            Refuse("BYDAY takes no numbers beside BYWEEKNO");
        else if (!rule.MonthDays.IsEmpty && rule.Frequency == RuleFrequency.Weekly)
            Refuse("BYMONTHDAY does not go with FREQ=WEEKLY");
        else if (!rule.YearDays.IsEmpty && rule.Frequency is RuleFrequency.Daily or RuleFrequency.Weekly or RuleFrequency.Monthly)
            Refuse("BYYEARDAY does not go with FREQ=DAILY, WEEKLY or MONTHLY");
        else if (!rule.Weeks.IsEmpty && rule.Frequency != RuleFrequency.Yearly)
            Refuse("BYWEEKNO goes only with FREQ=YEARLY");
        else if (!rule.Positions.IsEmpty && !rule.ChoosesDays && (rule.Seconds | rule.Minutes | rule.Hours | rule.Months) == 0)
            Refuse("BYSETPOS needs another part that begins with BY");
    }

    private RuleFrequency Frequency(string value, int at)
    {
        for (var frequency = RuleFrequency.Secondly; frequency <= RuleFrequency.Yearly; frequency++)
        {
            if (frequency.ToString().Equals(value, StringComparison.OrdinalIgnoreCase))
                return frequency;
        }

        Wrong($"FREQ: '{Short(value)}' is not one of SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY", at, value.Length);
        return default;
    }

    private RuleTime? Until(string value, int at)
    {
        if (RuleTime.TryParse(value, out var until))
            return until;

        Wrong($"UNTIL '{Short(value)}' is not a time such as 20261231T090000Z or 20261231", at, value.Length);
        return null;
    }

    private ulong Mask(string name, string value, int min, int max, int at)
    {
        var mask = 0UL;
        foreach (var (item, place) in Items(name, value, at))
            mask |= 1UL << Number(name, item, min, max, place);

        return mask;
    }

    /// <summary>A clock without leap seconds shows second 60 as 59 (RFC 5545, 3.3.12).</summary>
    private static ulong WithoutLeap(ulong seconds) => (seconds >> 60 & 1) == 0 ? seconds : (seconds & ~(1UL << 60)) | (1UL << 59);

    /// <summary>Numbers from 1 up to a limit, or from the end with a minus.</summary>
    private ImmutableArray<int> Signed(string name, string value, int max, int at)
    {
        var numbers = new SortedSet<int>();
        foreach (var (item, place) in Items(name, value, at))
        {
            if (int.TryParse(item, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number != 0 && Math.Abs((long)number) <= max)
                numbers.Add(number);
            else
                Wrong($"{name}: '{Short(item)}' is not 1 to {max} or -1 to -{max}", place, item.Length);
        }

        return [.. numbers];
    }

    private ImmutableArray<RuleDay> Days(string value, int at)
    {
        var days = ImmutableArray.CreateBuilder<RuleDay>();
        foreach (var (item, place) in Items("BYDAY", value, at))
        {
            var nth = 0;
            var weekday = item.Length >= 2 ? Array.FindIndex(Weekdays, word => item.EndsWith(word, StringComparison.OrdinalIgnoreCase)) : -1;
            if (weekday < 0 || (item.Length > 2 && (!int.TryParse(item.AsSpan(0, item.Length - 2), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out nth) || nth is 0 or < -53 or > 53)))
                Wrong($"BYDAY: '{Short(item)}' is not a day such as MO, 2MO or -1FR", place, item.Length);
            else if (new RuleDay(weekday, nth) is var day && !days.Contains(day))
                days.Add(day);
        }

        return days.ToImmutable();
    }

    private int Weekday(string name, string value, int at)
    {
        var weekday = Array.FindIndex(Weekdays, word => word.Equals(value, StringComparison.OrdinalIgnoreCase));
        if (weekday < 0)
            Wrong($"{name}: '{Short(value)}' is not one of {string.Join(", ", Weekdays)}", at, value.Length);

        return Math.Max(0, weekday);
    }

    private int Number(string name, string value, int min, int max, int at)
    {
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
            return number;

        Wrong(max == int.MaxValue ? $"{name}: '{Short(value)}' is not a whole number from {min} to {max}" : $"{name}: {Short(value)} is not {min}-{max}", at, value.Length);
        return min;
    }

    private IEnumerable<(string Item, int Place)> Items(string name, string value, int at)
    {
        var items = value.Split(',');
        if (items.Length > MaxItems)
            Wrong($"{name} has more than {MaxItems} items", at, value.Length);

        foreach (var item in items.Take(MaxItems))
        {
            yield return (item, at);
            at += item.Length + 1;
        }
    }

    private void Wrong(string message, int position, int length) => _error ??= new RuleError(message, position, Math.Max(1, length));

    private static string Short(string text) => text.Length <= 40 ? text : text[..40] + "…";
}

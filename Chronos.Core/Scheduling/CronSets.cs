using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;

namespace Chronos.Core.Scheduling;

/// <summary>
/// What a cron expression means, as sets of values: the form in which expressions are compared, shared, counted and proven
/// possible. The search itself is Cronos's. A value, that it costs a plan no object of its own.
/// </summary>
internal record struct CronSets
{
    public const int SecondsPerDay = 86400;

    public CronSets()
    {
    }

    public ulong Seconds { get; set; }

    public ulong Minutes { get; set; }

    public uint Hours { get; set; }

    public uint DaysOfMonth { get; set; }

    public ushort Months { get; set; }

    public byte DaysOfWeek { get; set; }

    public bool DayOfMonthRestricted { get; set; }

    public bool DayOfWeekRestricted { get; set; }

    /// <summary>A wildcard, range or step in minute or hour.</summary>
    public bool Repeats { get; set; }

    public DayMatch DayMatch { get; set; }

    public ImmutableArray<SpecialDay> Specials { get; set; } = [];

    /// <summary>Null for every year.</summary>
    public CronYears? Years { get; set; }

    /// <summary>Crontab's OR applies only when both day fields restrict.</summary>
    public readonly bool EitherDay => DayMatch == DayMatch.Any && DayOfMonthRestricted && DayOfWeekRestricted;

    public void Take(CronField field, ref CronFieldReader read)
    {
        switch (field.Index)
        {
            case 0: Seconds = read.Mask; break;
            case 1: Minutes = read.Mask; Repeats |= read.Repeats; break;
            case 2: Hours = (uint)read.Mask; Repeats |= read.Repeats; break;
            case 3: DaysOfMonth = (uint)read.Mask; DayOfMonthRestricted = read.Restricted; break;
            case 4: Months = (ushort)read.Mask; break;
            case 5: DaysOfWeek = (byte)read.Mask; DayOfWeekRestricted = read.Restricted; break;
            default: Years = read.AnyYear ? null : new CronYears(read.Years!); break;
        }

        if (read.Specials is { } specials)
            Specials = Specials.AddRange(specials);
    }

    /// <summary>The values of a field other than the year; bit v stands for value v.</summary>
    public readonly ulong Values(CronField field) => field.Index switch
    {
        0 => Seconds,
        1 => Minutes,
        2 => Hours,
        3 => DaysOfMonth,
        4 => Months,
        _ => DaysOfWeek,
    };

    /// <summary>Whether the pattern has this date at all.</summary>
    public readonly bool HasDay(int year, int month, int day, int last, int weekday)
    {
        if ((Months >> month & 1) == 0 || Years?.Has(year) == false)
            return false;

        bool ofMonth = (DaysOfMonth >> day & 1) != 0, ofWeek = (DaysOfWeek >> weekday & 1) != 0;
        foreach (var special in Specials)
        {
            if (special.InWeek)
                ofWeek = ofWeek || special.Matches(day, last, weekday);
            else
                ofMonth = ofMonth || special.Matches(day, last, weekday);
        }

        return EitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
    }

    /// <summary>How many times of day lie before this second of the day.</summary>
    public readonly int CountBefore(int secondOfDay)
    {
        if (secondOfDay >= SecondsPerDay)
            return BitOperations.PopCount(Hours) * BitOperations.PopCount(Minutes) * BitOperations.PopCount(Seconds);

        int hour = secondOfDay / 3600, minute = secondOfDay / 60 % 60, second = secondOfDay % 60;
        int perMinute = BitOperations.PopCount(Seconds), perHour = perMinute * BitOperations.PopCount(Minutes);
        var count = BitOperations.PopCount(Hours & ((1u << hour) - 1)) * perHour;
        if ((Hours >> hour & 1) == 0)
            return count;

        count += BitOperations.PopCount(Minutes & ((1UL << minute) - 1)) * perMinute;
        return (Minutes >> minute & 1) == 0 ? count : count + BitOperations.PopCount(Seconds & ((1UL << second) - 1));
    }

    /// <summary>
    /// Null when some date matches. 2000 to 2027 hold every kind of year (first weekday, leap or not), so what does not occur
    /// there occurs never; with a year field its years are tried instead.
    /// </summary>
    public readonly string? FaultOfDates()
    {
        var ordinary = (DaysOfMonth & 0x1FFFFFFE) != 0 && (DaysOfWeek & 0x7F) == 0x7F && Years is null;
        if (ordinary)
            return null;

        foreach (var year in Years?.All ?? Enumerable.Range(2000, 28))
        {
            if (OccursIn(year))
                return null;
        }

        if (DayOfWeekRestricted || (DaysOfWeek & 0x7F) != 0x7F)
            return "no date satisfies day-of-month, month and day-of-week together";

        List<string> days = [.. Days(), .. Specials.Select(special => special.ToString())];
        return $"{CronWords.And(days)} {(days.Count == 1 ? "does" : "do")} not occur in {string.Join(", ", MonthWords())}{(Years is null ? "" : " of these years")}";
    }

    public readonly bool Equals(CronSets other) =>
        Seconds == other.Seconds && Minutes == other.Minutes && Hours == other.Hours && DaysOfMonth == other.DaysOfMonth
        && Months == other.Months && DaysOfWeek == other.DaysOfWeek && EitherDay == other.EitherDay && Repeats == other.Repeats
        && Specials.SequenceEqual(other.Specials) && Equals(Years, other.Years);

    public override readonly int GetHashCode() =>
        HashCode.Combine(Seconds, Minutes, Hours, DaysOfMonth, Months, DaysOfWeek, EitherDay, HashCode.Combine(Repeats, Specials.Length, Years));

    private readonly IEnumerable<string> Days()
    {
        var days = DaysOfMonth;
        return from day in Enumerable.Range(1, 31) where (days >> day & 1) != 0 select day.ToString(CultureInfo.InvariantCulture);
    }

    private readonly IEnumerable<string> MonthWords()
    {
        var months = Months;
        return from month in Enumerable.Range(1, 12) where (months >> month & 1) != 0 select CronField.Month.Words[month - 1];
    }

    private readonly bool OccursIn(int year)
    {
        for (var month = 1; month <= 12; month++)
        {
            if ((Months >> month & 1) == 0)
                continue;

            var last = DateTime.DaysInMonth(year, month);
            var weekday = (int)new DateTime(year, month, 1).DayOfWeek;
            for (var day = 1; day <= last; day++, weekday = weekday == 6 ? 0 : weekday + 1)
            {
                if (HasDay(year, month, day, last, weekday))
                    return true;
            }
        }

        return false;
    }
}

namespace Chronos.Core.Scheduling;

/// <summary>One field of the cron dialect: its name in messages, its range, and the words it knows.</summary>
internal sealed record CronField(string Name, int Index, int Min, int Max, int StepMax, string[] Words)
{
    public static readonly CronField Second = new("second", 0, 0, 59, 59, []);

    public static readonly CronField Minute = new("minute", 1, 0, 59, 59, []);

    public static readonly CronField Hour = new("hour", 2, 0, 23, 23, []);

    public static readonly CronField DayOfMonth = new("day-of-month", 3, 1, 31, 31, []);

    public static readonly CronField Month = new("month", 4, 1, 12, 12,
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]);

    public static readonly CronField DayOfWeek = new("day-of-week", 5, 0, 7, 7, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]);

    public static readonly CronField Year = new("year", 6, 1970, 2299, 100, []);

    /// <summary>The fields of an expression of 5, 6 or 7 fields, in the order in which they are written.</summary>
    public static CronField[] InOrder(int count) => count switch
    {
        5 => [Minute, Hour, DayOfMonth, Month, DayOfWeek],
        6 => [Second, Minute, Hour, DayOfMonth, Month, DayOfWeek],
        _ => [Second, Minute, Hour, DayOfMonth, Month, DayOfWeek, Year],
    };

    public bool IsDay => Index is 3 or 5;

    /// <summary>How many distinct values there are: 7 is Sunday once more.</summary>
    public int Size => Index == 5 ? 7 : Max - Min + 1;

    public string Range => $"{Min}-{Max}";
}

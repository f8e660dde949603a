using System.Globalization;

namespace Chronos.Core.Scheduling;

/// <summary>Kinds of day that depend on the month: <c>L-n</c>, <c>LW</c>/<c>L-nW</c>, <c>nW</c>, <c>d#n</c>, <c>dL</c>.</summary>
internal enum SpecialDayKind : byte
{
    FromLast,
    WeekdayFromLast,
    NearestWeekday,
    NthOfWeekday,
    LastOfWeekday,
}

/// <summary>One such day. <paramref name="A"/> is n, or the weekday; <paramref name="B"/> is which of that weekday.</summary>
internal readonly record struct SpecialDay(SpecialDayKind Kind, int A, int B)
{
    public bool InWeek => Kind is SpecialDayKind.NthOfWeekday or SpecialDayKind.LastOfWeekday;

    /// <summary>Whether it is this day. <paramref name="last"/> is the last day of the month.</summary>
    public bool Matches(int day, int last, int weekday) => Kind switch
    {
        SpecialDayKind.FromLast => day == last - A,
        SpecialDayKind.WeekdayFromLast => day == Nearest(last - A, day, last, weekday),
        SpecialDayKind.NearestWeekday => day == Nearest(A, day, last, weekday),
        SpecialDayKind.NthOfWeekday => weekday == A && (day - 1) / 7 == B - 1,
        _ => weekday == A && day + 7 > last,
    };

    /// <summary>In the notation of the crontab dialects and of Cronos.</summary>
    public override string ToString() => Kind switch
    {
        SpecialDayKind.FromLast => A == 0 ? "L" : string.Create(CultureInfo.InvariantCulture, $"L-{A}"),
        SpecialDayKind.WeekdayFromLast => A == 0 ? "LW" : string.Create(CultureInfo.InvariantCulture, $"L-{A}W"),
        SpecialDayKind.NearestWeekday => string.Create(CultureInfo.InvariantCulture, $"{A}W"),
        SpecialDayKind.NthOfWeekday => string.Create(CultureInfo.InvariantCulture, $"{A}#{B}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{A}L"),
    };

    /// <summary>The weekday nearest to the target day without leaving the month; 0 when the month has no such day.</summary>
    private static int Nearest(int target, int day, int last, int weekday)
    {
        if (target < 1 || target > last)
            return 0;

        // Target and day are at most 31 apart.
        var there = (weekday + target - day + 35) % 7;
        return there switch
        {
            6 => target > 1 ? target - 1 : target + 2,
            0 => target < last ? target + 1 : target - 2,
            _ => target,
        };
    }
}

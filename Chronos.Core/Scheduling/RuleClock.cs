using System.Numerics;

namespace Chronos.Core.Scheduling;

/// <summary>Times of day as the product of hours, minutes and seconds; bit v stands for value v. Found and counted without being listed.</summary>
internal readonly record struct RuleClock(ulong Hours, ulong Minutes, ulong Seconds)
{
    public const int SecondsPerDay = 86400;

    private int PerMinute => BitOperations.PopCount(Seconds);

    private int PerHour => PerMinute * BitOperations.PopCount(Minutes);

    public int Count => PerHour * BitOperations.PopCount(Hours);

    /// <summary>The first time at or after this second of the day; -1 when there is none.</summary>
    public int First(int secondOfDay)
    {
        var (hour, minute, second) = (secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60);
        if ((Hours >> hour & 1) != 0)
        {
            if ((Minutes >> minute & 1) != 0 && Seconds >> second is var inMinute and not 0)
                return secondOfDay + BitOperations.TrailingZeroCount(inMinute);
            if (minute < 59 && Minutes >> (minute + 1) is var inHour and not 0)
                return (hour * 3600) + ((minute + 1 + BitOperations.TrailingZeroCount(inHour)) * 60) + BitOperations.TrailingZeroCount(Seconds);
        }

        return hour < 23 && Hours >> (hour + 1) is var later and not 0
            ? ((hour + 1 + BitOperations.TrailingZeroCount(later)) * 3600) + (BitOperations.TrailingZeroCount(Minutes) * 60) + BitOperations.TrailingZeroCount(Seconds)
            : -1;
    }

    /// <summary>How many times lie before this second of the day.</summary>
    public int CountBefore(int secondOfDay)
    {
        if (secondOfDay >= SecondsPerDay)
            return Count;

        var (hour, minute, second) = (secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60);
        var count = BitOperations.PopCount(Hours & Below(hour)) * PerHour;
        if ((Hours >> hour & 1) == 0)
            return count;

        count += BitOperations.PopCount(Minutes & Below(minute)) * PerMinute;
        return (Minutes >> minute & 1) == 0 ? count : count + BitOperations.PopCount(Seconds & Below(second));
    }

    /// <summary>The time with this number, counted from 0.</summary>
    public int At(int index) =>
        (Bit(Hours, index / PerHour) * 3600) + (Bit(Minutes, index % PerHour / PerMinute) * 60) + Bit(Seconds, index % PerMinute);

    private static ulong Below(int value) => (1UL << value) - 1;

    private static int Bit(ulong mask, int nth)
    {
        for (; nth > 0; nth--)
            mask &= mask - 1;

        return BitOperations.TrailingZeroCount(mask);
    }
}

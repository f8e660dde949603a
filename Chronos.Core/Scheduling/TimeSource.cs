namespace Chronos.Core.Scheduling;

/// <summary>Where nominal times come from: cron, an interval, one instant, a recurrence rule. Instants are UTC ticks since 0001.</summary>
internal abstract class TimeSource
{
    public const long Never = long.MaxValue;

    /// <summary>The first instant strictly after, or <see cref="Never"/>.</summary>
    public abstract long Next(long after, ZoneRules zone, DstRule rule);

    /// <summary>How many instants lie in (after, upTo].</summary>
    public abstract long Count(long after, long upTo, ZoneRules zone, DstRule rule);

    /// <summary>The last instant in (after, upTo], or <see cref="Never"/>: halves the range, so that a year of seconds costs some 35 searches.</summary>
    public virtual long Last(long after, long upTo, ZoneRules zone, DstRule rule)
    {
        var last = Next(after, zone, rule);
        if (last > upTo)
            return Never;

        var end = upTo;
        while (end - last > 0)
        {
            var middle = last + ((end - last) / 2);
            var next = Next(middle, zone, rule);
            if (next <= upTo)
                last = next;
            else
                end = middle;
        }

        return last;
    }
}

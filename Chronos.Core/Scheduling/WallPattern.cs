namespace Chronos.Core.Scheduling;

/// <summary>
/// A set of times of the local wall clock, in ticks since 0001 as <see cref="DateTime"/> counts them: knows nothing of zones.
/// <see cref="ZonedTimes"/> turns them into instants.
/// </summary>
internal abstract class WallPattern : TimeSource
{
    /// <summary>Fires in both passes of a repeated hour.</summary>
    public abstract bool Repeats { get; }

    /// <summary>The first time at or after <paramref name="local"/>, or <see cref="TimeSource.Never"/>.</summary>
    public abstract long FirstFrom(long local);

    /// <summary>How many times lie in [<paramref name="from"/>, <paramref name="to"/>).</summary>
    public abstract long CountBetween(long from, long to);

    public override long Next(long after, ZoneRules zone, DstRule rule) => ZonedTimes.Next(this, zone, rule, after);

    public override long Count(long after, long upTo, ZoneRules zone, DstRule rule) => ZonedTimes.Count(this, zone, rule, after, upTo);
}

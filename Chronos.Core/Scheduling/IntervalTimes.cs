namespace Chronos.Core.Scheduling;

/// <summary>A fixed rate: the grid anchor + k × every, in elapsed time, so that no daylight-saving change touches it.</summary>
internal sealed class IntervalTimes(long anchor, long every) : TimeSource
{
    public override long Next(long after, ZoneRules zone, DstRule rule) => anchor + ((Step(after) + 1) * every);

    public override long Last(long after, long upTo, ZoneRules zone, DstRule rule)
    {
        var last = anchor + (Step(upTo) * every);
        return last > after ? last : Never;
    }

    public override long Count(long after, long upTo, ZoneRules zone, DstRule rule) => Step(upTo) - Step(after);

    /// <summary>The number of the last grid point at or before an instant; rounds down also before the anchor.</summary>
    private long Step(long at) => at >= anchor ? (at - anchor) / every : -((anchor - at + every - 1) / every);
}

/// <summary>One instant.</summary>
internal sealed class OneTime(long at) : TimeSource
{
    public override long Next(long after, ZoneRules zone, DstRule rule) => at > after ? at : Never;

    public override long Count(long after, long upTo, ZoneRules zone, DstRule rule) => at > after && at <= upTo ? 1 : 0;
}

/// <summary>
/// A fixed delay: the next instant counts from the end of the previous execution, which is what <c>after</c> means here. There is
/// never more than one outstanding.
/// </summary>
internal sealed class DelayTimes(long every, long startsAt) : TimeSource
{
    public override long Next(long after, ZoneRules zone, DstRule rule) => after < startsAt ? startsAt : after + every;

    public override long Last(long after, long upTo, ZoneRules zone, DstRule rule) => Next(after, zone, rule) is var next && next <= upTo ? next : Never;

    public override long Count(long after, long upTo, ZoneRules zone, DstRule rule) => Last(after, upTo, zone, rule) == Never ? 0 : 1;
}

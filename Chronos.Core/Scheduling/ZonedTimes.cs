namespace Chronos.Core.Scheduling;

/// <summary>
/// Maps the wall-clock times of a pattern to instants, one stretch of constant offset after the other. This is the whole of our
/// daylight-saving rule; <c>NOTES.md</c> states it in words.
/// </summary>
internal static class ZonedTimes
{
    /// <summary>No zone ever set its clock back or forward by more: beyond it nothing can be shown a second time.</summary>
    private const long LongestShift = 26 * TimeSpan.TicksPerHour;

    public static long Next(WallPattern pattern, ZoneRules zone, DstRule rule, long after)
    {
        var from = after + 1;
        var span = zone.At(from);
        while (true)
        {
            var local = Entry(pattern, zone, rule, span, from, out var inGap);
            if (inGap)
                return span.Start;

            var hit = pattern.FirstFrom(local);
            if (hit != TimeSource.Never && hit - span.Offset < span.End)
                return hit - span.Offset;
            if (!span.HasEnd)
                return TimeSource.Never;

            // All that could be shown again after this stretch has been searched: go to where the pattern has its next time.
            var searched = span.End - from > LongestShift;
            if (searched && hit == TimeSource.Never)
                return TimeSource.Never;

            span = zone.At(searched ? Math.Max(span.End, hit - LongestShift) : span.End);
            from = span.Start;
        }
    }

    /// <summary>How many instants lie in (after, upTo].</summary>
    public static long Count(WallPattern pattern, ZoneRules zone, DstRule rule, long after, long upTo)
    {
        var (count, from) = (0L, after + 1);
        while (from <= upTo)
        {
            var span = zone.At(from);
            var local = Entry(pattern, zone, rule, span, from, out var inGap);
            var end = Math.Min(upTo, span.End - 1) + span.Offset + 1;
            if (end > local)
                count += pattern.CountBetween(local, end);

            // The swallowed times and a time that stands exactly at the end of the gap are one instant.
            if (inGap && pattern.FirstFrom(local) != local)
                count++;
            if (!span.HasEnd)
                break;

            from = span.End;
        }

        return count;
    }

    /// <summary>
    /// Where on the wall clock to start in a stretch, and whether a time was swallowed just before it.
    /// A pattern without a wildcard skips what the stretch before has shown already.
    /// </summary>
    private static long Entry(WallPattern pattern, ZoneRules zone, DstRule rule, ZoneSpan span, long from, out bool inGap)
    {
        inGap = false;
        var local = from + span.Offset;
        if (rule == DstRule.WallClock || !span.HasStart || from - span.Start > LongestShift)
            return local;

        var shown = span.Start + zone.At(span.Start - 1).Offset;
        if (shown < span.LocalStart)
            inGap = from == span.Start && pattern.FirstFrom(shown) < span.LocalStart;
        else if (!pattern.Repeats)
            local = Math.Max(local, shown);

        return local;
    }
}

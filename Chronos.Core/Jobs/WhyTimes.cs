using System.Globalization;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs;

/// <summary>A nominal time as people see it: on the wall clock of its zone, with what is odd about it.</summary>
public sealed record WhyTime(DateTimeOffset At, string Local, IReadOnlyList<string> Notes)
{
    /// <summary>Shows a time of a schedule.</summary>
    public static WhyTime Of(Schedule schedule, DateTimeOffset at)
    {
        var span = schedule.Zone.At(at.UtcTicks);
        var offset = TimeSpan.FromTicks(span.Offset);
        var notes = new List<string>();
        if (span.HasStart && at.UtcTicks - span.Start < TimeSpan.TicksPerDay)
        {
            var before = TimeSpan.FromTicks(schedule.Zone.At(span.Start - 1).Offset);
            notes.Add($"the clock went {(offset > before ? "forward" : "back")} by {Durations.Format((offset - before).Duration())} at {Rfc3339.Format(new DateTimeOffset(span.Start, TimeSpan.Zero))}");
        }

        if (schedule.FireAt(at) is var fires && fires != at)
        {
            notes.Add($"fires at {Rfc3339.Format(fires)}: {Durations.Format(fires - at)} of jitter");
        }

        return new WhyTime(at, at.ToOffset(Whole(offset)).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture), notes);
    }

    /// <summary>Offsets of long ago had seconds, which RFC 3339 cannot say.</summary>
    private static TimeSpan Whole(TimeSpan offset) => TimeSpan.FromMinutes(Math.Truncate(offset.TotalMinutes));
}

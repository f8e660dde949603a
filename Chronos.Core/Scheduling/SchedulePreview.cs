using System.Collections.Immutable;
using System.Globalization;
using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary>One coming slot: the nominal time in UTC and as the zone's clock shows it, and what is remarkable about it.</summary>
/// <param name="FiresAt">When it will fire, with jitter and calendars; null when a calendar skips it.</param>
public sealed record PreviewRow(DateTimeOffset At, DateTimeOffset Local, DateTimeOffset? FiresAt, ImmutableArray<string> Notes);

/// <summary>What a schedule will do, computed by <see cref="Schedule.Next"/>: what is shown is what fires.</summary>
public static class SchedulePreview
{
    /// <summary>The slots from <paramref name="from"/> (inclusive) on, lazily; without end when the schedule has none.</summary>
    public static IEnumerable<PreviewRow> Rows(Schedule schedule, DateTimeOffset from)
    {
        // A fixed delay counts from the end of an execution: from there only one slot can be foretold.
        var first = from > Schedule.Earliest ? from : Schedule.Earliest;
        return schedule.AfterCompletion
            ? schedule.After(first).Take(1).Select(at => Row(schedule, at)).Select(row => row with { Notes = row.Notes.Insert(0, $"if an execution ends at {Rfc3339.Format(first)}") })
            : schedule.After(first.AddTicks(-1)).Select(at => Row(schedule, at));
    }

    /// <summary>At most <paramref name="count"/> slots in [<paramref name="from"/>, <paramref name="to"/>).</summary>
    public static ImmutableArray<PreviewRow> Rows(Schedule schedule, DateTimeOffset from, DateTimeOffset? to, int count) =>
        [.. Rows(schedule, from).TakeWhile(row => to is null || row.At < to).Take(count)];

    /// <summary>
    /// What will happen at or after <paramref name="from"/> to slots that are not decided yet: those that fire then, in the order in which they
    /// do, and among them those that a calendar skips.
    /// </summary>
    /// <param name="decidedTo">The cursor of the job's timetable.</param>
    public static IEnumerable<PreviewRow> Coming(Schedule schedule, DateTimeOffset decidedTo, DateTimeOffset from)
    {
        var after = schedule.FiredBefore(from) is var before && before > decidedTo ? before : decidedTo;
        while (schedule.Next(after) is { } at)
        {
            var treatment = schedule.Treat(at);
            if (treatment.FireAt >= from)
            {
                yield return Row(schedule, at);
                after = at;
                continue;
            }

            after = treatment.Fate == SlotFate.Open ? at : schedule.LastAlike(at);
            if (treatment.Fate == SlotFate.Skipped && after >= from)
            {
                after = from.AddTicks(-1);
            }
        }
    }

    /// <summary>The nominal time after <paramref name="after"/> of the next slot that will run; where a calendar moves it, the time to which it does.</summary>
    public static DateTimeOffset? NextShown(Schedule schedule, DateTimeOffset after)
    {
        // Of an open slot whose time has come only the jitter is left; the one behind it is the next.
        var next = schedule.NextFiring(Schedule.Earliest, after.AddTicks(1));
        while (next is { } slot && slot.Nominal <= after && schedule.Treat(slot.Nominal).Fate == SlotFate.Open)
        {
            next = schedule.NextFiring(slot.Nominal, after.AddTicks(1));
        }

        return next is not { } found ? null : schedule.Treat(found.Nominal).Fate == SlotFate.Moved ? found.FireAt : found.Nominal;
    }

    /// <summary>The row of one nominal time.</summary>
    public static PreviewRow Row(Schedule schedule, DateTimeOffset at)
    {
        var notes = ImmutableArray.CreateBuilder<string>();
        var span = schedule.Zone.At(at.UtcTicks);
        if (schedule.Spec.Dst == DstRule.Once && schedule.Source is WallPattern pattern && Gap(pattern, schedule.Zone, span, at.UtcTicks) is { } gap)
            notes.Add(gap);
        if (Pass(schedule.Zone, span, at.UtcTicks) is { } pass)
            notes.Add($"repeated hour, {pass} pass");
        var treatment = schedule.Treat(at);
        if (treatment.Note is { } note)
            notes.Add(note);
        if (treatment.Fate == SlotFate.Open && treatment.FireAt - at is { Ticks: > 0 } jitter)
            notes.Add(JitterNote(jitter));

        // DateTimeOffset knows whole minutes of offset only; the local mean times of the 19th century do not fit and are cut.
        var offset = TimeSpan.FromMinutes(Math.Truncate(TimeSpan.FromTicks(span.Offset).TotalMinutes));
        return new PreviewRow(at, at.ToOffset(offset), treatment.Fate == SlotFate.Skipped ? null : treatment.FireAt, notes.ToImmutable());
    }

    internal static string JitterNote(TimeSpan jitter) => string.Create(CultureInfo.InvariantCulture, $"jitter +{jitter.TotalSeconds:0.###} s");

    private static string? Gap(WallPattern pattern, ZoneRules zone, ZoneSpan span, long at)
    {
        if (at != span.Start || !span.HasStart)
            return null;

        var shown = at + zone.At(at - 1).Offset;
        if (shown >= span.LocalStart || pattern.FirstFrom(shown) is var first && first >= span.LocalStart)
            return null;

        var more = pattern.CountBetween(first, span.LocalStart) - 1;
        var (missing, instead) = IsOneDay(first, span.LocalStart) ? (Clock(first), Clock(span.LocalStart)) : (Moment(first), Moment(span.LocalStart));
        return $"gap: {missing}{(more > 0 ? string.Create(CultureInfo.InvariantCulture, $" and {more} more do") : " does")} not exist, fires {instead}";
    }

    private static string? Pass(ZoneRules zone, ZoneSpan span, long at)
    {
        var local = at + span.Offset;
        if (span.HasStart && local < span.Start + zone.At(span.Start - 1).Offset)
            return "second";

        return span.HasEnd && local >= span.End + zone.At(span.End).Offset ? "first" : null;
    }

    internal static bool IsOneDay(long local, long other) => local / TimeSpan.TicksPerDay == other / TimeSpan.TicksPerDay;

    internal static string Moment(long local) => $"{new DateTime(local).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)} {Clock(local)}";

    internal static string Clock(long local)
    {
        var time = new DateTime(local);
        return time.ToString(time.Second == 0 ? "HH:mm" : "HH:mm:ss", CultureInfo.InvariantCulture);
    }
}

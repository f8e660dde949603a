using System.Collections.Immutable;
using System.Globalization;
using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary>A schedule that is valid and yet may not be what its author meant.</summary>
/// <param name="Code">Stable: <c>never</c>, <c>uneven</c>, <c>too_often</c>, <c>gap</c>, <c>overlap</c>, <c>both_days</c>, <c>short_months</c>, <c>jitter_cut</c>, <c>no_anchor</c>.</param>
public sealed record ScheduleWarning(string Code, string Message);

/// <summary>Looks for what surprises people.</summary>
public static class ScheduleLint
{
    private const int SlotsLookedAt = 50;
    private static readonly TimeSpan ZoneHorizon = TimeSpan.FromDays(2 * 366);

    /// <param name="now">Where the future begins.</param>
    /// <param name="timeout">Of one attempt of the job.</param>
    public static ImmutableArray<ScheduleWarning> Warnings(Schedule schedule, DateTimeOffset now, TimeSpan timeout)
    {
        var found = ImmutableArray.CreateBuilder<ScheduleWarning>();
        if (schedule.Next(now) is null)
            found.Add(new ScheduleWarning("never", $"does not fire after {Rfc3339.Format(now)}"));
        else if (schedule.HasCalendars && schedule.NextFiring(now) is null)
            found.Add(new ScheduleWarning("never", $"its calendars let none of its slots after {Rfc3339.Format(now)} fire"));

        Often(schedule, now, timeout, found);
        if (schedule.Spec.Cron is { } text && schedule.Source is CronPattern cron)
            CronFields(text, cron.Sets, found);
        if (schedule.Source is RulePattern && schedule.Spec is { StartsAt: null, Rrule: { } rule } && !rule.Contains("DTSTART", StringComparison.OrdinalIgnoreCase))
            found.Add(new ScheduleWarning("no_anchor", "the rule has no DTSTART and counts from 1970-01-01T00:00:00 of its zone"));
        if (schedule.Source is WallPattern pattern)
            ClockChanges(schedule, pattern, now, found);

        return found.ToImmutable();
    }

    private static void Often(Schedule schedule, DateTimeOffset now, TimeSpan timeout, ImmutableArray<ScheduleWarning>.Builder found)
    {
        if (schedule.AfterCompletion)
            return;

        var times = schedule.After(now).Take(SlotsLookedAt).ToList();
        var least = times.Zip(times.Skip(1), (a, b) => b - a).DefaultIfEmpty(TimeSpan.MaxValue).Min();
        if (least < timeout)
            found.Add(new ScheduleWarning("too_often", $"fires {Durations.Format(least)} apart, but an attempt may take {Durations.Format(timeout)}: executions can overlap"));
        if (schedule.Spec.Jitter is { } jitter && jitter > least)
            found.Add(new ScheduleWarning("jitter_cut", $"a jitter of {Durations.Format(jitter)} is cut where the next slot is {Durations.Format(least)} away"));
    }

    private static void CronFields(string text, CronSets sets, ImmutableArray<ScheduleWarning>.Builder found)
    {
        var parts = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length is < 5 or > 7)
            return;

        var fields = CronField.InOrder(parts.Length);
        for (var i = 0; i < fields.Length; i++)
        {
            // Weeks and years have no round to come out even in; 31 days have one only in the long months.
            if (fields[i].Index <= CronField.Month.Index && parts[i].StartsWith("*/", StringComparison.Ordinal)
                && int.TryParse(parts[i].AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var step) && fields[i].Size % step != 0)
                found.Add(new ScheduleWarning("uneven", Uneven(fields[i], step)));
        }

        var dayOfMonth = parts[Array.IndexOf(fields, CronField.DayOfMonth)];
        if (dayOfMonth.StartsWith("*/", StringComparison.Ordinal) && sets.DayOfWeekRestricted && sets.DayMatch == DayMatch.Any)
            found.Add(new ScheduleWarning("both_days", $"as in crontab, {dayOfMonth} begins with * and does not count as a day: day-of-month and day-of-week must both match"));
        if (sets is { DayOfMonthRestricted: true, DayOfWeekRestricted: false, Specials.IsEmpty: true } && (sets.DaysOfMonth & 0x1FFFFFFF) == 0)
            found.Add(new ScheduleWarning("short_months", $"day {dayOfMonth} does not occur in every month; L is the last day"));
    }

    private static string Uneven(CronField field, int step)
    {
        var last = field.Min + ((field.Size - 1) / step * step);
        return field == CronField.DayOfMonth
            ? $"day-of-month: */{step} starts again on day 1 of each month"
            : $"{field.Name}: */{step} is uneven, from {last} to {field.Min} it is {field.Min + field.Size - last} and not {step}";
    }

    private static void ClockChanges(Schedule schedule, WallPattern pattern, DateTimeOffset now, ImmutableArray<ScheduleWarning>.Builder found)
    {
        if (pattern.Repeats && schedule.Spec.Dst == DstRule.Once)
            return;

        var (gap, overlap) = (false, false);
        var until = (now + ZoneHorizon).UtcTicks;
        var span = schedule.Zone.At(now.UtcTicks);
        while (span.HasEnd && span.End < until)
        {
            var next = schedule.Zone.At(span.End);
            var (shown, start) = (span.End + span.Offset, next.LocalStart);
            var first = pattern.FirstFrom(Math.Min(shown, start));
            if (first < shown && !overlap)
            {
                overlap = true;
                found.Add(new ScheduleWarning("overlap", $"{Moment(first)} is shown twice: {(schedule.Spec.Dst == DstRule.Once ? "fires in the first pass only" : "fires twice")}"));
            }
            else if (first >= shown && first < start && !gap)
            {
                gap = true;
                found.Add(new ScheduleWarning("gap", $"{Moment(first)} does not exist: {(schedule.Spec.Dst == DstRule.Once ? $"fires {SchedulePreview.Clock(start)}" : "does not fire that day")}"));
            }

            span = next;
        }
    }

    private static string Moment(long local) =>
        $"{new DateTime(local).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)} {SchedulePreview.Clock(local)}";
}

using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary>A schedule that is valid and yet may not be what its author meant.</summary>
/// <param name="Code">Stable: <c>never</c>, <c>uneven</c>, <c>too_often</c>, <c>gap</c>, <c>overlap</c>, <c>both_days</c>, <c>short_months</c>, <c>jitter_cut</c>, <c>no_anchor</c>.</param>
public sealed record ScheduleWarning(string Code, string Message);

/// <summary>Looks for what surprises people.</summary>
public static class ScheduleLint
{
    private const int SlotsLookedAt = 50;

    /// <summary>Longer than the 28 years after which dates meet the same weekdays, and so the same changes of a clock.</summary>
    private static readonly TimeSpan ZoneHorizon = TimeSpan.FromDays(41 * 365.25);

    /// <param name="now">Where the future begins.</param>
    /// <param name="timeout">Of one attempt of the job.</param>
    public static ImmutableArray<ScheduleWarning> Warnings(Schedule schedule, DateTimeOffset now, TimeSpan timeout)
    {
        var found = ImmutableArray.CreateBuilder<ScheduleWarning>();
        if (schedule.Next(now) is null)
            found.Add(new ScheduleWarning("never", $"does not fire after {Rfc3339.Format(Seconds(now))}"));
        else if (schedule.HasCalendars && schedule.NextFiring(now) is null)
            found.Add(new ScheduleWarning("never", $"its calendars let none of its slots after {Rfc3339.Format(Seconds(now))} fire"));

        Often(schedule, now, timeout, found);
        if (schedule.Spec.Cron is { } text && schedule.Source is CronPattern cron)
            CronFields(text, cron.Sets, found);
        if (schedule.Source is RulePattern && schedule.Spec is { StartsAt: null, Rrule: { } rule } && !rule.Contains("DTSTART", StringComparison.OrdinalIgnoreCase))
            found.Add(new ScheduleWarning("no_anchor", "the rule has no DTSTART and counts from 1970-01-01T00:00:00 of its zone"));
        if (schedule.Source is RulePattern { Rule: { Days.IsEmpty: true, MonthDays.IsEmpty: false } parts } && parts.MonthDays[0] > 0)
            ShortMonths(parts.MonthDays.Aggregate(0UL, (days, day) => days | (1UL << day)), parts.Months == 0 ? 0x1FFE : parts.Months, found);
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
        else if (schedule.Spec.Jitter is { } spread && least < TimeSpan.MaxValue && least - spread < timeout)
            found.Add(new ScheduleWarning("too_often", $"fires {Durations.Format(least)} apart, which the jitter of {Durations.Format(spread)} can make less than the {Durations.Format(timeout)} that an attempt may take: executions can overlap"));
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
            // Years have no round to come out even in.
            if (fields[i] == CronField.Year)
                continue;

            var items = parts[i].Split(',');
            foreach (var item in items)
            {
                if (Step(item, fields[i]) is { } step && GoesRound(fields[i], sets) && (items.Length == 1 ? sets.Values(fields[i]) : Alone(item, fields[i])) is not 0 and var values && Uneven(item, fields[i], step, values) is { } uneven)
                    found.Add(new ScheduleWarning("uneven", uneven));
            }
        }

        var dayOfMonth = parts[Array.IndexOf(fields, CronField.DayOfMonth)];
        if (dayOfMonth.StartsWith("*/", StringComparison.Ordinal) && sets.DayOfWeekRestricted && sets.DayMatch == DayMatch.Any)
            found.Add(new ScheduleWarning("both_days", $"as in crontab, {dayOfMonth} begins with * and does not count as a day: day-of-month and day-of-week must both match"));
        if (sets is { DayOfMonthRestricted: true, DayOfWeekRestricted: false, Specials.IsEmpty: true })
            ShortMonths(sets.DaysOfMonth, sets.Months, found);
    }

    /// <summary>The step of a field that is one step over the whole of it: <c>*/7</c>, <c>3/7</c>, <c>H/7</c>, <c>0-59/7</c>.</summary>
    private static int? Step(string part, CronField field)
    {
        var slash = part.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !int.TryParse(part.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var step))
            return null;

        var from = part[..slash];
        return from is "*" or "H" or "h" || from.All(char.IsAsciiLetterOrDigit) || from == $"{field.Min}-{field.Min + field.Size - 1}" ? step : null;
    }

    /// <summary>The values of one item of a list; none for an <c>H</c>, whose job is not known here.</summary>
    private static ulong Alone(string item, CronField field)
    {
        var reader = new CronFieldReader(field, item, 0, 0);
        return reader.Read() && !reader.UsesHash ? reader.Mask : 0;
    }

    /// <summary>Whether the first value of a field ever follows its last one without a pause: of minutes, where two hours follow each other.</summary>
    private static bool GoesRound(CronField field, CronSets sets) =>
        field == CronField.Second ? HasNeighbours(sets.Minutes, 60)
        : field != CronField.Minute || HasNeighbours(sets.Hours, 24);

    private static bool HasNeighbours(ulong mask, int size) => (mask & ((mask >> 1) | ((mask & 1) << (size - 1)))) != 0;

    private static DateTimeOffset Seconds(DateTimeOffset at) => at.AddTicks(-(at.Ticks % TimeSpan.TicksPerSecond));

    private static string? Uneven(string part, CronField field, int step, ulong values)
    {
        var (first, last) = (BitOperations.TrailingZeroCount(values), 63 - BitOperations.LeadingZeroCount(values));
        if (first == last)
            return part.StartsWith('*') ? null : $"{field.Name}: {part} has only the value {first}";
        if (field == CronField.DayOfMonth)
            return step == 1 ? null : $"day-of-month: {part} starts again on day {first} of each month";

        var round = field.Size - last + first;
        return round == step ? null : $"{field.Name}: {part} is uneven, from {Word(field, last)} to {Word(field, first)} it is {round} and not {step}";
    }

    private static string Word(CronField field, int value) =>
        field.Words.Length > 0 ? field.Words[value - field.Min] : value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A day that a month does not have is left out there, and nobody is told.</summary>
    private static void ShortMonths(ulong days, ulong months, ImmutableArray<ScheduleWarning>.Builder found)
    {
        // 2001 is no leap year.
        var without = Enumerable.Range(1, 12).Where(month => (months >> month & 1) != 0 && (days & ((2UL << DateTime.DaysInMonth(2001, month)) - 1)) == 0)
            .Select(month => CronField.Month.Words[month - 1]).ToList();
        if (without.Count == 0)
            return;

        var day = BitOperations.TrailingZeroCount(days);
        found.Add(new ScheduleWarning("short_months", without is ["FEB"] && day == 29
            ? "29 FEB occurs only in leap years; L is the last day"
            : string.Create(CultureInfo.InvariantCulture, $"day {day} does not occur in {string.Join(", ", without)}{(day == 29 ? " except in leap years" : "")}; L is the last day")));
    }

    private static void ClockChanges(Schedule schedule, WallPattern pattern, DateTimeOffset now, ImmutableArray<ScheduleWarning>.Builder found)
    {
        if (pattern.Repeats && schedule.Spec.Dst == DstRule.Once)
            return;

        var (gap, overlap) = (false, false);
        var from = schedule.Spec.StartsAt is { } start && start > now ? start : now;
        var until = schedule.Spec.EndsAt is { } end && end < from + ZoneHorizon ? end.UtcTicks : (from + ZoneHorizon).UtcTicks;
        var span = schedule.Zone.At(from.UtcTicks);
        while (span.HasEnd && span.End < until && !(gap && overlap))
        {
            var next = schedule.Zone.At(span.End);
            var (shown, first) = (span.End + span.Offset, next.LocalStart);
            var local = pattern.FirstFrom(Math.Min(shown, first));
            if (local < shown && !overlap)
            {
                overlap = true;
                found.Add(new ScheduleWarning("overlap", $"{SchedulePreview.Moment(local)} is shown twice: {(schedule.Spec.Dst == DstRule.Once ? "fires in the first pass only" : "fires twice")}"));
            }
            else if (local >= shown && local < first && !gap)
            {
                gap = true;
                found.Add(new ScheduleWarning("gap", $"{SchedulePreview.Moment(local)} does not exist: {(schedule.Spec.Dst == DstRule.Once ? $"fires {(SchedulePreview.IsOneDay(local, first) ? SchedulePreview.Clock(first) : SchedulePreview.Moment(first))}" : "does not fire that day")}"));
            }

            span = next;
        }
    }
}

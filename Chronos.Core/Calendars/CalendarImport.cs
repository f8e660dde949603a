using System.Collections.Immutable;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Ical.Net;
using Ical.Net.CalendarComponents;
using Ical.Net.DataTypes;

namespace Chronos.Core.Calendars;

/// <summary>What an iCalendar file (RFC 5545) brought.</summary>
/// <param name="Ranges">Local times in the zone of the calendar that takes them.</param>
/// <param name="Until">Recurring events were written out up to here; a later import goes on.</param>
/// <param name="Events">How many events the ranges come from.</param>
/// <param name="LeftOut">How many were left out: cancelled, marked as free, without length, or over.</param>
public sealed record CalendarImport(ImmutableArray<CalendarRange> Ranges, DateTimeOffset? Until, int Events, int LeftOut)
{
    /// <summary>More stretches than these do not fit into a calendar.</summary>
    public const int MaxRanges = 2_000;

    private const int MaxNote = 200;
    /// <summary>In days: one that began so long ago may still go on.</summary>
    private const int LongestEvent = 62;

    private const int YearsBack = 1;
    private const int YearsAhead = 10;

    /// <summary>Reads a file. Null when it is none, or holds too much; the faults name <paramref name="field"/>.</summary>
    /// <param name="timezone">Zone of the calendar; times of other zones are converted.</param>
    /// <param name="now">Recurring events are written out from a year before to ten years after it.</param>
    public static CalendarImport? Read(string text, string timezone, DateTimeOffset now, string field, ICollection<Violation> violations)
    {
        if (Load(text) is not { } file)
        {
            violations.Add(new Violation(field, "is no iCalendar file: BEGIN:VCALENDAR is missing, or a line of it cannot be read"));
            return null;
        }

        var zone = ZoneRules.Find(timezone) ?? ZoneRules.Utc;
        var (from, to) = (now.AddYears(-YearsBack), now.AddYears(YearsAhead));
        var ranges = ImmutableArray.CreateBuilder<CalendarRange>();
        var (events, leftOut, recurring) = (0, 0, false);
        TakeOutReplaced(file);
        foreach (var entry in file.Events)
        {
            var before = ranges.Count;
            var recurs = entry.RecurrenceRule is not null || entry.RecurrenceDates.GetAllDates().Any();
            if (IsBusy(entry) && Add(entry, recurs, zone, from, to, ranges, ref recurring) is { } fault)
            {
                violations.Add(new Violation(field, $"the event '{Shorten(entry.Summary ?? entry.Uid ?? "without a name", 80)}' {fault}"));
                return null;
            }

            (events, leftOut) = ranges.Count > before ? (events + 1, leftOut) : (events, leftOut + 1);
        }

        return new CalendarImport([.. ranges.OrderBy(r => r.From).ThenBy(r => r.To)], recurring ? to : null, events, leftOut);
    }

    /// <summary>Ical.Net meets a broken file with whatever exception its code stumbles into.</summary>
    private static Calendar? Load(string text)
    {
        try
        {
            return text.Contains("BEGIN:VCALENDAR", StringComparison.OrdinalIgnoreCase) ? Calendar.Load(text) : null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>A cancelled event takes no time, nor does one that its author marked as free (RFC 5545, 3.8.2.7).</summary>
    private static bool IsBusy(CalendarEvent entry) =>
        !string.Equals(entry.Status, "CANCELLED", StringComparison.OrdinalIgnoreCase)
        && !string.Equals(entry.Transparency, "TRANSPARENT", StringComparison.OrdinalIgnoreCase);

    /// <summary>The first zone of the event that is none of the tz database, such as one that only the file itself defines.</summary>
    private static string? UnknownZone(CalendarEvent entry) =>
        new[] { entry.Start, entry.End }.Select(time => time?.TzId).FirstOrDefault(id => id is not null && !IsKnown(id));

    private static bool IsKnown(string id)
    {
        try
        {
            return new CalDateTime(2026, 1, 1, 0, 0, 0, id).AsUtc != default;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>Null, or why its stretches do not become ranges.</summary>
    /// <param name="goesOn">Set when the event comes again after <paramref name="to"/>.</param>
    private static string? Add(CalendarEvent entry, bool recurs, ZoneRules zone, DateTimeOffset from, DateTimeOffset to, ImmutableArray<CalendarRange>.Builder ranges, ref bool goesOn)
    {
        try
        {
            if (entry.Start is not { } first)
            {
                return null;
            }

            if (UnknownZone(entry) is { } unknown)
            {
                return $"is in the zone '{Shorten(unknown, 80)}', which the tz database does not have (a VTIMEZONE of the file is not read); an IANA name such as Europe/Berlin is needed";
            }

            if (entry.DtEnd is { } ends && ends.HasTime == first.HasTime && ends.AsUtc < first.AsUtc)
            {
                return "ends before it begins";
            }

            // Asked once, before a rule's dates are written out beside those of the file.
            var exact = entry.RecurrenceDates.GetAllPeriods().Any(p => p.EndTime is not null || p.Duration is not null) ? null : entry.Duration;
            goesOn |= WriteOut(entry, first, from, to);
            var start = new CalDateTime(from.UtcDateTime, "UTC");
            foreach (var occurrence in recurs ? entry.GetOccurrences(start) : entry.GetOccurrences())
            {
                var period = occurrence.Period;
                var begin = Local(period.StartTime, zone);
                var ending = End(period, exact);
                if (begin.Ticks >= to.UtcDateTime.AddDays(1).Ticks && recurs)
                {
                    break;
                }

                var end = ending is { } last ? Local(last, zone) : first.HasTime ? begin : begin.AddDays(1);
                (begin, end) = Shown(period.StartTime, ending, begin, end, zone);
                var (f, t) = (begin.AddTicks(-(begin.Ticks % TimeSpan.TicksPerMinute)), end.AddTicks(Up(end.Ticks)));
                if (t <= f || t <= from.UtcDateTime)
                {
                    continue;
                }

                ranges.Add(new CalendarRange(f, t, string.IsNullOrWhiteSpace(entry.Summary) ? null : Shorten(entry.Summary.Trim(), MaxNote)));
                if (ranges.Count > MaxRanges)
                {
                    return $"is one too many: more than {MaxRanges} stretches in all, with recurring events written out for {YearsAhead} years";
                }
            }

            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return $"cannot be written out: {(e is FormatException ? Shorten(e.Message, 200) : "a part of it cannot be read")}";
        }
    }

    /// <summary>An occurrence that was moved or changed stands in the file as an event of its own, and no longer where its rule had it.</summary>
    private static void TakeOutReplaced(Calendar file)
    {
        var series = file.Events.Where(e => e.RecurrenceIdentifier is null && e.Uid is not null).ToLookup(e => e.Uid!, StringComparer.Ordinal);
        foreach (var replacing in file.Events.Where(e => e.RecurrenceIdentifier is not null && e.Uid is not null).ToList())
        {
            foreach (var entry in series[replacing.Uid!])
            {
                entry.ExceptionDates.Add(replacing.RecurrenceIdentifier!.StartTime);
            }
        }
    }

    /// <summary>
    /// The rule's own dates in place of the rule: they come from the reader of this room, as a job's do, because Ical.Net's is wrong
    /// for some yearly ones.
    /// </summary>
    /// <returns>Whether there are dates behind those that were written out.</returns>
    private static bool WriteOut(CalendarEvent entry, CalDateTime first, DateTimeOffset from, DateTimeOffset to)
    {
        if (entry.RecurrenceRule is not { } rule)
        {
            return false;
        }

        var parts = RuleParser.Parse(rule.ToString() ?? "", 0, out var error) ?? throw new FormatException(error!.Message);
        if (parts.Until is { Utc: true } until && first.TzId is { } zone)
        {
            parts = parts with { Until = new RuleTime(new CalDateTime(until.Value, "UTC").ToTimeZone(zone).Value, Utc: false, WholeDay: false) };
        }

        entry.RecurrenceRule = null;
        var pattern = new RulePattern(parts, first.Value, [], RuleBounds.None);
        var (count, end) = (0, to.AddDays(2).UtcTicks);
        var at = pattern.FirstFrom(from.AddDays(-LongestEvent).UtcTicks);
        for (; at < end && count <= MaxRanges; at = pattern.FirstFrom(at + 1), count++)
        {
            var date = new DateTime(at);
            entry.RecurrenceDates.Add(first.HasTime ? new CalDateTime(date, first.TzId, hasTime: true) : new CalDateTime(DateOnly.FromDateTime(date)));
        }

        return at != TimeSource.Never;
    }

    /// <summary>
    /// When an occurrence ends; null when the file does not say. Hours and less of a DURATION are exact time (RFC 5545, 3.3.6), also over a
    /// change of the clock, where Ical.Net adds them to the clock's face.
    /// </summary>
    /// <param name="exact">The DURATION of all occurrences; null where there is none, or where they have ends of their own.</param>
    private static CalDateTime? End(Period period, Duration? exact)
    {
        if (exact is not { HasTime: true } duration || period.StartTime is not { HasTime: true, IsFloating: false } start)
        {
            return period.EffectiveEndTime;
        }

        var sign = duration.Sign;
        var day = start.AddDays(sign * (((duration.Weeks ?? 0) * 7) + (duration.Days ?? 0)));
        var time = new TimeSpan(duration.Hours ?? 0, duration.Minutes ?? 0, duration.Seconds ?? 0);
        return new CalDateTime(day.AsUtc + (sign * time), "UTC");
    }

    /// <summary>
    /// The times that the wall clock of the calendar shows while an event lasts. Where the clock is set back it shows an hour twice, and a local
    /// time means both: so all that is shown from the first to the last of it.
    /// </summary>
    private static (DateTime Begin, DateTime End) Shown(CalDateTime start, CalDateTime? last, DateTime begin, DateTime end, ZoneRules zone)
    {
        if (last is not { HasTime: true, IsFloating: false } || start is not { HasTime: true, IsFloating: false })
        {
            return (begin, end);
        }

        var until = last.AsUtc.Ticks;
        for (var span = zone.At(start.AsUtc.Ticks); span.HasEnd && span.End < until;)
        {
            var next = zone.At(span.End);
            end = Later(end, new DateTime(span.End + span.Offset));
            begin = Earlier(begin, new DateTime(span.End + next.Offset));
            span = next;
        }

        return (begin, end);
    }

    private static DateTime Later(DateTime a, DateTime b) => a >= b ? a : b;

    private static DateTime Earlier(DateTime a, DateTime b) => a <= b ? a : b;

    /// <summary>What the wall clock of the calendar's zone shows. A day, and a time without a zone, mean the calendar's own.</summary>
    private static DateTime Local(CalDateTime time, ZoneRules zone)
    {
        if (!time.HasTime || time.IsFloating)
        {
            return DateTime.SpecifyKind(time.Value, DateTimeKind.Unspecified);
        }

        var utc = time.AsUtc.Ticks;
        return new DateTime(utc + zone.At(utc).Offset);
    }

    private static long Up(long ticks) => ticks % TimeSpan.TicksPerMinute is > 0 and var rest ? TimeSpan.TicksPerMinute - rest : 0;

    private static string Shorten(string text, int max)
    {
        var line = new string([.. text.Where(c => !char.IsControl(c))]);
        return line.Length <= max ? line : line[..max];
    }
}

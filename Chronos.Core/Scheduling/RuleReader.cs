using Chronos.Core.Kernel;
using Ical.Net;
using Ical.Net.DataTypes;

namespace Chronos.Core.Scheduling;

/// <summary>Reads a recurrence rule of RFC 5545 and refuses what cannot be computed in bounded time.</summary>
internal static class RuleReader
{
    private const int MaxLength = 4000;
    private const int MaxCount = 10_000;

    public static TimeSource? Read(string text, string path, ScheduleSpec spec, ZoneRules? zone, ICollection<Violation> violations)
    {
        var fault = Read(text, spec, zone, out var pattern);
        if (fault is not null)
            violations.Add(new Violation(path, fault));

        return fault is null ? pattern : null;
    }

    private static string? Read(string text, ScheduleSpec spec, ZoneRules? known, out RulePattern? pattern)
    {
        pattern = null;
        if (text.Length > MaxLength)
            return $"longer than {MaxLength} characters";
        if (RuleText.Read(text, known?.Id, out var read) is { } fault)
            return fault;

        var zone = known ?? ZoneRules.Utc;

        RecurrenceRule rule;
        try
        {
            rule = new RecurrenceRule(read.Rule!);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            return e.Message.Split(" (Parameter", 2)[0];
        }

        if (Unbounded(rule, read, spec) is { } refused)
            return refused;

        // RFC 5545 gives UNTIL in UTC; the search knows only the wall clock.
        if (rule.Until is { IsUtc: true } until)
            rule.Until = new CalDateTime(new DateTime(new RuleTime(until.Value, Utc: true, WholeDay: false).Local(zone)), hasTime: true);

        // The search steps over the ends of the calendar when it begins beside one of them.
        var start = Start(read, spec, zone);
        if (start < Schedule.Earliest.UtcTicks || start > DateTime.MaxValue.AddYears(-1).Ticks)
            return "starts outside the years 2 to 9998";

        pattern = new RulePattern(rule, new DateTime(start), read.Excluded.Select(e => (e.Local(zone), e.WholeDay)));
        return pattern.FirstFrom(0) == TimeSource.Never ? "no date satisfies the rule" : null;
    }

    /// <summary>DTSTART, else starts_at, else the start of 1970 on the wall clock: an anchor must not depend on when the job was read.</summary>
    private static long Start(RuleText read, ScheduleSpec spec, ZoneRules zone) =>
        read.Start?.Local(zone)
        ?? (spec.StartsAt is { } startsAt ? startsAt.UtcTicks + zone.At(startsAt.UtcTicks).Offset : DateTime.UnixEpoch.Ticks);

    private static string? Unbounded(RecurrenceRule rule, RuleText read, ScheduleSpec spec)
    {
        if (rule.Frequency == FrequencyType.Secondly)
            return "FREQ=SECONDLY is not supported: use every, or cron with seconds";
        if (rule.Frequency is FrequencyType.Minutely or FrequencyType.Hourly && (rule.ByMonth.Count | rule.ByYearDay.Count | rule.ByWeekNo.Count) > 0)
            return "FREQ=MINUTELY and FREQ=HOURLY take no BYMONTH, BYYEARDAY, BYWEEKNO: use cron, or FREQ=DAILY with BYHOUR";
        if (rule.Count > MaxCount)
            return $"COUNT {rule.Count} is more than {MaxCount}";
        if (rule.Count is not null && read.Start is null && spec.StartsAt is null)
            return "COUNT needs a DTSTART (or starts_at) to count from";

        return null;
    }
}

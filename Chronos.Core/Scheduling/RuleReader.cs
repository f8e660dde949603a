using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary>From the text of a recurrence to its times: DTSTART, one RRULE, EXDATE of RFC 5545.</summary>
internal static class RuleReader
{
    private const int MaxLength = 4000;
    private const int MaxCount = 100_000;

    public static TimeSource? Read(string text, string path, ScheduleSpec spec, ZoneRules? zone, ICollection<Violation> violations)
    {
        var pattern = Read(text, spec, zone, out var error);
        if (error is not null)
            violations.Add(new Violation(path, error.Message));

        return pattern;
    }

    /// <param name="known">Null when the zone of the job is not known yet.</param>
    public static RulePattern? Read(string text, ScheduleSpec spec, ZoneRules? known, out RuleError? error)
    {
        if (text.Length > MaxLength)
            return Refuse($"longer than {MaxLength} characters", text, out error, MaxLength);

        error = RuleText.Read(text, known?.Id, out var read);
        if (error is not null)
            return null;
        if (RuleParser.Parse(read.Rule!, 0, out var fault) is not { } rule)
        {
            error = read.InText(fault!);
            return null;
        }

        if (rule.Count > MaxCount)
            return Refuse($"COUNT {rule.Count} is more than {MaxCount}", text, out error);
        if (rule.Count is not null && read.Start is null && spec.StartsAt is null)
            return Refuse("COUNT needs a DTSTART (or starts_at) to count from", text, out error);

        // The search steps over the ends of the calendar when it begins beside one of them.
        var zone = known ?? ZoneRules.Utc;
        var start = Start(read, spec, zone);
        if (start < Schedule.Earliest.UtcTicks || start > DateTime.MaxValue.AddYears(-1).Ticks)
            return Refuse("starts outside the years 2 to 9998", text, out error);

        var pattern = new RulePattern(rule, new DateTime(start), read.Excluded.Select(e => (e.Local(zone), e.WholeDay)), Bounds(rule, read));
        // UNTIL is an instant, and without the zone it cannot be told what comes before it.
        return (known is null ? pattern.FirstFrom(0) : pattern.Next(Schedule.Earliest.UtcTicks, zone, spec.Dst)) != TimeSource.Never
            ? pattern
            : Refuse("no date satisfies the rule", text, out error);
    }

    /// <summary>DTSTART, else starts_at, else the start of 1970 on the wall clock: an anchor must not depend on when the job was read.</summary>
    private static long Start(RuleText read, ScheduleSpec spec, ZoneRules zone) =>
        read.Start?.Local(zone)
        ?? (spec.StartsAt is { } startsAt ? startsAt.UtcTicks + zone.At(startsAt.UtcTicks).Offset : DateTime.UnixEpoch.Ticks);

    /// <summary>In a repeated hour the wall clock shows the limit twice, and only the instant tells which is meant.</summary>
    private static RuleBounds Bounds(RuleParts rule, RuleText read) => new(
        read.Start is { Utc: true } start && rule.Frequency <= RuleFrequency.Hourly ? start.Value.Ticks : RuleBounds.None.First,
        rule.Until is { Utc: true } until ? until.Value.Ticks + (until.WholeDay ? TimeSpan.TicksPerDay - 1 : 0) : RuleBounds.None.Last);

    private static RulePattern? Refuse(string message, string text, out RuleError? error, int at = 0)
    {
        error = new RuleError(message, at, Math.Max(1, text.Length - at));
        return null;
    }
}

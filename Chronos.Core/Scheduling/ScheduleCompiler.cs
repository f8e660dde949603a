using System.Collections.Immutable;
using Chronos.Core.Calendars;
using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary>From the user's words to a <see cref="Schedule"/>: the only place that says what a valid schedule is.</summary>
internal static class ScheduleCompiler
{
    private static readonly TimeSpan MinEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxEvery = TimeSpan.FromDays(36525);
    private static readonly TimeSpan MaxJitter = TimeSpan.FromDays(1);

    /// <param name="timezone">Null to check the specification alone, before the zone of the job is known.</param>
    public static Schedule? Compile(ScheduleSpec spec, string path, string? timezone, ulong seed, CalendarLookup calendars, ZoneSource zones, ICollection<Violation> violations)
    {
        var before = violations.Count;
        spec = EveryOf(spec);
        var zone = timezone is null ? null : zones.Find(timezone);
        if (zone is null && timezone is not null)
            violations.Add(new Violation("timezone", ZoneNames.Unknown(timezone, zones)));

        var found = zone is null || spec.Calendars.IsEmpty ? null : Calendars(spec, path, calendars, violations);
        CheckForm(spec, path, violations);
        CheckWindow(spec, path, violations);
        var source = violations.Count == before || spec.Cron is not null ? Source(spec, path, zone, seed, violations) : null;
        return violations.Count == before ? Schedule.Of(spec, source!, zone ?? ZoneRules.Utc, seed, found) : null;
    }

    private static ScheduleCalendars Calendars(ScheduleSpec spec, string path, CalendarLookup calendars, ICollection<Violation> violations)
    {
        var found = ImmutableArray.CreateBuilder<CalendarTimes>(spec.Calendars.Length);
        for (var i = 0; i < spec.Calendars.Length; i++)
        {
            if (calendars(spec.Calendars[i]) is { } calendar)
                found.Add(calendar);
            else
                violations.Add(new Violation($"{path}.calendars[{i}]", $"calendar '{spec.Calendars[i]}' does not exist"));
        }

        return new ScheduleCalendars(found.ToImmutable());
    }

    /// <summary><c>@every 90s</c> is another way to write an interval.</summary>
    public static ScheduleSpec EveryOf(ScheduleSpec spec) =>
        spec.Cron is not null && spec.Every is null && CronEvery.TryRead(spec.Cron, out var every, out var afterCompletion)
            ? spec with { Cron = null, Every = every, AfterCompletion = spec.AfterCompletion || afterCompletion }
            : spec;

    private static TimeSource? Source(ScheduleSpec spec, string path, ZoneRules? zone, ulong seed, ICollection<Violation> violations)
    {
        if (spec.Cron is { } cron)
        {
            var pattern = CronParser.Parse(cron, spec.DayMatch, seed, out var error);
            if (error is not null)
                violations.Add(new Violation(OnlyCron(spec) ? path : $"{path}.cron", error.ToString()));

            return pattern;
        }

        if (spec.Rrule is { } rule)
            return RuleReader.Read(rule, $"{path}.rrule", spec, zone, violations);
        if (spec.At is { } at)
            return new OneTime(at.UtcTicks);

        var (every, phase) = (spec.Every!.Value.Ticks, spec.Phase?.Ticks ?? 0);
        return spec.AfterCompletion
            ? new DelayTimes(every, spec.StartsAt?.UtcTicks ?? 0)
            : new IntervalTimes((spec.StartsAt?.UtcTicks ?? DateTime.UnixEpoch.Ticks) + phase, every);
    }

    /// <summary>The document's short form is a plain string, and a fault is then in the field <c>schedule</c> itself.</summary>
    public static bool OnlyCron(ScheduleSpec spec) => spec.Cron is not null && spec == new ScheduleSpec { Cron = spec.Cron };

    private static void CheckForm(ScheduleSpec spec, string path, ICollection<Violation> violations)
    {
        void Wrong(string field, string message) => violations.Add(new Violation($"{path}.{field}", message));

        var forms = (spec.Cron is null ? 0 : 1) + (spec.Every is null ? 0 : 1) + (spec.At is null ? 0 : 1) + (spec.Rrule is null ? 0 : 1);
        if (forms != 1)
        {
            violations.Add(new Violation(path, forms == 0 ? "one of cron, every, at, rrule is needed" : "only one of cron, every, at, rrule is possible"));
            return;
        }

        if (spec.Every is { } every)
        {
            if (every < MinEvery)
                Wrong("every", $"{Durations.Format(every)} is shorter than 1s");
            else if (every > MaxEvery)
                Wrong("every", CronEvery.TooLong);
            else if (every.Ticks % TimeSpan.TicksPerMillisecond != 0)
                Wrong("every", "is finer than a millisecond");
        }

        if (spec.AfterCompletion && spec.Every is null)
            Wrong("after_completion", "belongs to every");
        if (spec.Phase is { } phase)
        {
            if (spec.Every is null || spec.AfterCompletion)
                Wrong("phase", "belongs to every with a fixed rate");
            else if (phase < TimeSpan.Zero || phase >= spec.Every)
                Wrong("phase", $"{Durations.Format(phase)} is not shorter than every ({Durations.Format(spec.Every.Value)})");
        }

        if (spec.DayMatch == DayMatch.All && spec.Cron is null)
            Wrong("day_match", "belongs to cron");
        if (spec.Dst == DstRule.WallClock && spec.Cron is null && spec.Rrule is null)
            Wrong("dst", "belongs to cron or rrule: the others do not follow the wall clock");
        if (spec.Jitter is { } jitter && (jitter < TimeSpan.Zero || jitter > MaxJitter))
            Wrong("jitter", "is not between 0s and 24h");
    }

    private static void CheckWindow(ScheduleSpec spec, string path, ICollection<Violation> violations)
    {
        if (spec.At is not null && (spec.StartsAt is not null || spec.EndsAt is not null))
            violations.Add(new Violation($"{path}.{(spec.StartsAt is null ? "ends_at" : "starts_at")}", "has no meaning with at, which is one instant"));
        else if (spec is { StartsAt: { } start, EndsAt: { } end } && end <= start)
            violations.Add(new Violation($"{path}.ends_at", $"{Rfc3339.Format(end)} is not after starts_at"));
    }
}

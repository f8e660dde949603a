using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary>Says a schedule in one plain English sentence.</summary>
public static class ScheduleExplain
{
    public static string Sentence(Schedule schedule) => Sentence(schedule, null);

    /// <param name="standIn">The name that was taken for want of a job's; null when it was the job's own.</param>
    public static string Sentence(Schedule schedule, string? standIn)
    {
        var spec = schedule.Spec;
        var text = schedule.Source switch
        {
            CronPattern cron => $"{CronWords.Say(cron.Sets)}, {schedule.Timezone} time",
            RulePattern rule => $"{RuleWords.Say(rule, spec.Rrule!.Contains("DTSTART", StringComparison.OrdinalIgnoreCase))}, {schedule.Timezone} time",
            OneTime => $"Once, at {Rfc3339.Format(spec.At!.Value)}",
            _ when spec.AfterCompletion => $"{Durations.Format(spec.Every!.Value)} after the end of the previous execution",
            _ => $"Every {Durations.Format(spec.Every!.Value)}{(spec.Phase is { } phase ? $", shifted by {Durations.Format(phase)}" : "")}",
        };

        if (spec.Cron is { } expression && CronParser.UsesHash(expression))
            text += $", where H was chosen by the name of the job{(standIn is null ? "" : $" (here '{standIn}', for want of another)")}";
        if (spec.StartsAt is { } start)
            text += $", from {Rfc3339.Format(start)}";
        if (spec.EndsAt is { } end)
            text += $", before {Rfc3339.Format(end)}";
        if (spec.Jitter is { } jitter)
            text += $", spread by up to {Durations.Format(jitter)}";
        if (!spec.Calendars.IsEmpty)
            text += $", as the calendar{(spec.Calendars.Length > 1 ? "s" : "")} {string.Join(", ", spec.Calendars)} allow{(spec.Calendars.Length > 1 ? "" : "s")}"
                + (spec.StartsAt is null && spec.EndsAt is null ? "" : ", which may move a slot over those bounds");
        if (spec.Dst == DstRule.WallClock)
            text += ", whenever the wall clock shows it";

        return text + ".";
    }
}

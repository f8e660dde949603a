using System.Globalization;
using Chronos.Core.Contracts;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs;

/// <summary>
/// Explains one time of a job. What the ledger recorded comes first, because that is what happened; only where it has nothing do
/// schedule and state of that time say why.
/// </summary>
public static class WhySentence
{
    public static WhyAnswer Of(WhyQuestion q)
    {
        if (q.History.IsEmpty)
        {
            return q.Slot is { } known ? WhyDispositions.Of(q, known, null, q.At) : Say(WhyVerdict.Undecided, $"Nothing is known yet of the job '{q.JobName}': the read side has not got so far.");
        }

        var interval = q.History.LastOrDefault(i => i.From <= q.At);
        if (interval is null)
        {
            var first = q.History[0];
            if (first.Version > 1)
            {
                return OutsideRetention(q);
            }

            return Say(WhyVerdict.NotCreated, $"{T(q.At)} was before the job '{q.JobName}' existed: {first.By} created it at {T(first.From)}.");
        }

        var schedule = ScheduleOf(q, interval);
        var isSlot = schedule is { AfterCompletion: false } fixedTimes && fixedTimes.Next(q.At.AddTicks(-1)) == q.At;
        if (q.Slot is { } slot && (isSlot || (slot.Count == 1 && (slot.First == slot.Last || slot.First == q.At))))
        {
            // Where a calendar had it fire is in the disposition: it may have been edited since. Jitter is the same for ever.
            var fires = schedule is not null && (isSlot || schedule.AfterCompletion) && schedule.Treat(q.At) is { Fate: SlotFate.Open } open ? open.FireAt : q.At;
            return WhyDispositions.Of(q, slot, interval, fires);
        }

        if (Waiting(q) is { } waiting)
        {
            return waiting;
        }

        return interval.Phase == PlanPhase.Deleted
            ? Say(WhyVerdict.Deleted, $"At {T(q.At)} the job '{q.JobName}' did not exist: {interval.By} deleted it at {T(interval.From)}.")
            : WithoutDisposition(q, interval, schedule, isSlot);
    }

    /// <summary>In the last moment before a slot is due.</summary>
    internal static WhyAnswer ClaimedAhead(WhyQuestion q, DateTimeOffset due) => Say(WhyVerdict.Future, $"The slot {T(q.At)} is claimed and will be sent at {T(due)}, when it is due.");

    internal static WhyAnswer Queued(WhyQuestion q) => Say(WhyVerdict.Queued, $"The slot {T(q.At)} of '{q.JobName}' waits " + q.Live switch
    {
        { State: PlanState.Paused } => "until the job, which is paused, goes on.",
        { InFlight.IsEmpty: true } => "for its turn.",
        _ => "for its turn: earlier executions of the job still run.",
    });

    internal static WhyAnswer Say(WhyVerdict verdict, string sentence) => new(verdict, sentence);

    internal static string T(DateTimeOffset at) => Rfc3339.Format(at);

    private static WhyAnswer WithoutDisposition(WhyQuestion q, PlanInterval interval, Schedule? schedule, bool isSlot)
    {
        if (schedule is null)
        {
            return Say(WhyVerdict.Unscheduled, $"At {T(q.At)} the job '{q.JobName}' had no schedule: it runs only when somebody triggers it.");
        }

        if (schedule.AfterCompletion)
        {
            return WhyFixedDelay.Of(q, interval, schedule);
        }

        if (!isSlot)
        {
            return NoSlot(q, schedule);
        }

        if (interval.Phase == PlanPhase.Disabled)
        {
            return Disabled(q, interval);
        }

        // A slot whose time has come and which jitter, or a calendar, fires later: what the job is now decides of it, not what it was then.
        var treatment = schedule.Treat(q.At);
        var pending = treatment.Fate != SlotFate.Skipped && treatment.FireAt > q.Now;
        var phase = pending ? q.History.Last(i => i.From <= q.At || i.From <= q.Now) : interval;
        if (phase.Schedule != interval.Schedule || phase.Timezone != interval.Timezone)
        {
            return Undecided(q);
        }

        return phase.Phase switch
        {
            PlanPhase.Disabled => Disabled(q, phase),
            PlanPhase.Paused => Paused(q, phase, schedule, treatment.FireAt),
            PlanPhase.Active when pending => Future(q, schedule),
            _ => OfCalendar(q, schedule) ?? Undecided(q),
        };
    }

    /// <summary>What a calendar makes of a slot that has no disposition yet; null when it leaves it alone.</summary>
    private static WhyAnswer? OfCalendar(WhyQuestion q, Schedule schedule)
    {
        if (q.At < q.KeptFrom || schedule.Treat(q.At) is not { Fate: not SlotFate.Open } treatment)
        {
            return null;
        }

        if (treatment.Fate == SlotFate.Moved)
        {
            return treatment.FireAt > q.Now
                ? Say(WhyVerdict.Future, $"The slot {T(q.At)} of '{q.JobName}' will fire at {T(treatment.FireAt)}, in {Rounded(treatment.FireAt - q.Now)}; {treatment.Note}.")
                : null;
        }

        return q.At > q.Now
            ? Say(WhyVerdict.Future, $"The slot {T(q.At)} of '{q.JobName}' is in the future and will not run; {treatment.Note}.") with { Reason = SkipReason.Calendar }
            : Say(WhyVerdict.NotRun, $"The slot {T(q.At)} of '{q.JobName}' does not run; {treatment.Note}. The ledger takes it up with its neighbours within the hour.") with { Reason = SkipReason.Calendar };
    }

    private static WhyAnswer Undecided(WhyQuestion q) =>
        q.At < q.KeptFrom
            ? OutsideRetention(q)
            : q.Live is { } live && q.At > live.Cursor
                ? Say(WhyVerdict.Undecided, $"The slot {T(q.At)} is due and not decided yet: the timetable of '{q.JobName}' has got to {T(live.Cursor)}.")
                : Say(WhyVerdict.Undecided, $"The slot {T(q.At)} is decided, but the ledger does not show it yet; ask again in a moment.");

    private static WhyAnswer OutsideRetention(WhyQuestion q) =>
        Say(WhyVerdict.OutsideRetention, $"{T(q.At)} is older than what the ledger keeps of '{q.JobName}': it begins at {T(q.KeptFrom)}.");

    private static WhyAnswer Future(WhyQuestion q, Schedule schedule)
    {
        if (OfCalendar(q, schedule) is { } excluded)
        {
            return excluded;
        }

        var fires = schedule.FireAt(q.At);
        return Say(WhyVerdict.Future, q.At > q.Now
            ? $"The slot {T(q.At)} is in the future: the job '{q.JobName}' will fire it at {T(fires)}{Jitter(q, fires)}, in {Rounded(fires - q.Now)}."
            : $"The slot {T(q.At)} of '{q.JobName}' will fire at {T(fires)}{Jitter(q, fires)}, in {Rounded(fires - q.Now)}.");
    }

    /// <summary>Why a slot fires at another time than its nominal one; nothing when it does not.</summary>
    private static string Jitter(WhyQuestion q, DateTimeOffset fires) => fires == q.At ? "" : $", {SchedulePreview.JitterNote(fires - q.At)}";

    /// <summary>When the phase of an interval was over; null while it lasts. An edit meanwhile does not end it.</summary>
    private static DateTimeOffset? EndOf(WhyQuestion q, PlanInterval interval) =>
        q.History.SkipWhile(i => i.From < interval.From).TakeWhile(i => i.Phase == interval.Phase).Last().To;

    private static WhyAnswer Disabled(WhyQuestion q, PlanInterval interval) =>
        Say(WhyVerdict.Disabled, $"The slot {T(q.At)} {(q.At > q.Now ? "will not run" : "did not run")}: the job '{q.JobName}' {WasDisabled(q, interval)}.");

    internal static string WasDisabled(WhyQuestion q, PlanInterval interval) =>
        $"{(EndOf(q, interval) is { } to ? $"was disabled from {T(interval.Since)} until {T(to)}" : $"is disabled since {T(interval.Since)}")}, by {interval.SinceBy}";

    internal static string WasPaused(WhyQuestion q, PlanInterval interval)
    {
        var by = $"by {interval.SinceBy}{(interval.Reason is { } reason ? $" ({reason})" : "")}";
        return EndOf(q, interval) is { } to ? $"was paused from {T(interval.Since)} until {T(to)}, {by}" : $"is paused since {T(interval.Since)}, {by}";
    }

    private static WhyAnswer Paused(WhyQuestion q, PlanInterval interval, Schedule schedule, DateTimeOffset fires)
    {
        if (interval.Until is { } until && fires > q.Now && fires >= until)
        {
            return Future(q, schedule);
        }

        var since = $"since {T(interval.Since)}, by {interval.SinceBy}{(interval.Reason is { } reason ? $" ({reason})" : "")}";
        if (EndOf(q, interval) is { } end)
        {
            return Say(WhyVerdict.Paused, $"The slot {T(q.At)} did not fire: the job '{q.JobName}' was paused {since}, until {T(end)}.");
        }

        return fires > q.Now
            ? Say(WhyVerdict.Paused, $"The slot {T(q.At)} {(q.At > q.Now ? "is in the future" : $"is to fire at {T(fires)}{Later(q, schedule, fires)}")}, and the job '{q.JobName}' is paused {since}: it will fire only if the job is resumed before.")
            : Say(WhyVerdict.Paused, $"The slot {T(q.At)} did not fire: the job '{q.JobName}' is paused {since}; what becomes of it is decided when the job is resumed.");
    }

    private static string Later(WhyQuestion q, Schedule schedule, DateTimeOffset fires) =>
        schedule.Treat(q.At) is { Fate: SlotFate.Moved, Note: { } note } ? $" ({note})" : Jitter(q, fires);

    private static WhyAnswer NoSlot(WhyQuestion q, Schedule schedule)
    {
        var before = schedule.Last(q.At.AddYears(-10), q.At.AddTicks(-1));
        var after = schedule.Next(q.At);
        var nearest = (before, after) switch
        {
            ({ } b, { } a) => $"the nearest are {T(b)} and {T(a)}",
            ({ } b, null) => $"the last one is {T(b)}",
            (null, { } a) => $"the first one is {T(a)}",
            _ when q.At >= Schedule.Latest => $"no schedule goes on beyond {T(Schedule.Latest)}",
            _ => "it has none",
        };
        return Say(WhyVerdict.NoSlot, $"{T(q.At)} is no slot of the job '{q.JobName}' ({Describe(schedule)}): {nearest}.") with { Before = before, After = after };
    }

    private static WhyAnswer? Waiting(WhyQuestion q)
    {
        if (q.Live is null)
        {
            return null;
        }

        if (q.Live.Waiting.FirstOrDefault(w => w.Nominal == q.At) is not null)
        {
            return Queued(q);
        }

        return q.Live.InFlight.FirstOrDefault(e => e.Id.IsSlot && e.ScheduledAt == q.At) is { } running
            ? running.Attempts is [.., { StartedAt: var due }] && due > q.Now ? ClaimedAhead(q, due) : Say(running.Trigger == ExecutionTrigger.CatchUp ? WhyVerdict.CaughtUp : WhyVerdict.Fired,
                $"The slot {T(q.At)} was claimed at {T(running.ClaimedAt)} by {running.Node} and has not ended: attempt {Math.Max(1, running.Attempts.Length)}{(running.RetryAt is { } retry ? $" failed, the next is due at {T(retry)}" : " runs")}.")
            : null;
    }

    private static Schedule? ScheduleOf(WhyQuestion q, PlanInterval interval) =>
        interval.Schedule is { } spec ? Schedule.Compile(spec, interval.Timezone, q.Tenant, q.JobName, q.Calendars, []) : null;

    private static string Describe(Schedule schedule) => schedule.Spec switch
    {
        { Cron: { } cron } => $"{cron} in {schedule.Timezone}",
        { Every: { } every, Phase: { } phase } => $"every {Durations.Format(every)}, shifted by {Durations.Format(phase)}",
        { Every: { } every } => $"every {Durations.Format(every)}",
        { At: { } at } => $"once at {T(at)}",
        _ => "by rule",
    };

    internal static string Rounded(TimeSpan span)
    {
        if (span >= TimeSpan.FromDays(2))
        {
            var days = Math.Floor(span.TotalDays);
            return string.Create(CultureInfo.InvariantCulture, $"{days}d{Math.Floor(span.TotalHours - (days * 24))}h");
        }

        var whole = span < TimeSpan.FromSeconds(10) ? TimeSpan.FromMilliseconds(Math.Round(span.TotalMilliseconds)) : TimeSpan.FromSeconds(Math.Round(span.TotalSeconds));
        return Durations.Format(whole < TimeSpan.Zero ? TimeSpan.Zero : whole);
    }
}

using Chronos.Core.Contracts;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs;

/// <summary>
/// The sentence for a time of a fixed delay of which the ledger has nothing: its slots are not on a grid, and only the next one is
/// known, to the timetable, and not while an execution runs.
/// </summary>
internal static class WhyFixedDelay
{
    public static WhyAnswer Of(WhyQuestion q, PlanInterval interval, Schedule schedule) => Beside(q, WithoutNeighbours(q, interval, schedule));

    /// <summary>Slots of a fixed delay fall on fractions of a second, and people ask for whole ones.</summary>
    private static WhyAnswer Beside(WhyQuestion q, WhyAnswer answer)
    {
        if (answer.Verdict != WhyVerdict.NoSlot || (q.RecordedBefore ?? q.RecordedAfter) is null)
        {
            return answer;
        }

        string[] recorded = [.. new[] { q.RecordedBefore, q.RecordedAfter }.OfType<DateTimeOffset>().Select(WhySentence.T)];
        return answer with
        {
            Sentence = $"{answer.Sentence.TrimEnd('.')}; the nearest of its slots that the ledger has {(recorded.Length == 1 ? "is" : "are")} {string.Join(" and ", recorded)}.",
            Before = q.RecordedBefore ?? answer.Before,
            After = q.RecordedAfter ?? answer.After,
        };
    }

    private static WhyAnswer WithoutNeighbours(WhyQuestion q, PlanInterval interval, Schedule schedule)
    {
        var rule = $"the times of '{q.JobName}' count from the end of each execution";
        var now = q.History[^1];
        if (interval != now || (interval.Phase != PlanPhase.Active && q.At <= q.Now) || q.Live is not { } live)
        {
            return WhySentence.Say(WhyVerdict.NoSlot, $"Nothing was due at {WhySentence.T(q.At)}: {rule}, and the ledger has none at this time{Then(q, interval)}.");
        }

        if (interval.Phase == PlanPhase.Disabled)
        {
            return WhySentence.Say(WhyVerdict.Disabled, $"Nothing will run at {WhySentence.T(q.At)}: the job '{q.JobName}' {WhySentence.WasDisabled(q, interval)}.");
        }

        if (interval.Phase == PlanPhase.Paused && !(interval.Until <= q.At))
        {
            return WhySentence.Say(
                WhyVerdict.Paused, $"Nothing will run at {WhySentence.T(q.At)} unless the job '{q.JobName}', which {WhySentence.WasPaused(q, interval)}, is resumed before; {rule}.");
        }

        return live.InFlight.IsEmpty && live.Waiting.IsEmpty ? Idle(q, schedule, live, rule) : Busy(q, schedule, live, rule);
    }

    private static WhyAnswer Idle(WhyQuestion q, Schedule schedule, TimetableReplies.Plan live, string rule)
    {
        if (live is not { NextAt: { } next, NextFireAt: { } fires })
        {
            return q.At > q.Now
                ? WhySentence.Say(WhyVerdict.NoSlot, $"Nothing will be due at {WhySentence.T(q.At)}: the schedule of '{q.JobName}' has no more times.")
                : WhySentence.Say(WhyVerdict.NoSlot, $"Nothing was due at {WhySentence.T(q.At)}: {rule}, and the ledger has none at this time.");
        }

        var why = fires == next ? "" : $" ({schedule.Treat(next).Note ?? SchedulePreview.JitterNote(fires - next)})";
        var when = fires == next ? WhySentence.T(next) : $"{WhySentence.T(next)}, to be fired at {WhySentence.T(fires)}{why}";
        if (q.At == next)
        {
            return fires > q.Now
                ? WhySentence.Say(WhyVerdict.Future, $"The slot {WhySentence.T(next)} of '{q.JobName}' is the next one: it will fire at {WhySentence.T(fires)}{why}, in {WhySentence.Rounded(fires - q.Now)}.")
                : WhySentence.Say(WhyVerdict.Undecided, $"The slot {WhySentence.T(q.At)} is due and not decided yet: the timetable of '{q.JobName}' has got to {WhySentence.T(live.Cursor)}.");
        }

        return q.At < next
            ? WhySentence.Say(WhyVerdict.NoSlot, $"Nothing {(q.At > q.Now ? "is" : "was")} due at {WhySentence.T(q.At)}: {rule}, and the next is {when}.") with
            {
                After = next,
            }
            : WhySentence.Say(
                q.At > q.Now ? WhyVerdict.Future : WhyVerdict.Undecided,
                $"Whether a slot of '{q.JobName}' comes at {WhySentence.T(q.At)} is not known yet: each counts from the end of the execution before it, and the next is {when}.") with
            {
                Before = next,
            };
    }

    private static WhyAnswer Busy(WhyQuestion q, Schedule schedule, TimetableReplies.Plan live, string rule)
    {
        var runs = live.InFlight.IsEmpty ? "a slot waits for its turn" : $"{live.InFlight[0].Id} has not ended";
        return q.At <= q.Now
            ? WhySentence.Say(WhyVerdict.NoSlot, $"Nothing was due at {WhySentence.T(q.At)}: {rule}, and {runs}.")
            : WhySentence.Say(
                WhyVerdict.Future,
                $"Whether a slot of '{q.JobName}' comes at {WhySentence.T(q.At)} is not known yet: {runs}, and the next comes {Durations.Format(schedule.Spec.Every!.Value)} after its end.");
    }

    private static string Then(WhyQuestion q, PlanInterval interval) => interval.Phase switch
    {
        PlanPhase.Disabled => $"; the job {WhySentence.WasDisabled(q, interval)}",
        PlanPhase.Paused => $"; the job {WhySentence.WasPaused(q, interval)}",
        _ => "",
    };
}

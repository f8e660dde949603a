using System.Globalization;
using Chronos.Core.Contracts;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs;

/// <summary>The sentence for a slot whose disposition the ledger has.</summary>
internal static class WhyDispositions
{
    /// <summary>From here on a slot counts as late.</summary>
    private const double LateMs = 1000;

    /// <param name="fires">When its jitter has the slot fire; its own time where it has none.</param>
    public static WhyAnswer Of(WhyQuestion q, SlotView slot, PlanInterval? interval, DateTimeOffset fires) => slot.Disposition switch
    {
        SlotDisposition.Fired => Fired(q, slot, fires),
        SlotDisposition.CaughtUp => WhySentence.Say(
            WhyVerdict.CaughtUp, $"The slot {WhySentence.T(q.At)} was caught up{At(slot)}{After(q, slot, fires)}, because it could not fire in its time, and {Ended(slot)}."),
        SlotDisposition.Queued => WhySentence.Queued(q),
        _ => NotRun(q, slot, interval),
    };

    private static WhyAnswer Fired(WhyQuestion q, SlotView slot, DateTimeOffset fires)
    {
        if (slot.LatenessMs is null && fires > q.Now && slot.Detail is null)
        {
            return WhySentence.ClaimedAhead(q, fires);
        }

        // Of an attempt that was sent the ledger knows how late it was as soon as it has ended, whatever became of it.
        if (slot is { LatenessMs: null, Status: not (null or ExecutionStatus.Running) })
        {
            return WhySentence.Say(WhyVerdict.Fired, slot.Status == ExecutionStatus.Pending
                ? $"The slot {WhySentence.T(q.At)} was claimed{At(slot)} and has not been sent yet: the circuit of its target is open."
                : $"The slot {WhySentence.T(q.At)} was claimed{At(slot)} and never sent, because the circuit of its target was open; it {Ended(slot)}.");
        }

        // Where a calendar moved the slot, its lateness counts from where it was moved to, and is known when its first attempt has ended.
        var moved = slot.Detail?.StartsWith("calendar ", StringComparison.Ordinal) == true ? $"; {slot.Detail}" : "";
        var late = slot.LatenessMs ?? (moved.Length > 0 ? null : (slot.At - fires)?.TotalMilliseconds);
        var time = moved.Length > 0 ? "the time that it was moved to" : Time(q, fires);
        return late >= LateMs
            ? WhySentence.Say(WhyVerdict.FiredLate, $"The slot {WhySentence.T(q.At)} fired late, {WhySentence.Rounded(TimeSpan.FromMilliseconds(late.Value))} after {time}{Held(q, slot, fires, moved.Length > 0)}, and {Ended(slot)}{moved}.")
            : WhySentence.Say(WhyVerdict.Fired, string.Create(
                CultureInfo.InvariantCulture, $"The slot {WhySentence.T(q.At)} fired on time{(late is { } ms ? $", {Math.Max(0, ms):0.#} ms after {time}," : "")} and {Ended(slot)}{moved}."));
    }

    private static string Time(WhyQuestion q, DateTimeOffset fires) =>
        fires == q.At ? "its time" : $"{WhySentence.T(fires)} ({SchedulePreview.JitterNote(fires - q.At)})";

    private static WhyAnswer NotRun(WhyQuestion q, SlotView slot, PlanInterval? interval)
    {
        var why = slot.Reason switch
        {
            SkipReason.Paused => interval is { Phase: PlanPhase.Paused } pause
                ? $"the job was paused since {WhySentence.T(pause.Since)}, by {pause.SinceBy}{(pause.Reason is { } reason ? $" ({reason})" : "")}"
                : "the job was paused",
            SkipReason.Overlap => "an earlier execution of the job was still running, and its overlap policy lets no more run at once",
            SkipReason.QueueFull => "earlier executions were still running, and the queue of waiting slots was full",
            SkipReason.Denied => "a policy denied it",
            SkipReason.Misfire => "no node could fire it in its time, and the misfire policy does not catch it up",
            SkipReason.Expired => "it waited until its time had run out",
            SkipReason.Cancelled => "it was cancelled while it waited",
            SkipReason.Replaced => "a newer slot took its place",
            SkipReason.Deleted => "the job was deleted while it waited",
            SkipReason.Calendar => "a calendar of the job excludes its time",
            _ => "of an unknown reason",
        };
        var range = slot.Count > 1
            ? string.Create(CultureInfo.InvariantCulture, $" (it is one of {slot.Count} slots from {WhySentence.T(slot.First)} to {WhySentence.T(slot.Last)})")
            : "";
        var detail = slot.Detail is { Length: > 0 } words ? $"; {words}" : "";
        return WhySentence.Say(WhyVerdict.NotRun, $"The slot {WhySentence.T(q.At)} was not run{range}: {why}{detail}.") with { Reason = slot.Reason };
    }

    private static string At(SlotView slot) => slot.At is { } at ? $" at {WhySentence.T(at)}" : "";

    private static string After(WhyQuestion q, SlotView slot, DateTimeOffset fires) => slot.At is { } at ? $", {WhySentence.Rounded(at - fires)} after {Time(q, fires)}" : "";

    /// <summary>What a late slot waited for: before it was claimed, or after.</summary>
    private static string Held(WhyQuestion q, SlotView slot, DateTimeOffset fires, bool moved) =>
        moved || slot.At is not { } claimed ? ""
        : (claimed - fires).TotalMilliseconds < LateMs ? " (it was claimed in time, and waited for a limit, a key, an open circuit or a place at its target)"
        : q.History.Any(i => i.Phase == PlanPhase.Paused && i.From < claimed && !(i.To <= fires)) ? " (the job was paused while it waited for its turn)"
        : " (earlier executions had to end first, or no node could claim it sooner)";

    private static string Ended(SlotView slot) => slot.Status switch
    {
        ExecutionStatus.Succeeded => "succeeded",
        ExecutionStatus.Failed => "failed",
        ExecutionStatus.Cancelled => "was cancelled",
        ExecutionStatus.TimedOut => "timed out",
        ExecutionStatus.Lost => "was lost with its node",
        ExecutionStatus.Running or ExecutionStatus.Pending => "has not ended yet",
        _ => "ended in a way that the ledger does not say",
    };
}

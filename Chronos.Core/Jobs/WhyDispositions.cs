using System.Globalization;
using Chronos.Core.Contracts;

namespace Chronos.Core.Jobs;

/// <summary>The sentence for a slot whose disposition the ledger has.</summary>
internal static class WhyDispositions
{
    /// <summary>From here on a slot counts as late.</summary>
    private const double LateMs = 1000;

    public static WhyAnswer Of(WhyQuestion q, SlotView slot, PlanInterval? interval) => slot.Disposition switch
    {
        SlotDisposition.Fired => Fired(q, slot),
        SlotDisposition.CaughtUp => WhySentence.Say(
            WhyVerdict.CaughtUp, $"The slot {WhySentence.T(q.At)} was caught up{At(slot)}{After(q, slot)}, because it could not fire in its time, and {Ended(slot)}."),
        SlotDisposition.Queued => WhySentence.Queued(q),
        _ => NotRun(q, slot, interval),
    };

    private static WhyAnswer Fired(WhyQuestion q, SlotView slot)
    {
        if (slot.LatenessMs is null && q.At > q.Now && slot.Detail is null)
        {
            return WhySentence.ClaimedAhead(q, q.At);
        }

        // Where a calendar moved the slot, its lateness counts from where it was moved to, and is known when its first attempt has ended.
        var moved = slot.Detail?.StartsWith("calendar ", StringComparison.Ordinal) == true ? $"; {slot.Detail}" : "";
        var late = slot.LatenessMs ?? (moved.Length > 0 ? null : (slot.At - q.At)?.TotalMilliseconds);
        return late >= LateMs
            ? WhySentence.Say(WhyVerdict.FiredLate, $"The slot {WhySentence.T(q.At)} fired late, {WhySentence.Rounded(TimeSpan.FromMilliseconds(late.Value))} after its time, and {Ended(slot)}{moved}.")
            : WhySentence.Say(WhyVerdict.Fired, string.Create(
                CultureInfo.InvariantCulture, $"The slot {WhySentence.T(q.At)} fired on time{(late is { } ms ? $", {Math.Max(0, ms):0.#} ms after its time," : "")} and {Ended(slot)}{moved}."));
    }

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

    private static string After(WhyQuestion q, SlotView slot) => slot.At is { } at ? $", {WhySentence.Rounded(at - q.At)} after its time" : "";

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

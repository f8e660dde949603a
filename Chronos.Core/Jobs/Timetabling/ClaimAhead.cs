using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>
/// How long before it is due a slot is claimed. What a claim costs (the decision, and above all the durable commit) is over when the slot
/// comes due, and the attempt only has to be let go.
/// </summary>
public static class ClaimAhead
{
    /// <summary>
    /// Chosen to cover the claims of a burst of some hundred slots on two cores with a disk that is waited for; no other lead was measured. All of
    /// it is time in which a pause comes too late for a slot that is still to come.
    /// </summary>
    public static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(25);

    /// <summary>Further ahead nothing is claimed or held, whatever the lead: a slot that seems to be belongs to a clock that was set back.</summary>
    public static readonly TimeSpan Most = TimeSpan.FromSeconds(1);

    /// <summary>
    /// When the next slot of a job can be claimed at the earliest, with its nominal time: the lead before it fires, if by then nothing can
    /// change what becomes of it. While an earlier run might still end in time, or keeps it from running, that is decided when it is due.
    /// </summary>
    internal static (DateTimeOffset Nominal, DateTimeOffset FireAt)? Next(PlannedJob job, Schedule? schedule, TimeSpan lead)
    {
        var policy = job.Definition.Concurrency;
        if (schedule is null || lead <= TimeSpan.Zero || job.Removed || job.State == PlanState.Disabled || job is { State: PlanState.Paused, PausedUntil: null }
            || job.Running.Count >= policy.EffectiveLimit || !(policy.Overlap == OverlapPolicy.Allow || job.Waiting.IsEmpty)
            || (schedule.AfterCompletion && !(job.Running.IsEmpty && job.Waiting.IsEmpty)))
        {
            return null;
        }

        var next = schedule.AfterCompletion ? FixedDelay.Next(job, schedule) : schedule.Next(job.Cursor);
        return next is { } nominal && schedule.Treat(nominal) is { Fate: not SlotFate.Skipped } treatment ? (nominal, treatment.FireAt) : null;
    }
}

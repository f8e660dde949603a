using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Contracts;

/// <summary>Whether a job fired in a stretch of its history.</summary>
public enum PlanPhase
{
    Active,
    Paused,
    Disabled,
    Deleted,
}

/// <summary>
/// A stretch of a job's history in [<paramref name="From"/>, <paramref name="To"/>) during which neither its schedule nor its
/// state changed. The intervals of a job are contiguous; before the first one the job did not exist.
/// </summary>
/// <param name="To">Absent for the present.</param>
/// <param name="Reason">Why it was paused, as its owner said; for a change of definition, what made it.</param>
public sealed record PlanInterval(
    DateTimeOffset From, DateTimeOffset? To, PlanPhase Phase, string? Reason, ScheduleSpec? Schedule, string Timezone, int Revision, long Version, Principal By)
{
    /// <summary>Since when it has been paused or disabled: an edit meanwhile begins another interval, not another pause.</summary>
    public DateTimeOffset Since { get; init; } = From;

    /// <summary>Who paused or disabled it.</summary>
    public Principal SinceBy { get; init; } = By;

    /// <summary>When the pause is over by itself.</summary>
    public DateTimeOffset? Until { get; init; }
}

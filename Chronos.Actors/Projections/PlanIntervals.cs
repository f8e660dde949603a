using System.Collections.Immutable;
using Chronos.Core.Contracts;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Actors.Projections;

/// <summary>Makes intervals of the changes of a job's plan.</summary>
internal static class PlanIntervals
{
    /// <summary>The state of a job from one of its events on.</summary>
    internal sealed record Change(
        DateTimeOffset At, bool Enabled, bool Paused, bool Deleted, string? PauseReason, DateTimeOffset? PausedUntil, string Cause,
        ScheduleSpec? Schedule, string Timezone, int Revision, long Version, Principal By);

    /// <remarks>A pause with an end is over at that end, whether or not an event has said so yet.</remarks>
    public static ImmutableArray<PlanInterval> Join(ImmutableArray<Change> changes, DateTimeOffset now)
    {
        var intervals = ImmutableArray.CreateBuilder<PlanInterval>();
        Change? paused = null, disabled = null;
        for (var i = 0; i < changes.Length; i++)
        {
            var change = changes[i];
            paused = change is { Deleted: true } or { Paused: false } ? null : paused is null || change.Cause == "pause" ? change : paused;
            disabled = change is { Deleted: true } or { Enabled: true } ? null : disabled ?? change;
            var to = i + 1 < changes.Length ? changes[i + 1].At : (DateTimeOffset?)null;
            var phase = PhaseOf(change);
            if (phase == PlanPhase.Paused && change.PausedUntil is { } until && until < (to ?? now))
            {
                var start = until > change.At ? until : change.At;
                if (start > change.At)
                {
                    intervals.Add(Interval(change, change.At, start, phase, change.PauseReason, paused));
                }

                intervals.Add(Interval(change, start, to, PlanPhase.Active, "the pause was over", null));
            }
            else
            {
                intervals.Add(Interval(change, change.At, to, phase, phase == PlanPhase.Paused ? change.PauseReason : change.Cause,
                    phase switch { PlanPhase.Paused => paused, PlanPhase.Disabled => disabled, _ => null }));
            }
        }

        return intervals.DrainToImmutable();
    }

    private static PlanPhase PhaseOf(Change change) => change switch
    {
        { Deleted: true } => PlanPhase.Deleted,
        { Enabled: false } => PlanPhase.Disabled,
        { Paused: true } => PlanPhase.Paused,
        _ => PlanPhase.Active,
    };

    /// <param name="begin">What the phase began with; null where it began with <paramref name="c"/>.</param>
    private static PlanInterval Interval(Change c, DateTimeOffset from, DateTimeOffset? to, PlanPhase phase, string? reason, Change? begin) =>
        new(from, to, phase, reason, c.Schedule, c.Timezone, c.Revision, c.Version, c.By)
        {
            Since = begin?.At ?? from,
            SinceBy = begin?.By ?? c.By,
            Until = phase == PlanPhase.Paused ? c.PausedUntil : null,
        };
}

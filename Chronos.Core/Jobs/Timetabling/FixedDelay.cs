using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>From where the next slot of a job with <c>every … after_completion</c> counts.</summary>
internal static class FixedDelay
{
    /// <summary>The next slot of a fixed delay: it counts from the end of the previous execution.</summary>
    public static DateTimeOffset? Next(PlannedJob job, Schedule schedule) => schedule.Next(Counted(job));

    /// <summary>The same as it is to be told: nothing while an execution runs or waits, since it counts from that one's end; and no slot that a pause swallows.</summary>
    public static DateTimeOffset? Told(PlannedJob job, Schedule schedule) =>
        job.Running.IsEmpty && job.Waiting.IsEmpty ? schedule.Next(From(job, schedule)) : null;

    /// <summary>From where a fixed delay counts on when a pause ends at <paramref name="end"/> that has swallowed its slot <paramref name="due"/>: the next comes the delay after that one, but not before the end.</summary>
    /// <remarks>As exact as the journal, and not before the end: the pause would swallow that one too.</remarks>
    public static DateTimeOffset AfterPause(Schedule schedule, DateTimeOffset due, DateTimeOffset end) =>
        Instants.Later(due, Instants.Ceiling(end) - schedule.Spec.Every!.Value);

    public static DateTimeOffset From(PlannedJob job, Schedule schedule) =>
        job is { State: PlanState.Paused, PausedUntil: { } until } && Next(job, schedule) is { } due && schedule.Treat(due).FireAt < until
            ? AfterPause(schedule, due, until)
            : Counted(job);

    private static DateTimeOffset Counted(PlannedJob job) => job.LastEndedAt is { } ended ? Instants.Later(ended, job.Cursor) : job.Cursor;
}

using System.Collections.Immutable;
using Chronos.Core.Kernel;
using Chronos.Core.Wire;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What a job, the tick leader and a timetable say to each other.</summary>
public static class TimetablePlanning
{
    /// <summary>The job's plan as of <paramref name="Version"/>. Answered by <see cref="PlanNoted"/> when durable; an older version than the one known is noted without effect.</summary>
    /// <param name="CatchUp">After a resume: what to do with the slots that the pause swallowed.</param>
    public sealed record SetPlan(
        TenantId Tenant, JobId Job, long Version, int Revision, PlanState State, DateTimeOffset? PausedUntil, DateTimeOffset From,
        JobDefinition Definition, MisfireRule? CatchUp) : ITimetableCommand;

    /// <summary>The job is deleted.</summary>
    public sealed record RemovePlan(JobId Job, long Version) : ITimetableCommand
    {
        /// <summary>When it was deleted: after that it had no slots, however late this arrives. Absent from a node of an older build.</summary>
        public DateTimeOffset? At { get; init; }
    }

    public sealed record PlanNoted(JobId Job, long Version, long? Missed, long? CaughtUp) : ITimetableReply;

    /// <summary>Claim a run that somebody asked for. Answered to the asker by <see cref="TimetableReplies.Started"/>.</summary>
    public sealed record RunNow(
        JobId Job, ExecutionId Execution, string? Payload, TriggerForce Force, ExecutionTrigger Kind, string? Source, Principal By, RequestMark? Request) : ITimetableCommand
    {
        /// <summary>The version of the job that was asked: one that was deleted since is not run again under the same name. Absent from a node of an older build.</summary>
        public long? Version { get; init; }
    }

    /// <summary>Something is due, says the leader of this epoch. A timetable refuses an epoch lower than the highest it has seen.</summary>
    public sealed record Tick(int Timetable, long Epoch, DateTimeOffset Now) : IWireMessage;

    /// <summary>What a timetable tells the leader after each commit that changed it, and after each tick.</summary>
    /// <param name="DueAt">The next instant at which something is due; null when nothing is planned.</param>
    public sealed record NextDue(int Timetable, long Epoch, DateTimeOffset? DueAt, string Node, int Jobs, int InFlight, int Waiting) : IWireMessage;

    /// <summary>A node took over as tick leader. Its epoch is the highest so far plus one.</summary>
    public sealed record LeaderRose(long Epoch, string Node, DateTimeOffset At) : IWireMessage;

    public sealed record GetLeader : IWireMessage;

    /// <summary>Who leads since when, and what it knows of the timetables.</summary>
    public sealed record LeaderView(long Epoch, string Node, DateTimeOffset Since, DateTimeOffset? NextDueAt, ImmutableArray<NextDue> Timetables) : IWireMessage;
}

/// <summary>Everything a timetable knows, at one sequence number.</summary>
public sealed record TimetableSnapshot(int Timetable, long Epoch, ImmutableArray<PlannedJob> Jobs, ImmutableArray<RemovedJob> Removed) : IWireMessage
{
    /// <summary>Absent while there are none.</summary>
    public ImmutableArray<PlannedCalendar>? Calendars { get; init; }

    /// <summary>The version of the tz database.</summary>
    public string? Tzdb { get; init; }

    /// <summary>See <see cref="WireLevel"/>; absent from the first.</summary>
    public int? Level { get; init; }
}

/// <summary>A deleted job with the version of its deletion, so that an older plan that arrives late does not bring it back.</summary>
public sealed record RemovedJob(JobId Job, long Version)
{
    /// <summary>Up to where slots were decided: a job that is made anew under this id begins behind it. Absent where it was not kept.</summary>
    public DateTimeOffset? Cursor { get; init; }

    /// <summary>The <c>Idempotency-Key</c>s of its runs: they were done, also where the job is made anew. Absent when there are none.</summary>
    public ImmutableArray<RememberedRun>? Requests { get; init; }
}

/// <summary>Which timetable a job belongs to.</summary>
public static class TimetableNumbers
{
    /// <summary>Fixed for the life of a deployment: persistence ids depend on it.</summary>
    public const int Count = 64;

    /// <summary>The id is itself a hash, so its first characters spread evenly.</summary>
    public static int Of(JobId job) => ((Digit(job.Value[0]) << 5) | Digit(job.Value[1])) % Count;

    private static int Digit(char c) => "0123456789ABCDEFGHJKMNPQRSTVWXYZ".IndexOf(c, StringComparison.Ordinal);
}

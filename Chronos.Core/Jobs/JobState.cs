using System.Collections.Immutable;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>Everything a job entity knows, as the fold of its events.</summary>
public sealed record JobState
{
    /// <summary>How many <c>Idempotency-Key</c>s a job remembers; the oldest are forgotten first.</summary>
    public const int RememberedRequests = 64;

    public static readonly JobState Empty = new();

    public TenantId Tenant { get; init; } = TenantId.Default;

    public JobId Id { get; init; }

    public long Version { get; init; }

    public int Revision { get; init; }

    /// <summary>Null before the job was created and after it was deleted.</summary>
    public JobDefinition? Definition { get; init; }

    public DateTimeOffset? PausedAt { get; init; }

    public DateTimeOffset? PausedUntil { get; init; }

    public string? PauseReason { get; init; }

    /// <summary>What the last resume wanted to be caught up; handed over with the plan until the timetable has it.</summary>
    public MisfireRule? CatchUp { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public Principal CreatedBy { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public Principal UpdatedBy { get; init; }

    public ImmutableArray<JobRevision> Revisions { get; init; } = [];

    /// <summary>The version of its last deletion; 0 while there was none.</summary>
    public long DeletedVersion { get; init; }

    public ImmutableArray<RememberedChange> Requests { get; init; } = [];

    /// <summary>Whether the job fires at <paramref name="now"/>; a pause with an end is over by itself.</summary>
    public PlanState PlanStateAt(DateTimeOffset now) =>
        Definition is not { Enabled: true } ? PlanState.Disabled
        : PausedAt is not null && !(PausedUntil <= now) ? PlanState.Paused
        : PlanState.Active;

    /// <summary>The job as readers see it; a deleted one as it was.</summary>
    public JobSnapshot Snapshot(DateTimeOffset now)
    {
        var state = PlanStateAt(now);
        var paused = state == PlanState.Paused;
        return new JobSnapshot(
            Tenant, Id, Version, Revision, Definition ?? Revisions[^1].Definition, state,
            paused ? PauseReason : null, paused ? PausedAt : null, paused ? PausedUntil : null, CreatedAt, CreatedBy, UpdatedAt, UpdatedBy);
    }

    public JobState Apply(IJobEvent happened)
    {
        var next = Fold(happened);
        return happened.Request is { } request ? next with { Requests = Remember(new RememberedChange(request, next.Bare(), happened is JobEvents.Resumed)) } : next;
    }

    /// <summary>What an answer is made of: the job without its history, so that what is remembered does not hold all that was remembered before it.</summary>
    private JobState Bare() => this with { Requests = [], Revisions = [Revisions[^1]] };

    private JobState Fold(IJobEvent happened)
    {
        var next = this with { Version = happened.Version, UpdatedAt = happened.At, UpdatedBy = happened.By };
        return happened switch
        {
            JobEvents.Created e => next with
            {
                Tenant = e.Tenant,
                Id = e.Job,
                CreatedAt = e.At,
                CreatedBy = e.By,
                Revision = e.Revision,
                Definition = e.Definition,
                PausedAt = null,
                PausedUntil = null,
                PauseReason = null,
                CatchUp = null,
                Revisions = Revisions.Add(new JobRevision(e.Revision, e.Definition, "create", e.By, e.At)),
            },
            JobEvents.Revised e => next with
            {
                Revision = e.Revision,
                Definition = e.Definition,
                Revisions = Revisions.Add(new JobRevision(e.Revision, e.Definition, e.Reason, e.By, e.At)),
            },
            JobEvents.Switched e => next with { Definition = Definition! with { Enabled = e.Enabled } },
            JobEvents.Paused e => next with { PausedAt = e.At, PausedUntil = e.Until, PauseReason = e.Reason, CatchUp = null },
            JobEvents.Resumed e => next with { PausedAt = null, PausedUntil = null, PauseReason = null, CatchUp = e.CatchUp },
            JobEvents.Deleted => next with { Definition = null, PausedAt = null, PausedUntil = null, PauseReason = null, DeletedVersion = happened.Version },
            _ => throw new InvalidOperationException($"{happened.GetType()} is no event of a job"),
        };
    }

    private ImmutableArray<RememberedChange> Remember(RememberedChange change) =>
        Requests.Length < RememberedRequests ? Requests.Add(change) : Requests.RemoveAt(0).Add(change);
}

/// <summary>A change that was asked for with an <c>Idempotency-Key</c>, and what it left: repeated, it is answered as it was then.</summary>
/// <param name="Left">The job as the change left it, without its history.</param>
/// <param name="EndedPause">Whether its answer also said what the pause had swallowed, which the timetable remembers.</param>
public sealed record RememberedChange(RequestMark Request, JobState Left, bool EndedPause);

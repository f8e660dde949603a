using Chronos.Core.Jobs.Timetabling;

namespace Chronos.Core.Jobs;

/// <summary>A job and its timetable: what the plan is, up to which version it was noted, and who is answered then. Pure.</summary>
/// <typeparam name="TAsker">Who is answered.</typeparam>
public sealed class PlanHandover<TAsker>
{
    private readonly List<Waiter> _waiting = [];
    private long _noted = -1;

    public bool IsAwaited => _waiting.Count > 0;

    /// <summary>What a job tells its timetable; null while it was never created.</summary>
    public static ITimetableCommand? PlanOf(JobState job) => job switch
    {
        { Version: 0 } => null,
        { Definition: { } definition } => new TimetablePlanning.SetPlan(
            job.Tenant, job.Id, job.Version, job.Revision,
            !definition.Enabled ? PlanState.Disabled : job.PausedAt is null ? PlanState.Active : PlanState.Paused,
            job.PausedUntil, job.UpdatedAt, definition, job.CatchUp),
        _ => new TimetablePlanning.RemovePlan(job.Id, job.Version) { At = job.UpdatedAt },
    };

    /// <summary>Whether the timetable has the job as it stands.</summary>
    public bool IsDone(JobState job) => _noted >= job.Version;

    /// <summary>The answer to a change that is durable, when its plan is too; null when it waits for that.</summary>
    /// <param name="resumes">Whether the answer says what the pause swallowed.</param>
    public JobReplies.Accepted? Answer(TAsker to, JobState job, bool replayed, bool resumes, DateTimeOffset now)
    {
        if (IsDone(job))
        {
            return new JobReplies.Accepted(job.Snapshot(now), replayed, resumes ? 0 : null, resumes ? 0 : null);
        }

        _waiting.Add(new Waiter(job, to, replayed, resumes));
        return null;
    }

    /// <summary>
    /// The timetable has noted a plan: who is to be answered what. Each is told of the job as its own change left it: what others have changed since
    /// may not be planned yet.
    /// </summary>
    public IReadOnlyList<(TAsker To, JobReplies.Accepted Reply)> Note(TimetablePlanning.PlanNoted note, DateTimeOffset now)
    {
        _noted = Math.Max(_noted, note.Version);
        var answers = _waiting.Where(w => w.Job.Version <= _noted)
            .Select(w => (w.To, new JobReplies.Accepted(w.Job.Snapshot(now), w.Replayed, w.Resumes ? note.Missed ?? 0 : null, w.Resumes ? note.CaughtUp ?? 0 : null)))
            .ToList();
        _waiting.RemoveAll(w => w.Job.Version <= _noted);
        return answers;
    }

    private sealed record Waiter(JobState Job, TAsker To, bool Replayed, bool Resumes);
}

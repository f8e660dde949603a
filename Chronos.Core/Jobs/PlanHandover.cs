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

    /// <summary>Whether the timetable has the job as it stands, and nobody waits for more.</summary>
    public bool IsDone(JobState job) => _noted >= job.Version && !IsAwaited;

    /// <summary>What the timetable is to be told, again and again until it is done.</summary>
    public IEnumerable<ITimetableCommand> PlansOf(JobState job) =>
        _waiting.Where(static w => w.Recalls).Select(w => w.Job).Append(job).Select(PlanOf).OfType<ITimetableCommand>();

    /// <summary>The answer to a change that is durable, when its plan is too; null when it waits for that.</summary>
    /// <param name="resumes">Whether the answer says what the pause swallowed.</param>
    public JobReplies.Accepted? Answer(TAsker to, JobState job, bool resumes, DateTimeOffset now) =>
        Answer(new Waiter(job, to, false, resumes, false), now);

    /// <summary>The answer to a request that was done before, as it was answered then; null when it waits for the timetable.</summary>
    public JobReplies.Accepted? Repeat(TAsker to, RememberedChange change, bool resumes, DateTimeOffset now) =>
        Answer(new Waiter(change.Left, to, true, resumes, resumes && change.EndedPause), now);

    /// <summary>
    /// The timetable has noted a plan: who is to be answered what. Each is told of the job as its own change left it: what others have changed since
    /// may not be planned yet.
    /// </summary>
    public IReadOnlyList<(TAsker To, JobReplies.Accepted Reply)> Note(TimetablePlanning.PlanNoted note, DateTimeOffset now)
    {
        _noted = Math.Max(_noted, note.Version);
        var answers = _waiting.Where(w => w.IsAnsweredBy(note, _noted)).Select(w => (w.To, w.Answer(note, now))).ToList();
        _waiting.RemoveAll(w => w.IsAnsweredBy(note, _noted));
        return answers;
    }

    private JobReplies.Accepted? Answer(Waiter waiter, DateTimeOffset now)
    {
        if (!waiter.Recalls && waiter.Job.Version <= _noted)
        {
            return waiter.Answer(null, now);
        }

        _waiting.Add(waiter);
        return null;
    }

    /// <param name="Recalls">What the pause swallowed was counted before: only the timetable knows, by the version that ended the pause.</param>
    private sealed record Waiter(JobState Job, TAsker To, bool Replayed, bool Resumes, bool Recalls)
    {
        public bool IsAnsweredBy(TimetablePlanning.PlanNoted note, long noted) => Recalls ? note.Version == Job.Version : Job.Version <= noted;

        /// <remarks>What was counted and is forgotten is absent: 0 would be another answer.</remarks>
        public JobReplies.Accepted Answer(TimetablePlanning.PlanNoted? note, DateTimeOffset now)
        {
            var (missed, caughtUp) = !Resumes ? (null, null) : Recalls ? (note?.Missed, note?.CaughtUp) : Replayed ? (0, 0) : (note?.Missed ?? 0, note?.CaughtUp ?? 0);
            return new JobReplies.Accepted(Job.Snapshot(Replayed ? Job.UpdatedAt : now), Replayed, missed, caughtUp);
        }
    }
}

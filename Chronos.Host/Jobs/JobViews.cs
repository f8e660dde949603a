using System.Text.Json;
using Chronos.Actors.Calendars;
using Chronos.Core.Calendars;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Scheduling;
using Chronos.Host.Http;

namespace Chronos.Host.Jobs;

/// <summary>Shows jobs as the API does.</summary>
internal sealed class JobViews(TimeProvider time, CalendarDirectory calendars)
{
    /// <summary>Members of a job's view that the server makes. They may stand in a body that was read here and is sent back.</summary>
    public static readonly string[] ServerMade =
        ["job_id", "version", "revision", "state", "pause_reason", "paused_at", "paused_until", "next_at", "created_at", "created_by", "updated_at", "updated_by"];

    public JobView Of(JobSnapshot job) => Of(job, JobDocument.ToJson(job.Definition));

    public JobView Of(JobRow row) => Of(row.Job, row.Document);

    public JobView Of(JobReplies.Accepted accepted) => Of(accepted.Job) with { Missed = accepted.Missed, CaughtUp = accepted.CaughtUp };

    public static RevisionView Of(JobRevision revision) =>
        new(revision.Revision, revision.Reason, revision.By.Name, revision.At, JobDocument.ToElement(revision.Definition));

    public Schedule? ScheduleOf(JobSnapshot job) => ScheduleOf(job, calendars.Lookup(job.Tenant));

    public static Schedule? ScheduleOf(JobSnapshot job, CalendarLookup calendars) =>
        job.Definition.Schedule is { } spec ? Schedule.Compile(spec, job.Definition.Timezone, job.Tenant, job.Definition.Name, calendars, []) : null;

    private JobView Of(JobSnapshot job, string document)
    {
        var view = JsonSerializer.Deserialize(document, ApiJson.Api.JobView)!;
        return view with
        {
            JobId = job.Id.Value,
            Version = job.Version,
            Revision = job.Revision,
            State = job.State,
            PauseReason = job.PauseReason,
            PausedAt = job.PausedAt,
            PausedUntil = job.PausedUntil,
            NextAt = NextAt(job),
            CreatedAt = job.CreatedAt,
            CreatedBy = job.CreatedBy.Name,
            UpdatedAt = job.UpdatedAt,
            UpdatedBy = job.UpdatedBy.Name,
        };
    }

    /// <summary>The nominal time of the next slot that will run; where a calendar moves it, the time to which it does.</summary>
    private DateTimeOffset? NextAfter(JobSnapshot job, DateTimeOffset after) =>
        ScheduleOf(job) is not { } schedule ? null
        : !schedule.HasCalendars || schedule.AfterCompletion ? schedule.NextFiring(after)?.Nominal
        : SchedulePreview.NextShown(schedule, after);

    private DateTimeOffset? NextAt(JobSnapshot job) => job.State switch
    {
        PlanState.Active => NextAfter(job, time.GetUtcNow()),
        PlanState.Paused when job.PausedUntil is { } until => NextAfter(job, until.AddTicks(-1)),
        _ => null,
    };
}

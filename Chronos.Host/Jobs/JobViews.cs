using System.Collections.Immutable;
using System.Text.Json;
using Akka.Actor;
using Chronos.Actors.Calendars;
using Chronos.Core.Calendars;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Host.Http;

namespace Chronos.Host.Jobs;

/// <summary>Shows jobs as the API does.</summary>
internal sealed class JobViews(TimeProvider time, CalendarDirectory calendars, Regions regions)
{
    /// <summary>Members of a job's view that the server makes. They may stand in a body that was read here and is sent back.</summary>
    public static readonly string[] ServerMade =
        ["job_id", "version", "revision", "state", "pause_reason", "paused_at", "paused_until", "next_at", "created_at", "created_by", "updated_at", "updated_by"];

    public Task<JobView> Of(JobSnapshot job, CancellationToken cancellation) => Of(job, JobDocument.ToJson(job.Definition), cancellation);

    public async Task<ImmutableArray<JobView>> Of(IEnumerable<JobRow> rows, CancellationToken cancellation) =>
        [.. await Task.WhenAll(rows.Select(row => Of(row.Job, row.Document, cancellation)))];

    public async Task<JobView> Of(JobReplies.Accepted accepted, CancellationToken cancellation) =>
        await Of(accepted.Job, cancellation) with { Missed = accepted.Missed, CaughtUp = accepted.CaughtUp };

    public static RevisionView Of(JobRevision revision) =>
        new(revision.Revision, revision.Reason, revision.By.Name, revision.At, JobDocument.ToElement(revision.Definition));

    public Schedule? ScheduleOf(JobSnapshot job) => ScheduleOf(job, calendars.Lookup(job.Tenant));

    public static Schedule? ScheduleOf(JobSnapshot job, CalendarLookup calendars) =>
        job.Definition.Schedule is { } spec ? Schedule.Compile(spec, job.Definition.Timezone, job.Tenant, job.Definition.Name, calendars, []) : null;

    private async Task<JobView> Of(JobSnapshot job, string document, CancellationToken cancellation)
    {
        var view = JsonSerializer.Deserialize(document, ApiJson.Api.JobView)!;
        return view with
        {
            JobId = job.Id.Value,
            Version = job.Version,
            Revision = job.Revision,
            State = job.State,
            PauseReason = job.PauseReason,
            PausedAt = job.PausedAt is { } paused ? Instants.Floor(paused) : null,
            PausedUntil = job.PausedUntil,
            NextAt = job.Definition.Schedule is { AfterCompletion: true } ? await NextOfDelay(job, cancellation) : NextAt(job),

            // As the lists have them, which come from the read side.
            CreatedAt = Instants.Floor(job.CreatedAt),
            CreatedBy = job.CreatedBy.Name,
            UpdatedAt = Instants.Floor(job.UpdatedAt),
            UpdatedBy = job.UpdatedBy.Name,
        };
    }

    /// <summary>The nominal time of the next slot that will run; where a calendar moves it, the time to which it does.</summary>
    private DateTimeOffset? NextAfter(JobSnapshot job, DateTimeOffset after) =>
        ScheduleOf(job) is not { } schedule ? null
        : !schedule.HasCalendars ? schedule.NextFiring(after)?.Nominal
        : SchedulePreview.NextShown(schedule, after);

    /// <summary>A fixed delay counts from the end of its last execution, and only its timetable knows that; absent while one runs.</summary>
    private async Task<DateTimeOffset?> NextOfDelay(JobSnapshot job, CancellationToken cancellation)
    {
        try
        {
            return job.State == PlanState.Disabled ? null : (await regions.Ask(new TimetableCommands.GetPlan(job.Id), cancellation) as TimetableReplies.Plan)?.NextAt;
        }
        catch (AskTimeoutException)
        {
            // Its timetable moves to another node. The job is shown all the same.
            return null;
        }
    }

    private DateTimeOffset? NextAt(JobSnapshot job) => job.State switch
    {
        PlanState.Active => NextAfter(job, time.GetUtcNow()),
        PlanState.Paused when job.PausedUntil is { } until => NextAfter(job, until.AddTicks(-1)),
        _ => null,
    };
}

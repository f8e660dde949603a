using System.Text.Json;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Host.Calendars;
using Chronos.Host.Executions;
using Chronos.Host.Http;

namespace Chronos.Host.Jobs;

/// <summary>What the endpoints of jobs have in common: who asks for which job, and how its answer is shown.</summary>
internal sealed class JobRequests(Regions regions, JobViews views, CalendarRequests calendars)
{
    public JobViews Views => views;

    public Regions Regions => regions;

    public CalendarRequests Calendars => calendars;

    /// <summary>The id that an address means; null for a text that can be neither id nor name.</summary>
    public static JobId? Resolve(HttpContext http, string idOrName) =>
        JobId.TryParse(idOrName, out var id) ? id : JobDocument.IsName(idOrName) ? JobId.For(http.Tenant(), idOrName) : null;

    public static ProblemResult NoSuchJob(string idOrName) => ProblemResult.NotFound($"there is no job '{(idOrName.Length <= 100 ? idOrName : idOrName[..100])}'");

    /// <summary>The job, or the answer that says why not.</summary>
    public async Task<(JobSnapshot? Job, IResult? Refusal)> Find(HttpContext http, string idOrName, CancellationToken cancellation)
    {
        if (Resolve(http, idOrName) is not { } id)
        {
            return (null, NoSuchJob(idOrName));
        }

        return await regions.Ask(new JobCommands.Get(http.Tenant(), id), cancellation) switch
        {
            JobReplies.Accepted accepted => (accepted.Job, null),
            JobReplies.Refused { Rejection.Code: RejectionCode.NotFound } => (null, NoSuchJob(idOrName)),
            JobReplies.Refused refused => (null, ProblemResult.Of(refused.Rejection)),
            var other => throw new InvalidOperationException($"a job answered {other.GetType()}"),
        };
    }

    /// <summary>Carries out a change and shows the job as it is then.</summary>
    public async Task<IResult> Change(HttpContext http, IJobChange change, CancellationToken cancellation) =>
        await regions.Ask(change, cancellation) switch
        {
            JobReplies.Accepted accepted => Show(http, accepted),
            JobReplies.Refused refused => ProblemResult.Of(refused.Rejection),
            var other => throw new InvalidOperationException($"a job answered {other.GetType()}"),
        };

    /// <summary>Starts an execution; 202 with what is known of it.</summary>
    public async Task<IResult> Start(HttpContext http, JobCommands.Trigger trigger, string idOrName, CancellationToken cancellation)
    {
        switch (await regions.Ask(trigger, cancellation))
        {
            case TimetableReplies.Started started:
                http.Response.Headers.Location = $"/api/v1/executions/{Uri.EscapeDataString(started.Execution.Id.Value)}";
                if (started.Replayed)
                {
                    http.Response.Headers["Idempotent-Replayed"] = "true";
                }

                return Results.Json(ExecutionBody.Of(started.Execution), ApiJson.Api.ExecutionBody, statusCode: 202);
            case JobReplies.Refused { Rejection.Code: RejectionCode.NotFound }:
                return NoSuchJob(idOrName);
            case JobReplies.Refused refused:
                return ProblemResult.Of(refused.Rejection);
            case var other:
                throw new InvalidOperationException($"a trigger was answered by {other.GetType()}");
        }
    }

    public IResult Show(HttpContext http, JobReplies.Accepted accepted)
    {
        Conditions.SetTag(http, accepted.Job.Version);
        if (accepted.Replayed)
        {
            http.Response.Headers["Idempotent-Replayed"] = "true";
        }

        return Results.Json(views.Of(accepted), ApiJson.Api.JobView);
    }

    /// <summary>Reads a job document; its faults become the answer.</summary>
    public static (JobDefinition? Definition, IResult? Refusal) Read(JsonElement document)
    {
        var violations = new List<Violation>();
        return JobDocument.Read(document, violations) is { } definition
            ? (definition, null)
            : (null, ProblemResult.Of(Rejection.Invalid([.. violations])));
    }
}

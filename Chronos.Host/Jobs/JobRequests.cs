using System.Text.Json;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Host.Calendars;
using Chronos.Host.Executions;
using Chronos.Host.Http;

namespace Chronos.Host.Jobs;

/// <summary>What the endpoints of jobs have in common: who asks for which job, and how its answer is shown.</summary>
internal sealed class JobRequests(Regions regions, JobViews views, CalendarRequests calendars, ExecutionFinder executions)
{
    public JobViews Views => views;

    public Regions Regions => regions;

    public CalendarRequests Calendars => calendars;

    /// <summary>The id that an address means; null for a text that can be neither id nor name.</summary>
    public static JobId? Resolve(HttpContext http, string idOrName) =>
        JobId.TryParse(idOrName, out var id) ? id : JobDocument.IsName(idOrName) ? JobId.For(http.Tenant(), idOrName) : null;

    public static ProblemResult NoSuchJob(string idOrName) => ProblemResult.NotFound($"there is no job '{(idOrName.Length <= 100 ? idOrName : idOrName[..100])}'");

    /// <summary>The job, or the answer that says why not.</summary>
    public Task<(JobSnapshot? Job, IResult? Refusal)> Find(HttpContext http, string idOrName, CancellationToken cancellation) =>
        Find(http, idOrName, null, static _ => throw new InvalidOperationException("a plain read was answered as a repetition"), cancellation);

    /// <summary>
    /// The job that a change is to be made of, or the answer. Where the same request made it before, that is what <paramref name="repeated"/> makes of the
    /// answer of then: what the job is by now, or whether there is one, does not count.
    /// </summary>
    public async Task<(JobSnapshot? Job, IResult? Answer)> Find(
        HttpContext http, string idOrName, RequestMark? request, Func<JobReplies.Accepted, Task<IResult>> repeated, CancellationToken cancellation)
    {
        if (Resolve(http, idOrName) is not { } id)
        {
            return (null, NoSuchJob(idOrName));
        }

        return await regions.Ask(new JobCommands.Get(http.Tenant(), id) { Request = request }, cancellation) switch
        {
            JobReplies.Accepted { Replayed: true } before => (null, await repeated(before)),
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
            JobReplies.Accepted accepted => await Show(http, accepted, cancellation),
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
                var body = ExecutionBody.Of(started.Execution);
                if (started.Replayed)
                {
                    // It may have ended long ago: its timetable has forgotten it then, the ledger has not.
                    http.Response.Headers["Idempotent-Replayed"] = "true";
                    body = await executions.Find(http, started.Execution.Id, cancellation) ?? body;
                }

                return Results.Json(body, ApiJson.Api.ExecutionBody, statusCode: 202);
            case JobReplies.Refused { Rejection.Code: RejectionCode.NotFound }:
                return NoSuchJob(idOrName);
            case JobReplies.Refused refused:
                return ProblemResult.Of(refused.Rejection);
            case var other:
                throw new InvalidOperationException($"a trigger was answered by {other.GetType()}");
        }
    }

    public async Task<IResult> Show(HttpContext http, JobReplies.Accepted accepted, CancellationToken cancellation)
    {
        Conditions.SetTag(http, accepted.Job.Version);
        SayIfRepeated(http, accepted);
        return Results.Json(await views.Of(accepted, cancellation), ApiJson.Api.JobView);
    }

    public static void SayIfRepeated(HttpContext http, JobReplies.Accepted accepted)
    {
        if (accepted.Replayed)
        {
            http.Response.Headers["Idempotent-Replayed"] = "true";
        }
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

using System.Collections.Immutable;
using System.Globalization;
using Chronos.Actors.Projections;
using Chronos.Core.Contracts;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Host.Http;
using Chronos.Host.Jobs;

namespace Chronos.Host.Executions;

/// <summary>What ran and runs.</summary>
internal static class ExecutionEndpoints
{
    internal static readonly QueryParameter[] Filters =
    [
        new("job", "string", "Only executions of this job, by id or name"), QueryParameters.From, QueryParameters.To,
        new("tag", "string", "Only of jobs with this tag: key, key:value or key=value"), QueryParameters.Limit, QueryParameters.Cursor,
    ];

    public static RouteGroupBuilder MapExecutions(this RouteGroupBuilder api)
    {
        api.MapGet("/executions", List).WithName("list_executions").WithSummary("Executions, newest first").Needs(Scopes.ExecutionsRead)
            .Takes([.. Filters, new("status", "string", "One or several statuses, separated by commas")]).Produces<ExecutionListView>().Refuses(400);
        api.MapGet("/executions/{id}", Get).WithName("get_execution").WithSummary("One execution with its attempts").Needs(Scopes.ExecutionsRead)
            .Produces<ExecutionBody>().Refuses(404);
        api.MapPost("/executions/{id}/cancel", Cancel).WithName("cancel_execution").WithSummary("Stop an execution that waits, runs or is about to be retried").Needs(Scopes.ExecutionsWrite)
            .Produces<ExecutionBody>(202).Refuses(404, 409);
        api.MapPost("/executions/{id}/replay", Replay).WithName("replay_execution").TakesKey().WithSummary("Run an execution once more, as a new one").Needs(Scopes.ExecutionsWrite)
            .Produces<ExecutionBody>(202).Refuses(404, 409);
        api.MapGet("/executions/{id}/attempts/{n}/output", Output).WithName("get_output").WithSummary("The whole response of an attempt").Needs(Scopes.ExecutionsRead)
            .Produces(200, contentType: "application/octet-stream").Refuses(404);
        return api.MapOutputUpload();
    }

    private static IResult List(HttpContext http, LedgerQueries ledger, ReadSide reads)
    {
        var query = new Query(http);
        var statuses = ImmutableArray.CreateBuilder<ExecutionStatus>();
        foreach (var word in (query.Text("status") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Enum.GetValues<ExecutionStatus>().Cast<ExecutionStatus?>().FirstOrDefault(s => Word(s!.Value) == word) is { } status)
            {
                statuses.Add(status);
            }
            else
            {
                query.Fault("status", $"must be of {string.Join(", ", Enum.GetValues<ExecutionStatus>().Select(Word))}");
            }
        }

        return Page(http, query, reads, filter => ledger.List(filter with { Statuses = statuses.ToImmutable() }, query.Violations));
    }

    internal static IResult Page(HttpContext http, Query query, ReadSide reads, Func<ExecutionFilter, Page<ExecutionView>?> read)
    {
        JobId? job = null;
        if (query.Text("job") is { } text)
        {
            job = JobRequests.Resolve(http, text);
            if (job is null)
            {
                query.Fault("job", "is neither the id nor the name of a job");
            }
        }

        var filter = new ExecutionFilter(http.Tenant())
        {
            Job = job,
            From = query.Instant("from"),
            To = query.Instant("to"),
            Tag = query.Text("tag"),
            Limit = query.Limit(),
            Cursor = query.Text("cursor"),
        };
        if (query.Problem() is { } problem)
        {
            return problem;
        }

        var lag = reads.LagSeconds;
        return read(filter) is { } page
            ? Results.Json(new ExecutionListView([.. page.Items.Select(ExecutionBody.Of)], page.NextCursor, lag), ApiJson.Api.ExecutionListView)
            : query.Problem()!;
    }

    private static async Task<IResult> Get(HttpContext http, string id, ExecutionFinder executions, CancellationToken cancellation) =>
        ExecutionId.TryParse(id, out var execution) && await executions.Find(http, execution, cancellation) is { } found
            ? Results.Json(found, ApiJson.Api.ExecutionBody)
            : NoSuchExecution(id);

    private static async Task<IResult> Cancel(HttpContext http, string id, Regions regions, ExecutionFinder executions, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        if (!ExecutionId.TryParse(id, out var execution) || await executions.Find(http, execution, cancellation) is null)
        {
            return NoSuchExecution(id);
        }

        switch (await regions.Ask(new TimetableCommands.Cancel(execution.Job, execution, http.Principal()), cancellation))
        {
            case TimetableReplies.Live live:
                return Results.Json(ExecutionBody.Of(live.Execution), ApiJson.Api.ExecutionBody, statusCode: 202);
            case JobReplies.Refused { Rejection.Code: RejectionCode.NotFound }:
                // A slot that waited is gone without ever having been an execution; the rest has ended.
                return await executions.Find(http, execution, cancellation) is { Status: ExecutionStatus.Skipped or ExecutionStatus.Cancelled } gone
                    ? Results.Json(gone, ApiJson.Api.ExecutionBody, statusCode: 202)
                    : ProblemResult.Of(Rejection.Of(RejectionCode.Conflict, "the execution has ended already"));
            case JobReplies.Refused refused:
                return ProblemResult.Of(refused.Rejection);
            case var other:
                throw new InvalidOperationException($"a cancellation was answered by {other.GetType()}");
        }
    }

    private static async Task<IResult> Replay(HttpContext http, string id, JobRequests jobs, ExecutionFinder executions, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        if (!ExecutionId.TryParse(id, out var execution) || await executions.Find(http, execution, cancellation) is not { } original)
        {
            return NoSuchExecution(id);
        }

        var payload = original.Payload is { } value ? JobDocumentText.Compact(value) : null;
        return await jobs.Start(
            http,
            new JobCommands.Trigger(http.Tenant(), execution.Job, payload, TriggerForce.Override, ExecutionTrigger.Replay, id, http.Principal(), ask.Request),
            original.JobName, cancellation);
    }

    private static async Task<IResult> Output(HttpContext http, string id, string n, OutputFinder outputs, LedgerQueries ledger, CancellationToken cancellation)
    {
        if (!ExecutionId.TryParse(id, out var execution) || !int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var attempt))
        {
            return ProblemResult.NotFound($"there is no attempt '{n}' of '{id}'");
        }

        var (output, missing) = await outputs.Find(http.Tenant(), execution, attempt, cancellation);
        if (output is not null)
        {
            // The target chose the content type: a browser must neither run it nor guess another.
            http.Response.Headers.XContentTypeOptions = "nosniff";
            http.Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
            return Results.Bytes(output.Bytes, output.ContentType);
        }

        return ledger.Find(http.Tenant(), execution)?.Attempts.FirstOrDefault(a => a.Number == attempt)?.Excerpt is { } excerpt
            ? Results.Text(excerpt, "text/plain")
            : ProblemResult.NotFound($"there is no output of attempt {attempt} of '{id}'{(missing.IsEmpty ? "" : $"; {string.Join(", ", missing)} did not answer")}");
    }

    private static ProblemResult NoSuchExecution(string id) => ProblemResult.NotFound($"there is no execution '{(id.Length <= 100 ? id : id[..100])}'");

    private static string Word(ExecutionStatus status) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(status.ToString());
}

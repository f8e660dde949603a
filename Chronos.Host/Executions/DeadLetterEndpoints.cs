using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Actors.Projections;
using Chronos.Core.Contracts;
using Chronos.Core.Dispatching;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Host.Http;
using Chronos.Host.Jobs;

namespace Chronos.Host.Executions;

/// <summary>Executions that failed for good: understand them, run them once more, drop them.</summary>
internal static class DeadLetterEndpoints
{
    private const int UsualMany = 100;
    private const int MostMany = 1000;

    /// <summary>So many are under way at once: commits are shared.</summary>
    private const int Parallel = 16;

    private static readonly ExecutionStatus[] Final = [ExecutionStatus.Failed, ExecutionStatus.TimedOut, ExecutionStatus.Lost];

    public static RouteGroupBuilder MapDeadLetters(this RouteGroupBuilder api)
    {
        api.MapGet("/dead-letters", List).WithName("list_dead_letters").WithSummary("Executions that failed for good, newest first; open ones unless state says otherwise")
            .Needs(Scopes.ExecutionsRead)
            .Takes([
                .. ExecutionEndpoints.Filters, new("status", "string", "One or several of failed, timed_out, lost, separated by commas"),
                new("state", "string", $"One of {string.Join(", ", Enum.GetValues<DeadLetterState>().Select(Word))}; open if absent")])
            .Produces<ExecutionListView>().Refuses(400);
        api.MapGet("/dead-letters/{id}", Get).WithName("get_dead_letter").WithSummary("One dead letter with its attempts and what it was to send").Needs(Scopes.ExecutionsRead)
            .Produces<DeadLetterView>().Refuses(404);
        api.MapPost("/dead-letters/{id}/replay", Replay).WithName("replay_dead_letter").TakesKey().WithSummary("Run it once more, as a new execution, with its payload or another").Needs(Scopes.ExecutionsWrite)
            .TakesOptional<DeadLetterReplayBody>().Produces<ExecutionBody>(202).Refuses(400, 404, 409);
        api.MapPost("/dead-letters:replay", ReplayMany).WithName("replay_dead_letters").TakesKey().WithSummary("Run all open dead letters that match once more").Needs(Scopes.ExecutionsWrite)
            .TakesOptional<DeadLetterManyBody>().Produces<DeadLetterManyView>(202).Refuses(400);
        api.MapDelete("/dead-letters/{id}", Drop).WithName("drop_dead_letter").WithSummary("Nothing more is wanted of it; it stays in the ledger").Needs(Scopes.ExecutionsWrite)
            .Produces(204).Refuses(404, 409);
        api.MapPost("/dead-letters:drop", DropMany).WithName("drop_dead_letters").WithSummary("Drop all open dead letters that match").Needs(Scopes.ExecutionsWrite)
            .TakesOptional<DeadLetterManyBody>().Produces<DeadLetterManyView>().Refuses(400);
        return api;
    }

    private static IResult List(HttpContext http, LedgerQueries ledger, ReadSide reads)
    {
        var query = new Query(http);
        var statuses = Statuses(query.Text("status"), message => query.Fault("status", message));
        DeadLetterState? state = null;
        if (query.Text("state") is { } word)
        {
            state = Enum.GetValues<DeadLetterState>().Cast<DeadLetterState?>().FirstOrDefault(s => Word(s!.Value) == word);
            if (state is null)
            {
                query.Fault("state", $"must be one of {string.Join(", ", Enum.GetValues<DeadLetterState>().Select(Word))}");
            }
        }

        return ExecutionEndpoints.Page(http, query, reads, filter => ledger.DeadLetters(filter with { Statuses = statuses, DeadLetters = state }, query.Violations));
    }

    private static async Task<IResult> Get(HttpContext http, string id, Regions regions, ExecutionFinder executions, CancellationToken cancellation)
    {
        if (await Find(http, id, executions, cancellation) is not { } found)
        {
            return NoSuchDeadLetter(id);
        }

        DeadLetterRequestView? request = null;
        if (found.Revision is { } number
            && await regions.Ask(new JobCommands.GetRevisions(http.Tenant(), new JobId(found.JobId)), cancellation) is JobReplies.Revisions revisions
            && revisions.Items.FirstOrDefault(r => r.Revision == number) is { } revision)
        {
            request = new DeadLetterRequestView(number, JobDocument.ToElement(revision.Definition), found.Payload ?? Parse(revision.Definition.Payload));
        }

        return Results.Json(new DeadLetterView(found, request), ApiJson.Api.DeadLetterView);
    }

    private static async Task<IResult> Replay(HttpContext http, string id, JobRequests jobs, ExecutionFinder executions, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        var payload = Payload(ask);
        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        if (await Find(http, id, executions, cancellation) is not { } found)
        {
            return NoSuchDeadLetter(id);
        }

        return found.DeadLetter!.State is DeadLetterState.Dropped or DeadLetterState.Expired
            ? ProblemResult.Of(Rejection.Of(RejectionCode.Conflict, $"the dead letter is {Word(found.DeadLetter.State)}; POST /executions/{{id}}/replay runs it all the same"))
            : await jobs.Start(http, Again(http, found, payload, ask.Request), found.JobName, cancellation);
    }

    private static async Task<IResult> Drop(HttpContext http, string id, Regions regions, ExecutionFinder executions, ReadSide reads, CancellationToken cancellation)
    {
        if (new Query(http).Problem() is { } problem)
        {
            return problem;
        }

        if (await Find(http, id, executions, cancellation) is not { } found)
        {
            return NoSuchDeadLetter(id);
        }

        if (found.DeadLetter!.State != DeadLetterState.Dropped && await Write(http, found, regions, cancellation) is { } refusal)
        {
            return ProblemResult.Of(refusal);
        }

        await reads.CatchUp(cancellation);
        return Results.NoContent();
    }

    private static Task<IResult> ReplayMany(HttpContext http, JobRequests jobs, LedgerQueries ledger, ReadSide reads, CancellationToken cancellation) =>
        Many(http, ledger, reads, ask => Payload(ask), 202, async (found, payload, request) =>
        {
            // Each has a mark of its own, so that a request that is repeated starts none of them twice.
            var mark = request is null ? null : new RequestMark($"{request.Key}/{found.Id}", request.Fingerprint);
            return await jobs.Regions.Ask(Again(http, found, payload, mark), cancellation) switch
            {
                TimetableReplies.Started started => new DeadLetterDoneView(found.Id, found.JobName, started.Execution.Id.Value, null),
                JobReplies.Refused refused => new DeadLetterDoneView(found.Id, found.JobName, null, refused.Rejection.Message),
                var other => throw new InvalidOperationException($"a trigger was answered by {other.GetType()}"),
            };
        }, cancellation);

    private static Task<IResult> DropMany(HttpContext http, Regions regions, LedgerQueries ledger, ReadSide reads, CancellationToken cancellation) =>
        Many(http, ledger, reads, _ => null, 200, async (found, _, _) =>
            new DeadLetterDoneView(found.Id, found.JobName, null, (await Write(http, found, regions, cancellation))?.Message), cancellation);

    private static async Task<IResult> Many(
        HttpContext http, LedgerQueries ledger, ReadSide reads, Func<Asked, string?> payloadOf, int status,
        Func<ExecutionBody, string?, RequestMark?, Task<DeadLetterDoneView>> act, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        if (ask.Fields is not { } fields)
        {
            return ask.Problem()!;
        }

        var (job, tag, from, to) = (fields.Text("job", 200), fields.Text("tag", 400), fields.Instant("from"), fields.Instant("to"));
        var statuses = Statuses(fields.Text("status", 100), message => ask.Fault("status", message));
        var (all, dryRun) = (fields.Flag("all") == true, fields.Flag("dry_run") == true);
        var limit = fields.Whole("limit", 1, MostMany) ?? UsualMany;
        var payload = payloadOf(ask);
        var id = job is null ? null : JobRequests.Resolve(http, job);
        if (job is not null && id is null)
        {
            ask.Fault("job", "is neither the id nor the name of a job");
        }

        if (!all && job is null && tag is null && from is null && to is null && statuses.IsEmpty)
        {
            ask.Fault("all", "is needed where nothing says which are meant: give job, tag, status, from or to, or all: true");
        }

        var filter = new ExecutionFilter(http.Tenant()) { Job = id, Tag = tag, From = from, To = to, Statuses = statuses, Limit = PageLimits.Max };
        var found = new List<ExecutionBody>();
        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        // What ended a moment ago is meant too.
        await reads.CatchUp(cancellation);
        do
        {
            if (ledger.DeadLetters(filter, ask.Violations) is not { } page)
            {
                return ask.Problem()!;
            }

            found.AddRange(page.Items.Select(ExecutionBody.Of));
            filter = filter with { Cursor = page.NextCursor };
        }
        while (filter.Cursor is not null && found.Count <= limit);

        var meant = found.Take(limit).ToList();
        var done = new DeadLetterDoneView[meant.Count];
        if (dryRun)
        {
            done = [.. meant.Select(f => new DeadLetterDoneView(f.Id, f.JobName, null, null))];
        }
        else
        {
            await System.Threading.Tasks.Parallel.ForAsync(
                0, meant.Count, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellation },
                async (n, _) => done[n] = await act(meant[n], payload, ask.Request));
            await reads.CatchUp(cancellation);
        }

        var refused = done.Count(d => d.Error is not null);
        return Results.Json(
            new DeadLetterManyView(dryRun, meant.Count, dryRun ? 0 : meant.Count - refused, refused, found.Count > limit, [.. done]), ApiJson.Api.DeadLetterManyView, statusCode: status);
    }

    private static JobCommands.Trigger Again(HttpContext http, ExecutionBody found, string? payload, RequestMark? request) => new(
        http.Tenant(), new JobId(found.JobId), payload ?? (found.Payload is { } own ? JobDocumentText.Compact(own) : null), TriggerForce.Override, ExecutionTrigger.Replay, found.Id,
        http.Principal(), request);

    /// <summary>Writes down that it is dropped. Answers why not; null when it was.</summary>
    private static async Task<Rejection?> Write(HttpContext http, ExecutionBody found, Regions regions, CancellationToken cancellation) =>
        await regions.Ask(new TimetableCommands.DropDeadLetter(new JobId(found.JobId), new ExecutionId(found.Id), http.Principal()), cancellation) switch
        {
            TimetableReplies.Dropped => null,
            JobReplies.Refused refused => refused.Rejection,
            var other => throw new InvalidOperationException($"a drop was answered by {other.GetType()}"),
        };

    private static async Task<ExecutionBody?> Find(HttpContext http, string id, ExecutionFinder executions, CancellationToken cancellation) =>
        ExecutionId.TryParse(id, out var execution) && await executions.Find(http, execution, cancellation) is { DeadLetter: not null } found ? found : null;

    private static string? Payload(Asked ask)
    {
        if (ask.Fields?.Any("payload") is not { } payload)
        {
            return null;
        }

        var text = JobDocumentText.Compact(payload);
        if (text.Length > JobDocumentLimits.MaxPayloadBytes)
        {
            ask.Fault("payload", $"is larger than {JobDocumentLimits.MaxPayloadBytes / 1024} KB");
        }
        else
        {
            ProtocolSections.CheckPayload(payload, "payload", ask.Violations);
        }

        return text;
    }

    private static ImmutableArray<ExecutionStatus> Statuses(string? words, Action<string> fault)
    {
        var statuses = ImmutableArray.CreateBuilder<ExecutionStatus>();
        foreach (var word in (words ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Final.Cast<ExecutionStatus?>().FirstOrDefault(s => Word(s!.Value) == word) is { } status)
            {
                statuses.Add(status);
            }
            else
            {
                fault($"must be of {string.Join(", ", Final.Select(Word))}");
            }
        }

        return statuses.ToImmutable();
    }

    private static JsonElement? Parse(string? text)
    {
        if (text is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static ProblemResult NoSuchDeadLetter(string id) => ProblemResult.NotFound($"there is no dead letter '{(id.Length <= 100 ? id : id[..100])}'");
}

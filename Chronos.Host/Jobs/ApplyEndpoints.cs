using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Chronos.Actors.Projections;
using Chronos.Core.Contracts;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Host.Http;

namespace Chronos.Host.Jobs;

/// <summary>Declarative jobs: make the jobs of documents exist as the documents say, and write all of them out again.</summary>
internal static class ApplyEndpoints
{
    /// <summary>Many documents come at once; each of them is still bounded.</summary>
    private const long MaxBytes = 32L << 20;

    /// <summary>So many changes are under way at once: commits are shared, so one after another would waste them.</summary>
    private const int Parallel = 32;

    public static RouteGroupBuilder MapApply(this RouteGroupBuilder api)
    {
        api.MapPost("/jobs:apply", Apply).WithName("apply_jobs").WithSummary("Make jobs exist as documents say; nothing is done unless every document is valid").Needs(Scopes.JobsWrite)
            .Takes(QueryParameters.DryRun, new QueryParameter("prune", "boolean", "Also delete every job that no document names"))
            .Accepts<JobBody[]>("application/json", "application/yaml", "application/x-yaml", "text/yaml").Produces<ApplyView>().Refuses(400, 409, 413, 415);
        api.MapGet("/jobs:export", Export).WithName("export_jobs").WithSummary("Every job as a document that apply reads; YAML if asked for by Accept or format").Needs(Scopes.JobsRead)
            .Takes(new("tag", "string", "key, key:value or key=value"), new("format", "string", "json or yaml"))
            .Produces<JobBody[]>().Refuses(400);
        return api;
    }

    private static async Task<IResult> Apply(HttpContext http, JobRequests jobs, CatalogQueries catalog, ReadSide reads, CancellationToken cancellation)
    {
        var query = new Query(http);
        var (dryRun, prune) = (query.Flag("dry_run") == true, query.Flag("prune") == true);
        var body = await RequestBody.ReadDocuments(http, MaxBytes, cancellation);
        if (body.Fault is { } fault)
        {
            return ProblemResult.Of(fault);
        }

        // An empty pipe is a tool that failed, not the wish to delete every job.
        if (prune && body.Documents.IsEmpty)
        {
            query.Fault("prune", "needs at least one document: with none it would delete every job");
        }

        if (query.Problem() is { } problem)
        {
            return problem;
        }

        var (definitions, faults) = ReadAll(body.Documents);
        if (faults.IsEmpty)
        {
            faults = [.. await MissingCalendars(http, jobs, definitions, cancellation)];
        }

        if (!faults.IsEmpty)
        {
            var documents = faults.Select(f => f.Document).Distinct().Count();
            return new ProblemResult(Problem.Of("validation_failed", 400, $"nothing was applied: {documents} of {body.Documents.Length} documents are wrong; {faults[0].Field}: {faults[0].Message}") with { Errors = faults });
        }

        var surplus = ImmutableArray<JobRow>.Empty;
        if (prune)
        {
            // Only a complete catalog can say what is surplus.
            if (!await reads.CatchUp(cancellation))
            {
                return ProblemResult.Of(Rejection.Of(RejectionCode.Unavailable, "the catalog is not complete at present, so what to prune is not known; nothing was applied"));
            }

            var named = definitions.Select(d => d.Name).ToHashSet(StringComparer.Ordinal);
            surplus = [.. catalog.AllDefinitions(http.Tenant()).Where(row => !named.Contains(row.Job.Definition.Name))];
        }

        var applied = await InParallel(definitions, (definition, index) => ApplyOne(http, jobs, definition, index, dryRun, cancellation), cancellation);
        var deleted = await InParallel(surplus, (row, _) => DeleteOne(http, jobs, row, dryRun, cancellation), cancellation);
        var refused = applied.Concat(deleted).FirstOrDefault(o => o.Refusal is not null).Refusal;
        if (refused is not null)
        {
            return ProblemResult.Of(refused);
        }

        ImmutableArray<ApplyResultView> results = [.. applied.Concat(deleted).Select(o => o.Result!)];
        int Count(ApplyAction action) => results.Count(r => r.Action == action);
        return Results.Json(
            new ApplyView(dryRun, results, Count(ApplyAction.Created), Count(ApplyAction.Updated), Count(ApplyAction.Unchanged), Count(ApplyAction.Deleted)),
            ApiJson.Api.ApplyView);
    }

    private static async Task<IResult> Export(HttpContext http, CatalogQueries catalog, ReadSide reads, CancellationToken cancellation)
    {
        var query = new Query(http);
        var (tag, format) = (query.Text("tag"), query.Text("format"));
        if (format is not (null or "json" or "yaml"))
        {
            query.Fault("format", "must be json or yaml");
        }

        if (query.Problem() is { } problem)
        {
            return problem;
        }

        // What was applied a moment ago belongs to it.
        await reads.CatchUp(cancellation);
        var rows = catalog.AllDefinitions(http.Tenant()).Where(row => tag is null || HasTag(row.Job.Definition, tag)).OrderBy(r => r.Job.Definition.Name, StringComparer.Ordinal);
        var yaml = format == "yaml" || (format is null && http.Request.Headers.Accept.ToString().Contains("yaml", StringComparison.OrdinalIgnoreCase));
        if (!yaml)
        {
            return Results.Text($"[{string.Join(",\n", rows.Select(r => r.Document))}]", "application/json", Encoding.UTF8);
        }

        using var text = new StringWriter();
        JobDocumentYamlWriter.Write(text, rows.Select(r => Parse(r.Document)));
        return Results.Text(text.ToString(), "application/yaml", Encoding.UTF8);
    }

    private static (ImmutableArray<JobDefinition> Definitions, ImmutableArray<ProblemError> Faults) ReadAll(ImmutableArray<JsonElement> documents)
    {
        var definitions = ImmutableArray.CreateBuilder<JobDefinition>();
        var faults = ImmutableArray.CreateBuilder<ProblemError>();
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var index = 0; index < documents.Length; index++)
        {
            var violations = new List<Violation>();
            var definition = JobDocument.Read(documents[index], violations);
            if (definition is not null && !names.TryAdd(definition.Name, index))
            {
                violations.Add(new Violation("name", $"'{definition.Name}' is also the name of document {names[definition.Name]}"));
            }

            faults.AddRange(violations.Select(v => new ProblemError(v.Field.Length == 0 ? $"documents[{index}]" : $"documents[{index}].{v.Field}", v.Message)
            {
                Document = index,
                Name = NameOf(documents[index]),
            }));
            if (definition is not null)
            {
                definitions.Add(definition);
            }
        }

        return (definitions.ToImmutable(), faults.ToImmutable());
    }

    /// <summary>Each calendar is asked once, however many documents list it.</summary>
    private static async Task<IEnumerable<ProblemError>> MissingCalendars(HttpContext http, JobRequests jobs, ImmutableArray<JobDefinition> definitions, CancellationToken cancellation)
    {
        var exists = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var name in definitions.SelectMany(d => d.Schedule?.Calendars ?? []).Distinct(StringComparer.Ordinal))
        {
            exists[name] = await jobs.Calendars.Find(http.Tenant(), name, cancellation) is not null;
        }

        // No document had another fault, so the definitions are the documents in their order.
        return definitions.SelectMany((d, index) => (d.Schedule?.Calendars ?? []).Select((name, i) => (d, index, name, i))).Where(x => !exists[x.name])
            .Select(x => new ProblemError($"documents[{x.index}].schedule.calendars[{x.i}]", $"calendar '{x.name}' does not exist") { Document = x.index, Name = x.d.Name });
    }

    private static async Task<Outcome> ApplyOne(HttpContext http, JobRequests jobs, JobDefinition wanted, int index, bool dryRun, CancellationToken cancellation)
    {
        var id = JobId.For(http.Tenant(), wanted.Name);
        ApplyResultView Result(ApplyAction action, JobDefinition? old) =>
            new(index, wanted.Name, id.Value, action, action == ApplyAction.Updated ? ChangeView.Between(old!, wanted) : null);

        if (await jobs.Regions.Ask(new JobCommands.Get(http.Tenant(), id), cancellation) is not JobReplies.Accepted { Job: var job })
        {
            return dryRun
                ? new Outcome(Result(ApplyAction.Created, null), null)
                : await Done(jobs, new JobCommands.Create(http.Tenant(), id, wanted, http.Principal(), null), Result(ApplyAction.Created, null), cancellation);
        }

        if (job.Definition == wanted)
        {
            return new Outcome(Result(ApplyAction.Unchanged, job.Definition), null);
        }

        var updated = Result(ApplyAction.Updated, job.Definition);
        return dryRun
            ? new Outcome(updated, null)
            : await Done(jobs, new JobCommands.Replace(http.Tenant(), id, wanted, "apply", http.Principal(), null, null), updated, cancellation);
    }

    private static async Task<Outcome> DeleteOne(HttpContext http, JobRequests jobs, JobRow row, bool dryRun, CancellationToken cancellation)
    {
        var result = new ApplyResultView(null, row.Job.Definition.Name, row.Job.Id.Value, ApplyAction.Deleted, null);
        return dryRun ? new Outcome(result, null) : await Done(jobs, new JobCommands.Delete(http.Tenant(), row.Job.Id, http.Principal(), null, null), result, cancellation);
    }

    private static async Task<Outcome> Done(JobRequests jobs, IJobChange change, ApplyResultView result, CancellationToken cancellation) =>
        await jobs.Regions.Ask(change, cancellation) is JobReplies.Refused refused ? new Outcome(null, refused.Rejection) : new Outcome(result, null);

    private static async Task<Outcome[]> InParallel<T>(ImmutableArray<T> items, Func<T, int, Task<Outcome>> act, CancellationToken cancellation)
    {
        var outcomes = new Outcome[items.Length];
        await System.Threading.Tasks.Parallel.ForEachAsync(
            Enumerable.Range(0, items.Length), new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellation },
            async (index, _) => outcomes[index] = await act(items[index], index));
        return outcomes;
    }

    private static bool HasTag(JobDefinition job, string tag)
    {
        var split = tag.IndexOfAny([':', '=']);
        return split < 0 ? job.Tags.ContainsKey(tag) : job.Tags.TryGetValue(tag[..split], out var value) && value == tag[(split + 1)..];
    }

    private static string? NameOf(JsonElement document) =>
        document.ValueKind == JsonValueKind.Object && document.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String && JobDocumentText.IsSound(name, [])
            ? name.GetString() is { Length: <= 100 } text ? text : null
            : null;

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private readonly record struct Outcome(ApplyResultView? Result, Rejection? Refusal);
}

using System.Text.Json;
using Chronos.Actors.Projections;
using Chronos.Core.Contracts;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Host.Http;

namespace Chronos.Host.Jobs;

/// <summary>What a job is: create, read, replace, patch, delete.</summary>
internal static class JobEndpoints
{
    /// <summary>In each round somebody gets through, so this many may change one job at once.</summary>
    private const int PatchRounds = 64;

    public static RouteGroupBuilder MapJobs(this RouteGroupBuilder api)
    {
        api.MapPost("/jobs", Create).WithName("create_job").WithSummary("Create a job").Takes(QueryParameters.DryRun).TakesKey().Needs(Scopes.JobsWrite)
            .Accepts<JobBody>("application/json", "application/yaml").Produces<JobView>(201).Produces<DryRunView>().Refuses(400, 409, 413, 415);
        api.MapGet("/jobs", List).WithName("list_jobs").WithSummary("List jobs").Needs(Scopes.JobsRead)
            .Takes(QueryParameters.Limit, QueryParameters.Cursor,
                new("q", "string", "Words that name, description, owner or tags must have; each is a prefix"),
                new("tag", "string", "key, key:value or key=value"), new("enabled", "boolean", "Only enabled, or only disabled jobs"),
                new("sort", "string", "name, created_at or updated_at; - in front turns the order round"))
            .Produces<JobListView>().Refuses(400);
        api.MapGet("/jobs/{id}", Get).WithName("get_job").WithSummary("One job, by id or name").Needs(Scopes.JobsRead).Produces<JobView>().Refuses(404);
        api.MapPut("/jobs/{id}", Replace).WithName("replace_job").WithSummary("Replace a job's document").Takes(QueryParameters.DryRun).TakesKey().Needs(Scopes.JobsWrite)
            .Accepts<JobBody>("application/json", "application/yaml").Produces<JobView>().Refuses(400, 404, 409, 412, 413, 415);
        api.MapPatch("/jobs/{id}", Patch).WithName("patch_job").WithSummary("Change some fields of a job (JSON merge patch)").Takes(QueryParameters.DryRun).TakesKey().Needs(Scopes.JobsWrite)
            .Accepts<JobBody>("application/merge-patch+json", "application/json").Produces<JobView>().Refuses(400, 404, 409, 412, 413, 415);
        api.MapDelete("/jobs/{id}", Delete).WithName("delete_job").WithSummary("Delete a job").TakesKey().Needs(Scopes.JobsWrite).Produces(204).Refuses(400, 404, 409, 412);
        return api;
    }

    private static async Task<IResult> Create(HttpContext http, JobRequests jobs, CancellationToken cancellation)
    {
        var query = new Query(http);
        var dryRun = query.Flag("dry_run") == true;
        var body = await RequestBody.ReadObject(http, EmptyBody.Refused, cancellation);
        var request = body.Mark(http, query.Violations);
        if (body.Fault is { } fault)
        {
            return ProblemResult.Of(fault);
        }

        if (query.Problem() is { } problem)
        {
            return problem;
        }

        var (definition, refusal) = JobRequests.Read(body.Json);
        if (definition is null)
        {
            return refusal!;
        }

        if (await jobs.Calendars.Refusal(http, definition, cancellation) is { } missing)
        {
            return missing;
        }

        var id = JobId.For(http.Tenant(), definition.Name);
        if (dryRun)
        {
            return await jobs.Regions.Ask(new JobCommands.Get(http.Tenant(), id), cancellation) is JobReplies.Accepted
                ? ProblemResult.Of(Rejection.Of(RejectionCode.AlreadyExists, $"a job named '{definition.Name}' exists already"))
                : WouldChange(ApplyAction.Created, null, definition);
        }

        var reply = await jobs.Regions.Ask(new JobCommands.Create(http.Tenant(), id, definition, http.Principal(), request), cancellation);
        if (reply is not JobReplies.Accepted accepted)
        {
            return ProblemResult.Of(((JobReplies.Refused)reply).Rejection);
        }

        http.Response.Headers.Location = $"/api/v1/jobs/{id}";
        return new WithStatus(201, await jobs.Show(http, accepted, cancellation));
    }

    private static async Task<IResult> List(HttpContext http, CatalogQueries catalog, ReadSide reads, JobViews views, CancellationToken cancellation)
    {
        var query = new Query(http);
        var filter = new JobFilter(http.Tenant())
        {
            Text = query.Text("q"),
            Tag = query.Text("tag"),
            Enabled = query.Flag("enabled"),
            Sort = query.Text("sort"),
            Limit = query.Limit(),
            Cursor = query.Text("cursor"),
        };
        if (query.Problem() is { } problem)
        {
            return problem;
        }

        var lag = reads.LagSeconds;
        var page = catalog.List(filter, query.Violations);
        return page is null
            ? query.Problem()!
            : Results.Json(new JobListView(await views.Of(page.Items, cancellation), page.NextCursor, lag), ApiJson.Api.JobListView);
    }

    private static async Task<IResult> Get(HttpContext http, string id, JobRequests jobs, CancellationToken cancellation)
    {
        if (new Query(http).Problem() is { } problem)
        {
            return problem;
        }

        var (job, refusal) = await jobs.Find(http, id, cancellation);
        if (job is null)
        {
            return refusal!;
        }

        Conditions.SetTag(http, job.Version);
        return Conditions.IsKnown(http, job.Version) ? Results.StatusCode(304) : Results.Json(await jobs.Views.Of(job, cancellation), ApiJson.Api.JobView);
    }

    private static async Task<IResult> Replace(HttpContext http, string id, JobRequests jobs, CancellationToken cancellation)
    {
        var query = new Query(http);
        var dryRun = query.Flag("dry_run") == true;
        var body = await RequestBody.ReadObject(http, EmptyBody.Refused, cancellation);
        var request = body.Mark(http, query.Violations);
        if (body.Fault is { } fault)
        {
            return ProblemResult.Of(fault);
        }

        if (query.Problem() is { } problem)
        {
            return problem;
        }

        // What a GET answered may be changed and sent back: the members that the server made are not the caller's to change.
        return await Change(http, id, jobs, "replace", dryRun, dryRun ? null : request, _ => WithoutServerMade(body.Json), cancellation);
    }

    private static async Task<IResult> Patch(HttpContext http, string id, JobRequests jobs, CancellationToken cancellation)
    {
        var query = new Query(http);
        var dryRun = query.Flag("dry_run") == true;
        var body = await RequestBody.ReadObject(http, EmptyBody.Refused, cancellation);
        var request = body.Mark(http, query.Violations);
        if (body.Fault is { } fault)
        {
            return ProblemResult.Of(fault);
        }

        return query.Problem() is { } problem
            ? problem
            : await Change(http, id, jobs, "patch", dryRun, dryRun ? null : request, job => JobDocumentPatch.Apply(JobDocument.ToElement(job.Definition), body.Json), cancellation);
    }

    /// <summary>Reads the job, makes the new document of it, and writes that if nobody was faster; without <c>If-Match</c> it tries again.</summary>
    private static async Task<IResult> Change(
        HttpContext http, string id, JobRequests jobs, string reason, bool dryRun, RequestMark? request, Func<JobSnapshot, JsonElement> make, CancellationToken cancellation)
    {
        for (var round = 1; ; round++)
        {
            var (job, answer) = await jobs.Find(http, id, request, before => jobs.Show(http, before, cancellation), cancellation);
            if (job is null)
            {
                return answer!;
            }

            var wanted = Conditions.IfMatch(http, job.Version);
            if (wanted is { } version && version != job.Version)
            {
                return ProblemResult.Of(Rejection.Of(RejectionCode.PreconditionFailed, $"the job is at version {job.Version}"));
            }

            var (definition, fault) = JobRequests.Read(make(job));
            if (definition is null)
            {
                return fault!;
            }

            if (await jobs.Calendars.Refusal(http, definition, cancellation) is { } missing)
            {
                return missing;
            }

            if (definition.Name != job.Definition.Name)
            {
                return ProblemResult.Of(Rejection.Invalid("name", $"the name of a job cannot change (it is '{job.Definition.Name}'); create another job"));
            }

            if (dryRun)
            {
                return WouldChange(definition == job.Definition ? ApplyAction.Unchanged : ApplyAction.Updated, job.Definition, definition);
            }

            var reply = await jobs.Regions.Ask(new JobCommands.Replace(http.Tenant(), job.Id, definition, reason, http.Principal(), request, job.Version), cancellation);
            switch (reply)
            {
                case JobReplies.Accepted accepted:
                    return await jobs.Show(http, accepted, cancellation);
                case JobReplies.Refused { Rejection.Code: RejectionCode.PreconditionFailed } when wanted is null && round < PatchRounds:
                    continue;
                case JobReplies.Refused { Rejection.Code: RejectionCode.PreconditionFailed } when wanted is null:
                    return ProblemResult.Of(Rejection.Of(RejectionCode.Conflict, "others change the job all the time; nothing was changed"));
                case JobReplies.Refused refused:
                    return ProblemResult.Of(refused.Rejection);
                default:
                    throw new InvalidOperationException($"a job answered {reply.GetType()}");
            }
        }
    }

    private static async Task<IResult> Delete(HttpContext http, string id, JobRequests jobs, CancellationToken cancellation)
    {
        var query = new Query(http);
        var request = RequestBody.None.Mark(http, query.Violations);
        if (query.Problem() is { } problem)
        {
            return problem;
        }

        var (job, answer) = await jobs.Find(http, id, request, before => Task.FromResult(Gone(http, before)), cancellation);
        if (job is null)
        {
            return answer!;
        }

        return await jobs.Regions.Ask(new JobCommands.Delete(http.Tenant(), job.Id, http.Principal(), request, Conditions.IfMatch(http, job.Version)), cancellation) switch
        {
            JobReplies.Accepted accepted => Gone(http, accepted),
            JobReplies.Refused refused => ProblemResult.Of(refused.Rejection),
            var other => throw new InvalidOperationException($"a job answered {other.GetType()}"),
        };
    }

    private static IResult Gone(HttpContext http, JobReplies.Accepted accepted)
    {
        JobRequests.SayIfRepeated(http, accepted);
        return Results.NoContent();
    }

    private static IResult WouldChange(ApplyAction action, JobDefinition? old, JobDefinition now) => Results.Json(
        new DryRunView(action, old is null ? [] : ChangeView.Between(old, now), JobDocument.ToElement(now)), ApiJson.Api.DryRunView);

    private static JsonElement WithoutServerMade(JsonElement document)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var member in document.EnumerateObject().Where(m => !JobViews.ServerMade.Contains(m.Name)))
            {
                member.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        using var rest = JsonDocument.Parse(buffer.ToArray());
        return rest.RootElement.Clone();
    }
}

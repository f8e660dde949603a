using System.Collections.Immutable;
using System.Globalization;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Host.Http;

namespace Chronos.Host.Jobs;

/// <summary>The immutable revisions of a job: list, read, compare, go back to.</summary>
internal static class RevisionEndpoints
{
    public static RouteGroupBuilder MapRevisions(this RouteGroupBuilder api)
    {
        api.MapGet("/jobs/{id}/versions", List).WithName("list_job_versions").WithSummary("Revisions of a job, newest first").Needs(Scopes.JobsRead)
            .Takes(QueryParameters.Limit, QueryParameters.Cursor).Produces<RevisionListView>().Refuses(400, 404);
        api.MapGet("/jobs/{id}/versions/{n}", Get).WithName("get_job_version").WithSummary("One revision with its document").Needs(Scopes.JobsRead)
            .Produces<RevisionView>().Refuses(404);
        api.MapGet("/jobs/{id}/versions/{a}/diff/{b}", Diff).WithName("diff_job_versions").WithSummary("What changed between two revisions").Needs(Scopes.JobsRead)
            .Produces<DiffView>().Refuses(404);
        api.MapPost("/jobs/{id}/rollback/{n}", Rollback).WithName("rollback_job").WithSummary("Make an old revision the current one, as a new revision").TakesKey().Needs(Scopes.JobsWrite)
            .Produces<JobView>().Refuses(400, 404, 409, 412);
        return api;
    }

    private static async Task<IResult> List(HttpContext http, string id, JobRequests jobs, CancellationToken cancellation)
    {
        var query = new Query(http);
        var limit = query.Limit();
        var before = int.MaxValue;
        if (query.Text("cursor") is { } cursor && !int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            query.Fault("cursor", "is not one that this list gave");
        }

        if (query.Problem() is { } problem)
        {
            return problem;
        }

        var (revisions, refusal) = await All(http, id, jobs, cancellation);
        if (refusal is not null)
        {
            return refusal;
        }

        var page = revisions.Where(r => r.Revision < before).OrderByDescending(r => r.Revision).Take(limit + 1).ToList();
        var next = page.Count > limit ? page[limit - 1].Revision.ToString(CultureInfo.InvariantCulture) : null;
        return Results.Json(new RevisionListView([.. page.Take(limit).Select(JobViews.Of)], next), ApiJson.Api.RevisionListView);
    }

    private static async Task<IResult> Get(HttpContext http, string id, string n, JobRequests jobs, CancellationToken cancellation)
    {
        var (revisions, refusal) = await All(http, id, jobs, cancellation);
        return refusal ?? (Find(revisions, n) is { } revision
            ? Results.Json(JobViews.Of(revision), ApiJson.Api.RevisionView)
            : NoSuchRevision(n));
    }

    private static async Task<IResult> Diff(HttpContext http, string id, string a, string b, JobRequests jobs, CancellationToken cancellation)
    {
        var (revisions, refusal) = await All(http, id, jobs, cancellation);
        if (refusal is not null)
        {
            return refusal;
        }

        return (Find(revisions, a), Find(revisions, b)) switch
        {
            (null, _) => NoSuchRevision(a),
            (_, null) => NoSuchRevision(b),
            var (from, to) => Results.Json(new DiffView(from!.Revision, to!.Revision, ChangeView.Between(from.Definition, to.Definition)), ApiJson.Api.DiffView),
        };
    }

    private static async Task<IResult> Rollback(HttpContext http, string id, string n, JobRequests jobs, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        if (ask.Request is not null && await jobs.Find(http, id, ask.Request, before => jobs.Show(http, before, cancellation), cancellation) is { Job: null, Answer: var answer })
        {
            return answer!;
        }

        var (revisions, refusal) = await All(http, id, jobs, cancellation);
        if (refusal is not null)
        {
            return refusal;
        }

        // A calendar that the old revision listed may be gone.
        if (Find(revisions, n) is { } target && await jobs.Calendars.Refusal(http, target.Definition, cancellation) is { } missing)
        {
            return missing;
        }

        return Number(n) is { } revision
            ? await JobStateEndpoints.Change(http, id, jobs, (job, ifMatch) =>
                new JobCommands.Rollback(http.Tenant(), job, revision, http.Principal(), ask.Request, ifMatch), cancellation)
            : NoSuchRevision(n);
    }

    private static async Task<(ImmutableArray<JobRevision> Revisions, IResult? Refusal)> All(HttpContext http, string id, JobRequests jobs, CancellationToken cancellation)
    {
        if (JobRequests.Resolve(http, id) is not { } job)
        {
            return ([], JobRequests.NoSuchJob(id));
        }

        return await jobs.Regions.Ask(new JobCommands.GetRevisions(http.Tenant(), job), cancellation) is JobReplies.Revisions revisions
            ? (revisions.Items, null)
            : ([], JobRequests.NoSuchJob(id));
    }

    private static JobRevision? Find(ImmutableArray<JobRevision> revisions, string n) => Number(n) is { } number ? revisions.FirstOrDefault(r => r.Revision == number) : null;

    private static int? Number(string n) => int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static ProblemResult NoSuchRevision(string n) => ProblemResult.NotFound($"the job has no revision '{(n.Length <= 20 ? n : n[..20])}'");
}

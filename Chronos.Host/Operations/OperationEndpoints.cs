using System.Collections.Immutable;
using Chronos.Actors.Projections;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Host.Http;
using Chronos.Host.Jobs;

namespace Chronos.Host.Operations;

/// <summary>Body of <c>backfill</c>.</summary>
internal sealed record BackfillBody(DateTimeOffset From, DateTimeOffset To, int? MaxConcurrent, bool? DryRun);

/// <summary>What a backfill would do.</summary>
internal sealed record BackfillPlanView(DateTimeOffset From, DateTimeOffset To, long Total)
{
    public bool DryRun { get; } = true;
}

/// <summary>A backfill with its progress.</summary>
internal sealed record OperationView(
    string Operation, string Kind, string JobId, DateTimeOffset From, DateTimeOffset To, int MaxConcurrent, string Status,
    long Total, long Started, long Succeeded, long Failed, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt, string? Reason)
{
    public static OperationView Of(TimetableReplies.BackfillView b) => new(
        b.Operation, "backfill", b.Job.Value, b.From, b.To, b.MaxConcurrent, b.Status, b.Total, b.Started, b.Succeeded, b.Failed, b.CreatedAt, b.EndedAt, b.Reason);
}

/// <summary>The backfills of a job, newest first.</summary>
internal sealed record OperationListView(ImmutableArray<OperationView> Items);

/// <summary>What takes a while: backfills, with progress, and cancellable.</summary>
internal static class OperationEndpoints
{
    private const int MaxConcurrent = 1000;

    public static RouteGroupBuilder MapOperations(this RouteGroupBuilder api)
    {
        api.MapPost("/jobs/{id}/backfill", Start).WithName("backfill_job").WithSummary("Run every slot of a range anew").TakesKey().Needs(Scopes.ExecutionsWrite)
            .Accepts<BackfillBody>("application/json").Produces<OperationView>(202).Produces<BackfillPlanView>().Refuses(400, 404, 409, 415);
        api.MapGet("/jobs/{id}/backfills", List).WithName("list_backfills").WithSummary("The backfills of a job, newest first").Needs(Scopes.ExecutionsRead)
            .Produces<OperationListView>().Refuses(404);
        api.MapGet("/operations/{id}", Get).WithName("get_operation").WithSummary("How far an operation is").Needs(Scopes.ExecutionsRead).Produces<OperationView>().Refuses(404);
        api.MapPost("/operations/{id}/cancel", Cancel).WithName("cancel_operation").WithSummary("Start no more runs, and stop those that run").Needs(Scopes.ExecutionsWrite)
            .Produces<OperationView>().Refuses(404);
        return api;
    }

    private static async Task<IResult> Start(HttpContext http, string id, JobRequests jobs, TimeProvider time, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        var from = Required(ask, "from");
        var to = Required(ask, "to");
        var concurrent = ask.Fields?.Whole("max_concurrent", 1, MaxConcurrent) ?? 1;
        var dryRun = ask.Fields?.Flag("dry_run") == true;
        if (from >= to)
        {
            ask.Fault("to", "must be after from");
        }

        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        var (job, refusal) = await jobs.Find(http, id, cancellation);
        if (job is null)
        {
            return refusal!;
        }

        if (dryRun)
        {
            var schedule = JobViews.ScheduleOf(job, await jobs.Calendars.Lookup(http.Tenant(), job.Definition.Schedule, cancellation));
            var (total, reason) = Timetable.SlotsToFill(schedule, from!.Value, to!.Value, time.GetUtcNow());
            return reason is not null
                ? ProblemResult.Of(reason)
                : Results.Json(new BackfillPlanView(from.Value, to.Value, total), ApiJson.Api.BackfillPlanView);
        }

        return await jobs.Regions.Ask(new TimetableCommands.StartBackfill(job.Id, from!.Value, to!.Value, concurrent, http.Principal(), ask.Request), cancellation) switch
        {
            TimetableReplies.BackfillView view => Accepted(http, view),
            JobReplies.Refused refused => ProblemResult.Of(refused.Rejection),
            var other => throw new InvalidOperationException($"a backfill was answered by {other.GetType()}"),
        };
    }

    private static async Task<IResult> List(HttpContext http, string id, JobRequests jobs, LedgerQueries ledger, ReadSide reads, CancellationToken cancellation)
    {
        var (job, refusal) = await jobs.Find(http, id, cancellation);
        if (job is null)
        {
            return refusal!;
        }

        await reads.CatchUp(cancellation);
        return Results.Json(new OperationListView([.. ledger.Backfills(http.Tenant(), job.Id).Select(OperationView.Of)]), ApiJson.Api.OperationListView);
    }

    private static async Task<IResult> Get(HttpContext http, string id, Regions regions, LedgerQueries ledger, ReadSide reads, CancellationToken cancellation)
    {
        if (JobOf(id) is not { } job)
        {
            return NoSuchOperation(id);
        }

        if (await regions.Ask(new TimetableCommands.GetBackfill(job, id), cancellation) is TimetableReplies.BackfillView view)
        {
            return Results.Json(OperationView.Of(view), ApiJson.Api.OperationView);
        }

        // A timetable forgets old backfills; the ledger does not.
        await reads.CatchUp(cancellation);
        return ledger.Backfills(http.Tenant(), job).FirstOrDefault(b => b.Operation == id) is { } past
            ? Results.Json(OperationView.Of(past), ApiJson.Api.OperationView)
            : NoSuchOperation(id);
    }

    private static async Task<IResult> Cancel(HttpContext http, string id, Regions regions, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        return JobOf(id) is { } job && await regions.Ask(new TimetableCommands.CancelBackfill(job, id, http.Principal()), cancellation) is TimetableReplies.BackfillView view
            ? Results.Json(OperationView.Of(view), ApiJson.Api.OperationView)
            : NoSuchOperation(id);
    }

    private static IResult Accepted(HttpContext http, TimetableReplies.BackfillView view)
    {
        http.Response.Headers.Location = $"/api/v1/operations/{Uri.EscapeDataString(view.Operation)}";
        if (view.Replayed)
        {
            http.Response.Headers["Idempotent-Replayed"] = "true";
        }

        return Results.Json(OperationView.Of(view), ApiJson.Api.OperationView, statusCode: 202);
    }

    private static DateTimeOffset? Required(Asked ask, string name)
    {
        if (ask.Fields is { } fields && !fields.Has(name))
        {
            fields.Any(name);
            ask.Fault(name, "is missing");
            return null;
        }

        return ask.Fields?.Instant(name);
    }

    /// <summary>The id of an operation begins with that of its job.</summary>
    private static JobId? JobOf(string operation) =>
        operation.Length > JobId.Length && operation[JobId.Length] == '~' && JobId.TryParse(operation[..JobId.Length], out var job) ? job : null;

    private static ProblemResult NoSuchOperation(string id) => ProblemResult.NotFound($"there is no operation '{(id.Length <= 100 ? id : id[..100])}'");
}

using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Actors.Calendars;
using Chronos.Actors.Projections;
using Chronos.Core.Contracts;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Host.Http;

namespace Chronos.Host.Jobs;

/// <summary>The answer of <c>why</c>.</summary>
internal sealed record WhyView(
    string JobId, string JobName, DateTimeOffset At, string Disposition, string? Reason, string Sentence,
    string? ExecutionId, ExecutionStatus? Status, double? LatenessMs, DateTimeOffset? NearestBefore, DateTimeOffset? NearestAfter);

/// <summary>The disposition of a slot, or of a range of slots that were not run for one reason.</summary>
internal sealed record SlotItemView(
    DateTimeOffset At, string Disposition, SkipReason? Reason, string? Detail, string? ExecutionId, ExecutionStatus? Status, double? LatenessMs,
    DateTimeOffset? DecidedAt, DateTimeOffset? First, DateTimeOffset? Last, long Count);

/// <summary>A page of slots, oldest first.</summary>
internal sealed record SlotListView(ImmutableArray<SlotItemView> Items, string? NextCursor, double LagSeconds);

/// <summary>A stretch in which neither schedule nor state of a job changed.</summary>
internal sealed record PlanIntervalView(DateTimeOffset From, DateTimeOffset? To, PlanPhase Phase, string? Reason, JsonElement? Schedule, string Timezone, int Revision, string By);

/// <summary>The history of a job's plan, oldest first.</summary>
internal sealed record PlanHistoryView(ImmutableArray<PlanIntervalView> Items, double LagSeconds);

/// <summary>The slot ledger: what became of each slot, and why.</summary>
internal static class SlotEndpoints
{
    public static RouteGroupBuilder MapSlots(this RouteGroupBuilder api)
    {
        api.MapGet("/jobs/{id}/why", Why).WithName("explain_slot").WithSummary("What became of a slot, in one sentence").Needs(Scopes.ExecutionsRead)
            .Takes(new QueryParameter("at", "string/date-time", "The nominal time")).Produces<WhyView>().Refuses(400, 404);
        api.MapGet("/jobs/{id}/slots", List).WithName("list_slots").WithSummary("The slots of a job with their dispositions, oldest first").Needs(Scopes.ExecutionsRead)
            .Takes(QueryParameters.From, QueryParameters.To, QueryParameters.Limit, QueryParameters.Cursor).Produces<SlotListView>().Refuses(400, 404);
        api.MapGet("/jobs/{id}/plans", Plans).WithName("list_plans").WithSummary("How schedule and state of a job changed, oldest first").Needs(Scopes.JobsRead)
            .Produces<PlanHistoryView>().Refuses(404);
        return api;
    }

    private static async Task<IResult> Why(
        HttpContext http, string id, JobRequests jobs, LedgerQueries ledger, ReadSide reads, CalendarDirectory calendars, TimeProvider time, CancellationToken cancellation)
    {
        var query = new Query(http);
        var at = query.Instant("at");
        if (at is null && query.Violations.Count == 0)
        {
            query.Fault("at", "is missing");
        }

        if (query.Problem() is { } problem)
        {
            return problem;
        }

        if (JobRequests.Resolve(http, id) is not { } job)
        {
            return JobRequests.NoSuchJob(id);
        }

        // The plan first: what it has decided is in the journal by then, and the ledger is waited for up to that point.
        var plan = await jobs.Regions.Ask(new TimetableCommands.GetPlan(job), cancellation) as TimetableReplies.Plan;
        await reads.CatchUp(cancellation);
        var history = ledger.PlanHistory(http.Tenant(), job);
        var name = await Name(http, job, id, jobs, history, cancellation);
        if (name is null)
        {
            return JobRequests.NoSuchJob(id);
        }

        var slot = ledger.DispositionOf(http.Tenant(), job, at!.Value);
        var (before, after) = slot is null && history.Any(i => i.Schedule is { AfterCompletion: true }) ? ledger.SlotsBeside(http.Tenant(), job, at.Value) : default;
        var answer = WhySentence.Of(new WhyQuestion(http.Tenant(), name, at.Value, time.GetUtcNow(), history, slot, plan, reads.KeptFrom)
        {
            Calendars = calendars.Lookup(http.Tenant()),
            RecordedBefore = before,
            RecordedAfter = after,
        });
        return Results.Json(
            new WhyView(
                job.Value, name, at.Value, Word(answer.Verdict), answer.Reason is { } reason ? Word(reason) : null, answer.Sentence,
                slot?.ExecutionId?.Value, slot?.Status, slot?.LatenessMs, answer.Before, answer.After),
            ApiJson.Api.WhyView);
    }

    private static async Task<IResult> List(
        HttpContext http, string id, JobRequests jobs, LedgerQueries ledger, ReadSide reads, TimeProvider time, CancellationToken cancellation)
    {
        var query = new Query(http);
        var (askedFrom, askedTo) = (query.Instant("from"), query.Instant("to"));
        var to = askedTo ?? time.GetUtcNow();
        var from = askedFrom ?? (to > Schedule.Earliest ? to.AddDays(-1) : DateTimeOffset.MinValue);
        var (limit, cursor) = (query.Limit(), query.Text("cursor"));
        if (from >= to)
        {
            query.Fault("from", askedTo is null ? "must be in the past; slots to come are in 'next'" : "must be before to");
        }

        if (query.Problem() is { } problem)
        {
            return problem;
        }

        if (JobRequests.Resolve(http, id) is not { } job)
        {
            return JobRequests.NoSuchJob(id);
        }

        await reads.CatchUp(cancellation);
        var page = ledger.Slots(new SlotFilter(http.Tenant(), job, from, to) { Limit = limit, Cursor = cursor, Window = $"{askedFrom?.UtcTicks} {askedTo?.UtcTicks}" }, query.Violations);
        if (page is null)
        {
            return query.Problem()!;
        }

        if (page.Items.IsEmpty && await Name(http, job, id, jobs, ledger.PlanHistory(http.Tenant(), job), cancellation) is null)
        {
            return JobRequests.NoSuchJob(id);
        }

        return Results.Json(new SlotListView([.. page.Items.Select(Of)], page.NextCursor, reads.LagSeconds), ApiJson.Api.SlotListView);
    }

    private static async Task<IResult> Plans(HttpContext http, string id, JobRequests jobs, LedgerQueries ledger, ReadSide reads, CancellationToken cancellation)
    {
        if (JobRequests.Resolve(http, id) is not { } job)
        {
            return JobRequests.NoSuchJob(id);
        }

        await reads.CatchUp(cancellation);
        var history = ledger.PlanHistory(http.Tenant(), job);
        if (history.IsEmpty && await Name(http, job, id, jobs, history, cancellation) is null)
        {
            return JobRequests.NoSuchJob(id);
        }

        return Results.Json(
            new PlanHistoryView(
                [.. history.Select(i => new PlanIntervalView(
                    i.From, i.To, i.Phase, i.Reason, i.Schedule is { } spec ? ScheduleJson.ToElement(spec) : null, i.Timezone, i.Revision, i.By.Name))],
                reads.LagSeconds),
            ApiJson.Api.PlanHistoryView);
    }

    private static SlotItemView Of(SlotView slot) => new(
        slot.Nominal, Word(slot.Disposition), slot.Reason, slot.Detail, slot.ExecutionId?.Value, slot.Status, slot.LatenessMs, slot.At,
        slot.Count > 1 ? slot.First : null, slot.Count > 1 ? slot.Last : null, slot.Count);

    /// <summary>The name of a job that exists or existed; null when there never was one.</summary>
    private static async Task<string?> Name(HttpContext http, JobId job, string id, JobRequests jobs, ImmutableArray<PlanInterval> history, CancellationToken cancellation)
    {
        if (JobDocument.IsName(id))
        {
            return history.IsEmpty && (await jobs.Find(http, id, cancellation)).Job is null ? null : id;
        }

        return (await jobs.Find(http, id, cancellation)).Job?.Definition.Name ?? (history.IsEmpty ? null : job.Value);
    }

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}

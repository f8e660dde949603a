using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Host.Http;
using Chronos.Host.Jobs;

namespace Chronos.Host.Schedules;

/// <summary>Body of <c>preview</c>.</summary>
internal sealed record PreviewBody(JsonElement Schedule, string? Timezone, DateTimeOffset? From, DateTimeOffset? To, int? Count);

/// <summary>One nominal time: in UTC, on the wall clock of its zone, and what is odd about it.</summary>
internal sealed record TimeView(DateTimeOffset At, string Local, IReadOnlyList<string> Notes);

/// <summary>Nominal times in order.</summary>
/// <param name="More">True when there are further times after the last one shown.</param>
internal sealed record TimesView(ImmutableArray<TimeView> Items, string Timezone, bool More);

/// <summary>When something will run: the same code that fires, without a job.</summary>
internal static class PreviewEndpoints
{
    private const int MaxCount = 1000;
    private const int DefaultCount = 10;

    public static RouteGroupBuilder MapPreview(this RouteGroupBuilder api)
    {
        api.MapPost("/schedules/preview", Preview).WithName("preview_schedule").WithSummary("The times of a schedule, with notes on daylight saving and jitter").Needs(Scopes.JobsRead)
            .Accepts<PreviewBody>("application/json").Produces<TimesView>().Refuses(400, 415);
        api.MapGet("/jobs/{id}/next", Next).WithName("next_times").WithSummary("The next times of a job").Needs(Scopes.JobsRead)
            .Takes(new("count", "integer", $"How many, 1 to {MaxCount}; {DefaultCount} if absent"), new("from", "string/date-time", "At or after this instant; now if absent"))
            .Produces<TimesView>().Refuses(400, 404);
        return api;
    }

    private static async Task<IResult> Preview(HttpContext http, TimeProvider time, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        if (ask.Fields is not { } fields)
        {
            return ask.Problem()!;
        }

        var given = fields.Any("schedule");
        var timezone = fields.Text("timezone", 64) ?? "UTC";
        var from = fields.Instant("from") ?? time.GetUtcNow();
        var to = fields.Instant("to");
        var count = fields.Whole("count", 1, MaxCount) ?? (to is null ? DefaultCount : MaxCount);
        if (given is null)
        {
            ask.Fault("schedule", "is missing");
        }

        if (to <= from)
        {
            ask.Fault("to", "must be after from");
        }

        var schedule = given is { } value && ScheduleJson.Read(value, "schedule", ask.Violations) is { } spec
            ? Schedule.Compile(spec, timezone, http.Tenant(), "preview", ask.Violations)
            : null;
        return ask.Problem() ?? Times(schedule!, from, to, count);
    }

    private static async Task<IResult> Next(HttpContext http, string id, JobRequests jobs, TimeProvider time, CancellationToken cancellation)
    {
        var query = new Query(http);
        var count = query.Whole("count", DefaultCount, 1, MaxCount);
        var from = query.Instant("from") ?? time.GetUtcNow();
        if (query.Problem() is { } problem)
        {
            return problem;
        }

        var (job, refusal) = await jobs.Find(http, id, cancellation);
        if (job is null)
        {
            return refusal!;
        }

        return JobViews.ScheduleOf(job) is { } schedule
            ? Times(schedule, from, null, count)
            : Results.Json(new TimesView([], job.Definition.Timezone, false), ApiJson.Default.TimesView);
    }

    private static IResult Times(Schedule schedule, DateTimeOffset from, DateTimeOffset? to, int count)
    {
        // Of a fixed delay only the next time is known; the others depend on how long executions take.
        var times = schedule.After(from.AddTicks(-1)).TakeWhile(at => to is null || at < to).Take(schedule.AfterCompletion ? 1 : count + 1).ToList();
        return Results.Json(
            new TimesView([.. times.Take(count).Select(at => WhyTime.Of(schedule, at)).Select(t => new TimeView(t.At, t.Local, t.Notes))], schedule.Timezone, times.Count > count || schedule.AfterCompletion),
            ApiJson.Default.TimesView);
    }
}

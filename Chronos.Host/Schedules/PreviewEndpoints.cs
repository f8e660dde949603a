using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Chronos.Core.Calendars;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Host.Calendars;
using Chronos.Host.Http;
using Chronos.Host.Jobs;

namespace Chronos.Host.Schedules;

/// <summary>Body of <c>preview</c>.</summary>
/// <param name="Job">Name of the job: seed of H and of jitter.</param>
internal sealed record PreviewBody(JsonElement Schedule, string? Timezone, DateTimeOffset? From, DateTimeOffset? To, int? Count, string? Job);

/// <summary>One nominal time: in UTC, on the wall clock of its zone, and what is odd about it.</summary>
/// <param name="FiresAt">When it fires, with jitter and calendars; absent when a calendar skips it.</param>
internal sealed record TimeView(DateTimeOffset At, string Local, DateTimeOffset? FiresAt, IReadOnlyList<string> Notes);

/// <summary>Nominal times in order.</summary>
/// <param name="More">True when there are further times after the last one shown.</param>
internal sealed record TimesView(ImmutableArray<TimeView> Items, string Timezone, bool More)
{
    /// <summary>Why these times will not fire as they stand here: the job is off.</summary>
    public string? Note { get; init; }
}

/// <summary>Body of <c>explain</c>.</summary>
/// <param name="Job">Name of the job: seed of H.</param>
internal sealed record ExplainBody(JsonElement Schedule, string? Timezone, string? Timeout, string? Job);

/// <summary>A schedule in words, and what is likely to surprise its owner.</summary>
internal sealed record ExplainView(string Sentence, string Timezone, string Tzdb, ImmutableArray<WarningView> Warnings);

/// <summary>Something that is valid and probably not meant.</summary>
internal sealed record WarningView(string Code, string Message);

/// <summary>When something will run: the same code that fires, without a job.</summary>
internal static class PreviewEndpoints
{
    private const int MaxCount = 1000;
    private const int DefaultCount = 10;

    /// <summary>The job whose name H and jitter are taken from when the question names none.</summary>
    private const string StandIn = "preview";

    public static RouteGroupBuilder MapPreview(this RouteGroupBuilder api)
    {
        api.MapPost("/schedules/preview", Preview).WithName("preview_schedule").WithSummary("The times of a schedule, with notes on daylight saving, calendars and jitter").Needs(Scopes.JobsRead)
            .Accepts<PreviewBody>("application/json").Produces<TimesView>().Refuses(400, 415);
        api.MapPost("/schedules/explain", Explain).WithName("explain_schedule").WithSummary("A schedule in words, and what is likely to surprise its owner").Needs(Scopes.JobsRead)
            .Accepts<ExplainBody>("application/json").Produces<ExplainView>().Refuses(400, 415);
        api.MapPost("/schedules/lint", Explain).WithName("lint_schedule").WithSummary("The same as explain, under the name that linters look for").Needs(Scopes.JobsRead)
            .Accepts<ExplainBody>("application/json").Produces<ExplainView>().Refuses(400, 415);
        api.MapGet("/jobs/{id}/next", Next).WithName("next_times").WithSummary("The next times of a job").Needs(Scopes.JobsRead)
            .Takes(new("count", "integer", $"How many, 1 to {MaxCount}; {DefaultCount} if absent"), new("from", "string/date-time", "What will happen at or after this instant; now if absent"))
            .Produces<TimesView>().Refuses(400, 404);
        return api;
    }

    private static async Task<IResult> Preview(HttpContext http, TimeProvider time, CalendarRequests calendars, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        var job = ask.Fields?.Text("job", 100) ?? StandIn;
        var schedule = await Read(http, ask, job, calendars, cancellation);
        var from = ask.Fields?.Instant("from") ?? time.GetUtcNow();
        var to = ask.Fields?.Instant("to");
        var count = ask.Fields?.Whole("count", 1, MaxCount) ?? (to is null ? DefaultCount : MaxCount);
        if (to <= from)
        {
            ask.Fault("to", "must be after from");
        }

        return ask.Problem() ?? Results.Json(Times(schedule!, from, to, count), ApiJson.Api.TimesView);
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

        var times = JobViews.ScheduleOf(job, CalendarLookups.OrOpen(await jobs.Calendars.Lookup(http.Tenant(), job.Definition.Schedule, cancellation))) is { } schedule
            ? await Coming(schedule, job.Id, jobs, from, count, cancellation)
            : new TimesView([], job.Definition.Timezone, false) { Note = "the job has no schedule: it runs when it is triggered" };
        return Results.Json(times with { Note = NoteOn(job) is { } off && times.Note is { } note ? $"{off}; {note}" : NoteOn(job) ?? times.Note }, ApiJson.Api.TimesView);
    }

    /// <summary>Slots that the timetable has decided already, perhaps ahead of their time, are not to come any more.</summary>
    private static async Task<TimesView> Coming(Schedule schedule, JobId job, JobRequests jobs, DateTimeOffset from, int count, CancellationToken cancellation)
    {
        var plan = await jobs.Regions.Ask(new TimetableCommands.GetPlan(job), cancellation) as TimetableReplies.Plan;
        if (schedule.AfterCompletion)
        {
            return ComingOfDelay(schedule, plan, from);
        }

        return View(schedule, [.. SchedulePreview.Coming(schedule, plan?.Cursor ?? DateTimeOffset.MinValue, from).Take(count + 1)], count);
    }

    /// <summary>Of a fixed delay only the next is known, and that only while nothing runs.</summary>
    private static TimesView ComingOfDelay(Schedule schedule, TimetableReplies.Plan? plan, DateTimeOffset from)
    {
        var every = Durations.Format(schedule.Spec.Every!.Value);
        var next = plan?.NextAt is { } at && plan.NextFireAt >= from ? SchedulePreview.Row(schedule, at) : null;
        return View(schedule, next is null ? [] : [next], 1) with
        {
            Note = plan switch
            {
                null => null,
                { InFlight: [var running, ..] } => $"{running.Id} has not ended: the next comes {every} after its end",
                { Waiting.IsEmpty: false } => $"a slot waits for its turn: the next comes {every} after its end",
                { NextAt: { } known } when next is null => $"the next is {Rfc3339.Format(known)}; each after it comes {every} after the end of the one before",
                { State: PlanState.Active, NextAt: null } => "the schedule has no more times",
                { NextAt: null } => null,
                _ => $"each after it comes {every} after the end of the one before",
            },
        };
    }

    private static string? NoteOn(JobSnapshot job) => job.State switch
    {
        PlanState.Disabled => "the job is disabled: none of its slots fires until it is enabled",
        PlanState.Paused when job.PausedUntil is { } until => $"the job is paused: none of its slots fires before {Rfc3339.Format(until)}, or until it is resumed",
        PlanState.Paused => "the job is paused: none of its slots fires until it is resumed",
        _ => null,
    };

    private static async Task<IResult> Explain(HttpContext http, TimeProvider time, CalendarRequests calendars, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        var job = ask.Fields?.Text("job", 100);
        var schedule = await Read(http, ask, job ?? StandIn, calendars, cancellation);
        var timeout = ask.Fields?.Span("timeout", JobDocumentLimits.MinDuration, JobDocumentLimits.MaxDuration) ?? JobDefinition.DefaultTimeout;
        return ask.Problem() ?? Results.Json(
            new ExplainView(
                ScheduleExplain.Sentence(schedule!, job is null ? StandIn : null), schedule!.Timezone, Schedule.TzdbVersion,
                [.. ScheduleLint.Warnings(schedule, time.GetUtcNow(), timeout).Select(w => new WarningView(w.Code, w.Message))]),
            ApiJson.Api.ExplainView);
    }

    /// <summary>The schedule of a body; null when it is wrong, which <paramref name="ask"/> then knows.</summary>
    private static async Task<Schedule?> Read(HttpContext http, Asked ask, string job, CalendarRequests calendars, CancellationToken cancellation)
    {
        if (ask.Fields is not { } fields)
        {
            return null;
        }

        var given = fields.Any("schedule");
        var timezone = fields.Text("timezone", 64) ?? "UTC";
        if (given is null)
        {
            ask.Fault("schedule", "is missing");
        }

        if (given is { } value && ScheduleJson.Read(value, "schedule", ask.Violations) is { } spec)
        {
            return Schedule.Compile(spec, timezone, http.Tenant(), job, await calendars.Lookup(http.Tenant(), spec, cancellation), ask.Violations);
        }

        // With a schedule that cannot be read the zone is still looked at: all faults in one answer.
        Schedule.Compile(new ScheduleSpec { Every = TimeSpan.FromHours(1) }, timezone, http.Tenant(), job, ask.Violations);
        return null;
    }

    private static TimesView Times(Schedule schedule, DateTimeOffset from, DateTimeOffset? to, int count) =>
        View(schedule, SchedulePreview.Rows(schedule, from, to, count + 1), count);

    private static TimesView View(Schedule schedule, ImmutableArray<PreviewRow> rows, int count) => new(
        [.. rows.Take(count).Select(r => new TimeView(r.At, Local(r.Local), r.FiresAt, r.Notes))], schedule.Timezone, rows.Length > count || (schedule.AfterCompletion && rows.Length > 0));

    private static string Local(DateTimeOffset local) => local.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture);
}

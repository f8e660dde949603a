using System.Text;
using System.Text.Json;
using Chronos.Actors.Calendars;
using Chronos.Core.Calendars;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Host.Http;

namespace Chronos.Host.Calendars;

/// <summary>Calendars: named blackout and business times that jobs list in their schedule.</summary>
internal static class CalendarEndpoints
{
    private const int Rounds = 8;

    public static RouteGroupBuilder MapCalendars(this RouteGroupBuilder api)
    {
        api.MapGet("/calendars", List).WithName("list_calendars").WithSummary("Calendars, by name").Needs(Scopes.JobsRead)
            .Takes(QueryParameters.Limit, QueryParameters.Cursor).Produces<CalendarListView>().Refuses(400);
        api.MapGet("/calendars/{name}", Get).WithName("get_calendar").WithSummary("One calendar").Needs(Scopes.JobsRead).Produces<CalendarView>().Refuses(404);
        api.MapPut("/calendars/{name}", Put).WithName("put_calendar").TakesKey().WithSummary("Make a calendar be as the document says; the jobs that list it are planned anew").Needs(Scopes.JobsWrite)
            .Takes(QueryParameters.DryRun).Accepts<CalendarBody>("application/json", "application/yaml").Produces<CalendarView>().Produces<CalendarView>(201).Refuses(400, 409, 412, 413, 415);
        api.MapDelete("/calendars/{name}", Delete).WithName("delete_calendar").WithSummary("Delete a calendar that no job lists").Needs(Scopes.JobsWrite).Produces(204).Refuses(404, 409, 412);
        api.MapPost("/calendars/{name}/import", Import).WithName("import_calendar")
            .WithSummary("Take the events of an iCalendar file into a calendar, in place of those of the import before; makes the calendar when there is none").Needs(Scopes.JobsWrite)
            .Takes(QueryParameters.DryRun, new("timezone", "string", "IANA zone of a new calendar; UTC if absent"), new("mode", "string", "exclude or include, of a new calendar"),
                new("on_excluded", "string", "skip, next_open or previous_open, of a new calendar"))
            .Accepts<string>("text/calendar").Produces<CalendarImportView>().Refuses(400, 409, 412, 413);
        return api;
    }

    private static IResult List(HttpContext http, CalendarDirectory directory)
    {
        var query = new Query(http);
        var (limit, after) = (query.Limit(), query.Text("cursor"));
        if (query.Problem() is { } problem)
        {
            return problem;
        }

        var page = directory.Of(http.Tenant()).Where(c => after is null || string.CompareOrdinal(c.Name, after) > 0).Take(limit + 1).ToList();
        return Results.Json(
            new CalendarListView([.. page.Take(limit).Select(CalendarView.Of)], page.Count > limit ? page[limit - 1].Name : null), ApiJson.Api.CalendarListView);
    }

    private static async Task<IResult> Get(HttpContext http, string name, CalendarRequests calendars, CancellationToken cancellation)
    {
        if (new Query(http).Problem() is { } problem)
        {
            return problem;
        }

        if (!JobDocument.IsName(name) || await calendars.Find(http.Tenant(), name, cancellation) is not { } calendar)
        {
            return NoSuchCalendar(name);
        }

        Conditions.SetTag(http, calendar.Version);
        return Conditions.IsKnown(http, calendar.Version) ? Results.StatusCode(304) : Results.Json(CalendarView.Of(calendar), ApiJson.Api.CalendarView);
    }

    private static async Task<IResult> Put(HttpContext http, string name, CalendarRequests calendars, TimeProvider time, CancellationToken cancellation)
    {
        var query = new Query(http);
        var dryRun = query.Flag("dry_run") == true;
        var body = await RequestBody.ReadObject(http, EmptyBody.Refused, cancellation);
        var request = body.Mark(http, query.Violations);
        if (body.Fault is { } fault)
        {
            return ProblemResult.Of(fault);
        }

        var definition = CalendarDocument.Read(Named(body.Json, name), query.Violations);
        if (definition is not null && definition.Name != name)
        {
            query.Fault("name", $"is not '{name}', the name in the address");
        }

        if (query.Problem() is { } problem)
        {
            return problem;
        }

        var current = await calendars.Find(http.Tenant(), name, cancellation);
        var ifMatch = IfMatch(http, current);
        if (dryRun)
        {
            var now = time.GetUtcNow();
            return ifMatch is { } wanted && wanted != (current?.Version ?? 0)
                ? ProblemResult.Of(Rejection.Of(RejectionCode.PreconditionFailed, "the calendar has changed meanwhile"))
                : Results.Json(
                    CalendarView.Of(new CalendarSnapshot(
                        http.Tenant(), name, current?.Version ?? 0, definition!, current?.CreatedAt ?? now, current?.CreatedBy ?? http.Principal(), now, http.Principal())),
                    ApiJson.Api.CalendarView);
        }

        return await calendars.Ask(new CalendarCommands.Put(http.Tenant(), name, definition!, http.Principal(), request, ifMatch), cancellation) switch
        {
            CalendarReplies.Accepted accepted => Show(http, accepted),
            CalendarReplies.Refused refused => ProblemResult.Of(refused.Rejection),
            var other => throw new InvalidOperationException($"a calendar answered {other.GetType()}"),
        };
    }

    private static async Task<IResult> Delete(HttpContext http, string name, CalendarRequests calendars, CancellationToken cancellation)
    {
        if (new Query(http).Problem() is { } problem)
        {
            return problem;
        }

        if (!JobDocument.IsName(name) || await calendars.Find(http.Tenant(), name, cancellation) is not { } calendar)
        {
            return NoSuchCalendar(name);
        }

        var reply = await calendars.Ask(new CalendarCommands.Delete(http.Tenant(), name, http.Principal(), IfMatch(http, calendar)), cancellation);
        return reply is CalendarReplies.Refused refused ? ProblemResult.Of(refused.Rejection) : Results.NoContent();
    }

    private static async Task<IResult> Import(HttpContext http, string name, CalendarRequests calendars, TimeProvider time, CancellationToken cancellation)
    {
        var query = new Query(http);
        var dryRun = query.Flag("dry_run") == true;
        var fresh = Fresh(query, name);
        var text = await Text(http, query, cancellation);
        if (query.Problem() is { } problem)
        {
            return problem;
        }

        for (var round = 1; ; round++)
        {
            var current = await calendars.Find(http.Tenant(), name, cancellation);
            var ifMatch = IfMatch(http, current);
            var target = current?.Definition ?? fresh!;
            var violations = new List<Violation>();
            var import = CalendarImport.Read(text!, target.Timezone, time.GetUtcNow(), "body", violations);
            var definition = import is null ? null : target with { Imported = import.Ranges };
            if (definition is not null && (CalendarDocument.TooLarge(definition, "body") ?? CalendarDocument.NeverOpen(definition, "body")) is { } unfit)
            {
                violations.Add(unfit);
            }

            if (violations.Count > 0)
            {
                return ProblemResult.Of(Rejection.Invalid([.. violations]));
            }

            CalendarImportView View(CalendarSnapshot snapshot) =>
                new(CalendarView.Of(snapshot), import!.Events, import.LeftOut, import.Ranges.Length, import.Until, dryRun);
            if (dryRun)
            {
                var now = time.GetUtcNow();
                return Results.Json(View(new CalendarSnapshot(
                    http.Tenant(), name, current?.Version ?? 0, definition!, current?.CreatedAt ?? now, current?.CreatedBy ?? http.Principal(), now, http.Principal())), ApiJson.Api.CalendarImportView);
            }

            switch (await calendars.Ask(new CalendarCommands.Put(http.Tenant(), name, definition!, http.Principal(), null, ifMatch ?? current?.Version ?? 0), cancellation))
            {
                case CalendarReplies.Accepted accepted:
                    Conditions.SetTag(http, accepted.Calendar.Version);
                    return Results.Json(View(accepted.Calendar), ApiJson.Api.CalendarImportView);
                case CalendarReplies.Refused { Rejection.Code: RejectionCode.PreconditionFailed } when ifMatch is null && round < Rounds:
                    continue;
                case CalendarReplies.Refused refused:
                    return ProblemResult.Of(refused.Rejection);
            }
        }
    }

    /// <summary>What an import makes when there is no calendar of this name; null when the query is wrong.</summary>
    private static CalendarDefinition? Fresh(Query query, string name)
    {
        var members = new Dictionary<string, string> { ["name"] = name };
        foreach (var member in (string[])["timezone", "mode", "on_excluded"])
        {
            if (query.Text(member) is { } value)
            {
                members[member] = value;
            }
        }

        return CalendarDocument.ReadToImport(JsonSerializer.SerializeToElement(members, ApiJson.Api.DictionaryStringString), query.Violations);
    }

    private static async Task<string?> Text(HttpContext http, Query query, CancellationToken cancellation)
    {
        using var buffer = new MemoryStream();
        await http.Request.Body.CopyToAsync(buffer, cancellation);
        try
        {
            return new UTF8Encoding(false, true).GetString(buffer.ToArray());
        }
        catch (DecoderFallbackException)
        {
            query.Fault("body", "is no UTF-8 text");
            return null;
        }
    }

    private static IResult Show(HttpContext http, CalendarReplies.Accepted accepted)
    {
        Conditions.SetTag(http, accepted.Calendar.Version);
        if (accepted.Replayed)
        {
            http.Response.Headers["Idempotent-Replayed"] = "true";
        }

        if (accepted.Created)
        {
            http.Response.Headers.Location = $"/api/v1/calendars/{accepted.Calendar.Name}";
        }

        var shown = Results.Json(CalendarView.Of(accepted.Calendar), ApiJson.Api.CalendarView);
        return accepted.Created ? new WithStatus(201, shown) : shown;
    }

    /// <summary>0 when there must be none yet (<c>If-None-Match: *</c>).</summary>
    private static long? IfMatch(HttpContext http, CalendarSnapshot? current) =>
        http.Request.Headers.IfNoneMatch.ToString().Trim() == "*" ? 0
        : http.Request.Headers.IfMatch.ToString().Trim() == "*" ? current?.Version ?? -1
        : Conditions.IfMatch(http, current?.Version);

    private static JsonElement Named(JsonElement document, string name)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (!document.TryGetProperty("name", out _))
            {
                writer.WriteString("name", name);
            }

            foreach (var member in document.EnumerateObject().Where(m => !CalendarView.ServerMade.Contains(m.Name)))
            {
                member.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        using var rest = JsonDocument.Parse(buffer.ToArray());
        return rest.RootElement.Clone();
    }

    private static ProblemResult NoSuchCalendar(string name) => ProblemResult.NotFound($"there is no calendar '{(name.Length <= 100 ? name : name[..100])}'");
}

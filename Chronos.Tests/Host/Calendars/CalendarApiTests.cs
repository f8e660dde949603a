using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Calendars;

[Collection(NodeCollection.Name)]
public sealed class CalendarApiTests(SharedNode shared)
{
    private readonly HostFixture _node = shared.Node;

    [Fact]
    public async Task A_calendar_is_made_changed_listed_and_deleted_under_its_version()
    {
        var made = await Put("cal-crud", """{"timezone":"Europe/Berlin","dates":["12-25"]}""");
        Assert.Equal((HttpStatusCode.Created, "\"1\"", "cal-crud"), (made.Status, made.ETag, made.Text("name")));
        Assert.Equal((HttpStatusCode.OK, "\"1\""), await Short(Put("cal-crud", (await _node.Get("/api/v1/calendars/cal-crud")).Body, ("If-Match", "\"1\""))));
        Assert.Equal((HttpStatusCode.OK, "\"2\""), await Short(Put("cal-crud", """{"dates":["12-26"]}""", ("If-Match", "\"1\""))));
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Put("cal-crud", """{"dates":["12-27"]}""", ("If-Match", "\"1\""))).Status);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Put("cal-crud", """{"dates":["12-27"]}""", ("If-None-Match", "*"))).Status);
        Assert.Equal(HttpStatusCode.NotModified, (await _node.Send(HttpMethod.Get, "/api/v1/calendars/cal-crud", null, ("If-None-Match", "\"2\""))).Status);
        Assert.Contains("cal-crud", (await _node.Get("/api/v1/calendars?limit=500")).Json.GetProperty("items").EnumerateArray().Select(c => c.GetProperty("name").GetString()));
        Assert.Equal(["dates[0]"], (await Put("cal-crud", """{"dates":["2026-13-01"]}""")).Fields);
        Assert.Equal(["name"], (await Put("cal-crud", """{"name":"other"}""")).Fields);
        Assert.Equal("2", (await _node.Send(HttpMethod.Put, "/api/v1/calendars/cal-crud?dry_run=true", """{"dates":["01-01"]}""")).Text("version"));
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await _node.Send(HttpMethod.Delete, "/api/v1/calendars/cal-crud", null, ("If-Match", "\"1\""))).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await _node.Send(HttpMethod.Delete, "/api/v1/calendars/cal-crud", null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Get("/api/v1/calendars/cal-crud")).Status);
        Assert.Equal("\"4\"", (await Put("cal-crud", """{"dates":["12-25"]}""")).ETag);
    }

    [Fact]
    public async Task A_job_lists_only_calendars_that_exist_and_one_that_is_listed_is_not_deleted()
    {
        Assert.Equal(["schedule.calendars[0]"], (await _node.Post("/api/v1/jobs", Job("cal-job", "cal-used", "nope"))).Fields.Take(1));
        await Put("cal-used", """{"dates":["12-25"]}""");
        Assert.Equal(["schedule.calendars[1]"], (await _node.Post("/api/v1/jobs", Job("cal-job", "cal-used", "nope"))).Fields);
        Assert.Equal(["documents[0].schedule.calendars[0]"], (await _node.Post("/api/v1/jobs:apply", Job("cal-job", "nope"))).Fields);
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Get("/api/v1/jobs/cal-job")).Status);
        Assert.Equal(HttpStatusCode.Created, (await _node.Post("/api/v1/jobs", Job("cal-job", "cal-used"))).Status);
        var refused = await _node.Send(HttpMethod.Delete, "/api/v1/calendars/cal-used", null);
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("cal-job", refused.Text("detail"), StringComparison.Ordinal);
        Assert.Equal(["schedule.calendars[0]"], (await _node.Send(HttpMethod.Patch, "/api/v1/jobs/cal-job", """{"schedule":{"calendars":["nope"]}}""")).Fields);
        Assert.Equal(HttpStatusCode.OK, (await _node.Send(HttpMethod.Patch, "/api/v1/jobs/cal-job", """{"schedule":{"calendars":null}}""")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await _node.Send(HttpMethod.Delete, "/api/v1/calendars/cal-used", null)).Status);
        Assert.Equal(["schedule.calendars[0]"], (await _node.Post("/api/v1/jobs/cal-job/rollback/1", null)).Fields);
    }

    /// <summary>Slots that were to be moved back to before the job was made are refused by its timetable.</summary>
    [Fact]
    public async Task Next_does_not_show_what_the_timetable_has_refused()
    {
        var minute = DateTime.UtcNow is var now ? new DateTime(now.Ticks - (now.Ticks % TimeSpan.TicksPerMinute)).AddMinutes(1) : default;
        var (from, to) = (minute.ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture), minute.AddMinutes(5).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture));
        await Put("cal-soon", $$"""{"on_excluded":"previous_open","ranges":[{"from":"{{from}}","to":"{{to}}"}]}""");
        await _node.Post("/api/v1/jobs", Job("cal-refused", "cal-soon").Replace("0 0 1 1 *", "* * * * *", StringComparison.Ordinal));
        JsonElement first = default;
        await Eventually.True(async () => (first = (await _node.Get("/api/v1/jobs/cal-refused/next?count=1")).Json.GetProperty("items")[0]).GetProperty("at").GetString() == $"{to}:00Z", TimeSpan.FromSeconds(20));
        Assert.Equal($"{to}:00Z", first.GetProperty("fires_at").GetString());
    }

    [Fact]
    public async Task Next_preview_and_why_say_what_a_calendar_does_and_the_ledger_records_it()
    {
        // Closed every day, all day; then an edit opens it.
        await Put("cal-closed", """{"weekly":[{"days":["mon-sun"]}]}""");
        var job = await _node.Post("/api/v1/jobs", Job("cal-skipped", "cal-closed").Replace("0 0 1 1 *", "* * * * * *", StringComparison.Ordinal));
        Assert.Null(job.Text("next_at"));
        var next = await _node.Get("/api/v1/jobs/cal-skipped/next?count=1");
        Assert.Equal(["calendar cal-closed: skipped"], next.Json.GetProperty("items")[0].GetProperty("notes").EnumerateArray().Select(n => n.GetString()));
        var preview = await _node.Post("/api/v1/schedules/preview", """{"schedule":{"cron":"0 3 * * *","calendars":["cal-closed"]},"from":"2026-12-01T00:00:00Z","count":1}""");
        Assert.Equal("calendar cal-closed: skipped", preview.Json.GetProperty("items")[0].GetProperty("notes")[0].GetString());
        Assert.Equal(["schedule.calendars[0]"], (await _node.Post("/api/v1/schedules/preview", """{"schedule":{"cron":"0 3 * * *","calendars":["nope"]}}""")).Fields);

        var at = DateTimeOffset.UtcNow.AddSeconds(2).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        Assert.Contains("will not run; calendar cal-closed: skipped", (await _node.Get($"/api/v1/jobs/cal-skipped/why?at={at}")).Text("sentence"), StringComparison.Ordinal);
        await _node.Until($"/api/v1/jobs/cal-skipped/why?at={at}", a => a.Text("disposition") == "not_run");
        Assert.Equal((HttpStatusCode.OK, "\"2\""), await Short(Put("cal-closed", """{"dates":["1999-12-25"]}""")));
        var why = await _node.Until($"/api/v1/jobs/cal-skipped/why?at={at}", a => a.Text("sentence")!.Contains("one of", StringComparison.Ordinal));
        Assert.Contains("calendar cal-closed: skipped", why.Text("sentence"), StringComparison.Ordinal);
        Assert.Equal("calendar", why.Text("reason"));
        await _node.Until("/api/v1/executions?job=cal-skipped&limit=1", a => a.Json.GetProperty("items").GetArrayLength() > 0);
        await _node.Send(HttpMethod.Delete, "/api/v1/jobs/cal-skipped", null);
    }

    [Fact]
    public async Task An_icalendar_file_is_imported_in_place_of_the_one_before()
    {
        static string Ics(string day) => $"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Off\r\nDTSTART;VALUE=DATE:{day}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        var first = await Import("/api/v1/calendars/cal-ics/import?timezone=Europe/Berlin", Ics("20991224"));
        Assert.Equal((HttpStatusCode.OK, "1"), (first.Status, first.Text("imported")));
        var second = await Import("/api/v1/calendars/cal-ics/import", Ics("20991225"));
        var calendar = second.Json.GetProperty("calendar");
        Assert.Equal(("Europe/Berlin", 1), (calendar.GetProperty("timezone").GetString(), calendar.GetProperty("imported").GetArrayLength()));
        Assert.Equal("2099-12-25", calendar.GetProperty("imported")[0].GetProperty("from").GetString());
        Assert.Equal(["body"], (await Import("/api/v1/calendars/cal-ics/import", "{}")).Fields);
        Assert.Equal(["timezone"], (await Import("/api/v1/calendars/cal-ics/import?timezone=Mars", Ics("20991225"))).Fields);
    }

    private static string Job(string name, params string[] calendars) =>
        $$"""{"name":"{{name}}","schedule":{"cron":"0 0 1 1 *","calendars":["{{string.Join("\",\"", calendars)}}"]},"webhook":{"url":"http://127.0.0.1:9/"} }""";

    private Task<Answer> Import(string path, string ics) => _node.Send(HttpMethod.Post, path, Encoding.UTF8.GetBytes(ics), "text/calendar");

    private Task<Answer> Put(string name, string body, params (string Name, string Value)[] headers) => _node.Send(HttpMethod.Put, $"/api/v1/calendars/{name}", body, headers);

    private static async Task<(HttpStatusCode, string?)> Short(Task<Answer> answer) => ((await answer).Status, (await answer).ETag);
}

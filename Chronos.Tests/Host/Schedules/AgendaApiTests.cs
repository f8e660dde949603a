using System.Globalization;
using System.Net;
using System.Text.Json;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Schedules;

[Collection(NodeCollection.Name)]
public sealed class AgendaApiTests(SharedNode shared)
{
    private const string Window = "/api/v1/agenda?from=2091-06-01T00:00:00Z&to=2091-06-02T00:00:00Z";
    private readonly HostFixture _node = shared.Node;

    [Fact]
    public async Task What_will_fire_in_a_window_comes_in_time_order_with_its_collisions()
    {
        await Create("agenda-a", """{"cron":"0 6,12 1 6 *"}""");
        await Create("agenda-b", """{"cron":"30 0 12 1 6 *"}""");
        await Create("agenda-off", """{"cron":"0 6,12 1 6 *"}""", enabled: false);
        var agenda = await _node.Get(Window);
        Assert.Equal(HttpStatusCode.OK, agenda.Status);
        var all = agenda.Json.GetProperty("items").EnumerateArray().Select(r => (At: r.GetProperty("fires_at").GetString()!, Job: r.GetProperty("job_name").GetString()!)).ToList();
        Assert.Equal(all.Select(r => r.At).Order(StringComparer.Ordinal), all.Select(r => r.At));
        Assert.Equal(
            [("2091-06-01T06:00:00Z", "agenda-a"), ("2091-06-01T12:00:00Z", "agenda-a"), ("2091-06-01T12:00:30Z", "agenda-b")],
            all.Where(r => r.Job.StartsWith("agenda-", StringComparison.Ordinal)));
        Assert.Equal(all.Count, agenda.Json.GetProperty("count").GetInt32());
        var counted = all.GroupBy(r => r.At[..16]).Where(g => g.Count() > 1).Select(g => (g.Key + ":00Z", g.Count()));
        Assert.Equal(counted, agenda.Json.GetProperty("collisions").EnumerateArray().Select(c => (c.GetProperty("minute").GetString()!, c.GetProperty("count").GetInt32())));
        Assert.Contains(agenda.Json.GetProperty("collisions").EnumerateArray(), c => c.GetProperty("minute").GetString() == "2091-06-01T12:00:00Z");

        var lines = (await _node.Send(HttpMethod.Get, Window, null, ("Accept", "application/x-ndjson"))).Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(all.Count, lines.Count(l => l.TryGetProperty("job_id", out _)));
        Assert.Equal(counted.Count(), lines.Count(l => l.TryGetProperty("minute", out _)));

        var first = await _node.Get(Window + "&limit=1");
        Assert.Equal((1, true), (first.Json.GetProperty("items").GetArrayLength(), first.Json.GetProperty("more").GetBoolean()));
        Assert.Equal(0, (await _node.Get("/api/v1/executions?job=agenda-a")).Json.GetProperty("items").GetArrayLength());
    }

    /// <summary>The worst minute must not look like none because the rows were cut in it.</summary>
    [Fact]
    public async Task A_limit_cuts_rows_and_no_count_of_a_minute()
    {
        foreach (var name in new[] { "agenda-cut-a", "agenda-cut-b", "agenda-cut-c" })
        {
            await Create(name, """{"cron":"0 0-1 6 3 7 * 2093"}""");
        }

        const string Cut = "/api/v1/agenda?from=2093-07-03T05:59:00Z&to=2093-07-03T06:05:00Z&limit=2";
        var whole = (await _node.Get(Cut.Replace("&limit=2", "", StringComparison.Ordinal))).Json.GetProperty("collisions").EnumerateArray().Select(c => c.GetRawText()).ToList();
        Assert.Contains(whole, c => c.Contains("06:00:00Z", StringComparison.Ordinal));
        var cut = await _node.Get(Cut);
        Assert.Equal((2, 2, true), (cut.Json.GetProperty("items").GetArrayLength(), cut.Json.GetProperty("count").GetInt32(), cut.Json.GetProperty("more").GetBoolean()));
        Assert.Equal(whole[..1], cut.Json.GetProperty("collisions").EnumerateArray().Select(c => c.GetRawText()));

        var lines = (await _node.Send(HttpMethod.Get, Cut, null, ("Accept", "application/x-ndjson"))).Body.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((3, whole[0]), (lines.Length, lines[2]));
    }

    [Fact]
    public async Task More_rows_than_a_page_come_complete_and_once()
    {
        await Create("agenda-often", """{"cron":"* * 2 6 *","starts_at":"2092-06-02T00:00:00Z","ends_at":"2092-06-03T00:00:00Z"}""");
        var agenda = await _node.Get("/api/v1/agenda?from=2092-06-02T00:00:00Z&to=2092-06-03T00:00:00Z");
        var times = agenda.Json.GetProperty("items").EnumerateArray().Where(r => r.GetProperty("job_name").GetString() == "agenda-often").Select(r => r.GetProperty("at").GetString()).ToList();
        var start = DateTimeOffset.Parse("2092-06-02T00:00:00Z", CultureInfo.InvariantCulture);
        Assert.Equal(Enumerable.Range(0, 1440).Select(i => start.AddMinutes(i).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)), times);
    }

    [Theory]
    [InlineData("from=2026-12-02T00:00:00Z&to=2026-12-01T00:00:00Z", "to")]
    [InlineData("from=2026-12-02T00:00:00Z&to=2027-01-02T00:00:01Z", "to")]
    [InlineData("from=yesterday", "from")]
    [InlineData("limit=0", "limit")]
    [InlineData("from=9999-01-01T00:00:00Z", "from")]
    [InlineData("until=2026-12-02T00:00:00Z", "until")]
    public async Task A_window_that_is_none_is_refused_by_its_field(string query, string field)
    {
        var answer = await _node.Get($"/api/v1/agenda?{query}");
        Assert.Equal((HttpStatusCode.BadRequest, field), (answer.Status, Assert.Single(answer.Fields)));
    }

    [Theory]
    [InlineData("from=0001-01-01T00:00:00Z")]
    [InlineData("from=0001-01-01T00:00:00Z&to=0001-01-01T00:00:01Z")]
    [InlineData("from=9998-01-01T00:00:00Z&to=9998-01-01T00:01:00Z")]
    [InlineData("from=9998-12-31T00:00:00Z")]
    public async Task A_window_in_an_extreme_year_is_answered(string query)
    {
        await _node.Send(HttpMethod.Put, "/api/v1/calendars/agenda-week", """{"mode":"include","on_excluded":"next_open","weekly":[{"days":["mon-fri"],"from":"09:00","to":"17:00"}]}""");
        for (var i = 0; i < 20; i++)
        {
            await Create($"far-of-agenda-{i}", """{"cron":"0 12 1 6 *","jitter":"5m","calendars":["agenda-week"]}""");
        }

        var agenda = await _node.Get($"/api/v1/agenda?{query}");
        Assert.Equal(HttpStatusCode.OK, agenda.Status);
        Assert.DoesNotContain(agenda.Json.GetProperty("items").EnumerateArray(), r => r.GetProperty("job_name").GetString()!.StartsWith("far-of-agenda", StringComparison.Ordinal));
    }

    private Task<Answer> Create(string name, string schedule, bool enabled = true) =>
        _node.Post("/api/v1/jobs", $$"""{"name":"{{name}}","enabled":{{(enabled ? "true" : "false")}},"schedule":{{schedule}},"webhook":{"url":"http://127.0.0.1:9/"} }""");
}

using System.Net;
using System.Text.Json;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Jobs;

/// <summary>Changes of a job that are sent again under their <c>Idempotency-Key</c>, at once or late.</summary>
[Collection(NodeCollection.Name)]
public sealed class RepeatedRequestTests(SharedNode shared)
{
    private readonly HostFixture _node = shared.Node;

    [Theory]
    [InlineData("PUT", "/api/v1/jobs/NAME", """{"name":"NAME","description":"mine","schedule":"0 0 1 1 *","webhook":{"url":"http://127.0.0.1:9/hook"}}""")]
    [InlineData("PATCH", "/api/v1/jobs/NAME", """{"description":"mine"}""")]
    [InlineData("POST", "/api/v1/jobs/NAME/disable", null)]
    [InlineData("POST", "/api/v1/jobs/NAME/pause", """{"reason":"mine"}""")]
    [InlineData("POST", "/api/v1/jobs/NAME/rollback/1", null)]
    public async Task A_change_that_is_repeated_answers_as_the_first_time_and_does_not_undo_what_came_after_it(string verb, string path, string? body)
    {
        var name = $"repeated-{verb}-{path.Split('/').Last(p => p.Any(char.IsLetter))}".ToLowerInvariant();
        (path, body) = (path.Replace("NAME", name, StringComparison.Ordinal), body?.Replace("NAME", name, StringComparison.Ordinal));
        await _node.Post("/api/v1/jobs", Documents.Simple(name));
        await _node.Send(HttpMethod.Patch, $"/api/v1/jobs/{name}", """{"owner":"ann"}""");
        (string, string)[] headers = [("Idempotency-Key", "once"), ("If-Match", "\"2\"")];
        var first = await _node.Send(new HttpMethod(verb), path, body, headers);
        Assert.Equal((HttpStatusCode.OK, "\"3\""), (first.Status, first.ETag));

        var later = await _node.Send(HttpMethod.Patch, $"/api/v1/jobs/{name}", """{"description":"theirs"}""");
        var again = await _node.Send(new HttpMethod(verb), path, body, headers);
        Assert.Equal((HttpStatusCode.OK, first.ETag, first.Body), (again.Status, again.ETag, again.Body));
        Assert.Equal(later.Body, (await _node.Get($"/api/v1/jobs/{name}")).Body);

        await _node.Send(HttpMethod.Delete, $"/api/v1/jobs/{name}", null);
        var gone = await _node.Send(new HttpMethod(verb), path, body, headers);
        Assert.Equal(HttpStatusCode.Conflict, gone.Status);
        Assert.Contains("'once'", gone.Text("detail"), StringComparison.Ordinal);
        await _node.Post("/api/v1/jobs", Documents.Simple(name));
        Assert.Equal(HttpStatusCode.Conflict, (await _node.Send(new HttpMethod(verb), path, body, headers)).Status);
        Assert.Null((await _node.Get($"/api/v1/jobs/{name}")).Text("description"));
    }

    [Fact]
    public async Task A_deletion_that_is_repeated_late_does_not_delete_the_job_that_was_made_anew()
    {
        await _node.Post("/api/v1/jobs", Documents.Simple("phoenix"));
        var key = ("Idempotency-Key", "gone");
        Assert.Equal(HttpStatusCode.NoContent, (await _node.Send(HttpMethod.Delete, "/api/v1/jobs/phoenix", null, key)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await _node.Send(HttpMethod.Delete, "/api/v1/jobs/phoenix", null, key)).Status);
        Assert.Equal(HttpStatusCode.Created, (await _node.Post("/api/v1/jobs", Documents.Simple("phoenix"))).Status);

        using var request = new HttpRequestMessage(HttpMethod.Delete, "/api/v1/jobs/phoenix");
        request.Headers.Add("Idempotency-Key", "gone");
        using var late = await _node.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.NoContent, "true"), (late.StatusCode, late.Headers.GetValues("Idempotent-Replayed").Single()));
        Assert.Equal(HttpStatusCode.OK, (await _node.Get("/api/v1/jobs/phoenix")).Status);

        // Another key is another wish.
        Assert.Equal(HttpStatusCode.NoContent, (await _node.Send(HttpMethod.Delete, "/api/v1/jobs/phoenix", null, ("Idempotency-Key", "again"))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Get("/api/v1/jobs/phoenix")).Status);
    }

    [Fact]
    public async Task A_key_means_one_request_whatever_the_verb()
    {
        await _node.Post("/api/v1/jobs", Documents.Simple("keyed"));
        var key = ("Idempotency-Key", "mine");
        Assert.Equal(HttpStatusCode.OK, (await _node.Send(HttpMethod.Patch, "/api/v1/jobs/keyed", """{"owner":"ann"}""", key)).Status);
        foreach (var (verb, path, body) in new[]
        {
            ("PATCH", "/api/v1/jobs/keyed", """{"owner":"bob"}"""), ("PUT", "/api/v1/jobs/keyed", Documents.Simple("keyed")),
            ("DELETE", "/api/v1/jobs/keyed", null), ("POST", "/api/v1/jobs/keyed/disable", null), ("POST", "/api/v1/jobs/keyed/rollback/1", null),
        })
        {
            var refused = await _node.Send(new HttpMethod(verb), path, body, key);
            Assert.Equal((HttpStatusCode.Conflict, "conflict"), (refused.Status, refused.Text("code")));
            Assert.Contains("'mine' was used for another request", refused.Text("detail"), StringComparison.Ordinal);
        }

        Assert.Equal(("ann", "2"), ((await _node.Get("/api/v1/jobs/keyed")).Text("owner"), (await _node.Get("/api/v1/jobs/keyed")).Text("version")));
        Assert.Equal(["Idempotency-Key"], (await _node.Send(HttpMethod.Delete, "/api/v1/jobs/keyed", null, ("Idempotency-Key", new string('x', 201)))).Fields);
        Assert.Equal(HttpStatusCode.OK, (await _node.Get("/api/v1/jobs/keyed")).Status);
    }

    [Fact]
    public async Task A_dry_run_uses_up_no_key()
    {
        await _node.Post("/api/v1/jobs", Documents.Simple("drykey"));
        var key = ("Idempotency-Key", "dry");
        Assert.Equal("updated", (await _node.Send(HttpMethod.Patch, "/api/v1/jobs/drykey?dry_run=true", """{"owner":"ann"}""", key)).Text("action"));
        Assert.Equal("ann", (await _node.Send(HttpMethod.Patch, "/api/v1/jobs/drykey", """{"owner":"ann"}""", key)).Text("owner"));
        Assert.Equal("unchanged", (await _node.Send(HttpMethod.Patch, "/api/v1/jobs/drykey?dry_run=true", """{"owner":"ann"}""", key)).Text("action"));
    }

    [Fact]
    public async Task A_trigger_that_is_repeated_after_the_job_was_made_anew_starts_nothing()
    {
        var document = $$"""{"name":"once-only","webhook":{"url":"{{_node.Address}}/echo"} }""";
        await _node.Post("/api/v1/jobs", document);
        var key = ("Idempotency-Key", "run");
        var first = await _node.Send(HttpMethod.Post, "/api/v1/jobs/once-only/trigger", null, key);
        await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(first.Text("id")!)}", a => a.Text("status") == "succeeded");
        await _node.Send(HttpMethod.Delete, "/api/v1/jobs/once-only", null);
        await _node.Post("/api/v1/jobs", document);

        var again = await _node.Send(HttpMethod.Post, "/api/v1/jobs/once-only/trigger", null, key);
        Assert.Equal((HttpStatusCode.Accepted, first.Text("id"), "succeeded"), (again.Status, again.Text("id"), again.Text("status")));
        var other = await _node.Send(HttpMethod.Post, "/api/v1/jobs/once-only/trigger", null, ("Idempotency-Key", "another run"));
        await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(other.Text("id")!)}", a => a.Text("status") == "succeeded");
        var runs = await _node.Until("/api/v1/executions?job=once-only", a => a.Json.GetProperty("items").GetArrayLength() >= 2);
        Assert.Equal(2, runs.Json.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_resume_that_is_repeated_says_what_it_said_the_first_time()
    {
        await _node.Post("/api/v1/jobs", $$"""{"name":"rested","schedule":"* * * * * *","webhook":{"url":"{{_node.Address}}/echo"} }""");
        var paused = await _node.Post("/api/v1/jobs/rested/pause", null);
        var from = paused.Json.GetProperty("paused_at").GetDateTimeOffset();
        await Eventually.True(() => TimeProvider.System.GetUtcNow() > from.AddSeconds(3), TimeSpan.FromSeconds(30));
        var key = ("Idempotency-Key", "resume");
        var first = await _node.Send(HttpMethod.Post, "/api/v1/jobs/rested/resume", null, key);
        Assert.True(first.Json.GetProperty("missed").GetInt64() >= 3, first.Body);
        Assert.Equal("1", first.Text("caught_up"));
        await _node.Post("/api/v1/jobs/rested/pause", null);
        await _node.Send(HttpMethod.Patch, "/api/v1/jobs/rested", """{"misfire":"none"}""");

        var again = await _node.Send(HttpMethod.Post, "/api/v1/jobs/rested/resume", null, key);
        Assert.Equal(
            (first.Text("missed"), first.Text("caught_up"), first.Text("state"), first.ETag), (again.Text("missed"), again.Text("caught_up"), again.Text("state"), again.ETag));
        Assert.Equal("paused", (await _node.Get("/api/v1/jobs/rested")).Text("state"));
        await _node.Send(HttpMethod.Delete, "/api/v1/jobs/rested", null);
    }

    [Fact]
    public async Task The_description_lists_the_header_where_it_is_heeded()
    {
        var paths = (await _node.Get("/openapi/v1.json")).Json.GetProperty("paths");
        foreach (var (path, verb) in new[]
        {
            ("/jobs", "post"), ("/jobs/{id}", "put"), ("/jobs/{id}", "patch"), ("/jobs/{id}", "delete"), ("/jobs/{id}/trigger", "post"), ("/jobs/{id}/pause", "post"),
            ("/jobs/{id}/resume", "post"), ("/jobs/{id}/enable", "post"), ("/jobs/{id}/disable", "post"), ("/jobs/{id}/rollback/{n}", "post"), ("/jobs/{id}/backfill", "post"),
            ("/executions/{id}/replay", "post"), ("/calendars/{name}", "put"),
        })
        {
            var operation = paths.GetProperty($"/api/v1{path}").GetProperty(verb);
            Assert.True(
                operation.TryGetProperty("parameters", out var parameters) && parameters.EnumerateArray().Any(p => Said(p) == ("Idempotency-Key", "header")),
                $"{verb} {path}");
        }

        Assert.DoesNotContain(paths.GetProperty("/api/v1/jobs/{id}").GetProperty("get").GetProperty("parameters").EnumerateArray(), p => Said(p).Name == "Idempotency-Key");

        static (string? Name, string? In) Said(JsonElement parameter) => (parameter.GetProperty("name").GetString(), parameter.GetProperty("in").GetString());
    }
}

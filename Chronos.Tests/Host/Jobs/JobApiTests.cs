using System.Net;
using System.Text;
using System.Text.Json;
using Chronos.Core.Jobs;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Jobs;

[Collection(NodeCollection.Name)]
public sealed class JobApiTests(SharedNode shared)
{
    private readonly HostFixture _node = shared.Node;

    [Fact]
    public async Task A_job_is_created_read_replaced_patched_and_deleted_under_its_version()
    {
        var created = await _node.Post("/api/v1/jobs", Documents.Simple("crud"));
        Assert.Equal((HttpStatusCode.Created, "\"1\""), (created.Status, created.ETag));
        Assert.Equal($"/api/v1/jobs/{created.Text("job_id")}", created.Location);
        Assert.Equal((created.Text("job_id"), "active"), ((await _node.Get("/api/v1/jobs/crud")).Text("job_id"), created.Text("state")));
        Assert.NotNull(created.Text("next_at"));
        Assert.Equal(HttpStatusCode.Conflict, (await _node.Post("/api/v1/jobs", Documents.Simple("crud"))).Status);
        Assert.Equal(HttpStatusCode.NotModified, (await _node.Send(HttpMethod.Get, "/api/v1/jobs/crud", null, ("If-None-Match", "\"1\""))).Status);

        // What was read may be sent back.
        var same = await _node.Send(HttpMethod.Put, "/api/v1/jobs/crud", (await _node.Get("/api/v1/jobs/crud")).Body, ("If-Match", "\"1\""));
        Assert.Equal((HttpStatusCode.OK, "\"1\""), (same.Status, same.ETag));
        var patched = await _node.Send(HttpMethod.Patch, "/api/v1/jobs/crud", """{"owner":"ann","tags":{"team":"data"} }""", ("If-Match", "\"7\", \"1\""));
        Assert.Equal((HttpStatusCode.OK, "ann", "2"), (patched.Status, patched.Text("owner"), patched.Text("revision")));
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await _node.Send(HttpMethod.Patch, "/api/v1/jobs/crud", "{}", ("If-Match", "\"1\""))).Status);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await _node.Send(HttpMethod.Delete, "/api/v1/jobs/crud", null, ("If-Match", "W/\"2\""))).Status);
        var unowned = await _node.Send(HttpMethod.Patch, "/api/v1/jobs/crud", """{"owner":null}""");
        Assert.Null(unowned.Text("owner"));

        var diff = await _node.Get("/api/v1/jobs/crud/versions/1/diff/2");
        Assert.Equal(["tags", "owner"], diff.Json.GetProperty("changes").EnumerateArray().Select(c => c.GetProperty("path").GetString()));
        var back = await _node.Post("/api/v1/jobs/crud/rollback/2", null);
        Assert.Equal(("ann", "4"), (back.Text("owner"), back.Text("revision")));
        Assert.Equal(["4", "3"], (await _node.Get("/api/v1/jobs/crud/versions?limit=2")).Json.GetProperty("items").EnumerateArray().Select(r => r.GetProperty("revision").ToString()));

        Assert.Equal(["name"], (await _node.Send(HttpMethod.Patch, "/api/v1/jobs/crud", """{"name":"other"}""")).Fields);
        Assert.Equal(HttpStatusCode.NoContent, (await _node.Send(HttpMethod.Delete, "/api/v1/jobs/crud", null, ("If-Match", "*"))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Get("/api/v1/jobs/crud")).Status);
    }

    [Fact]
    public async Task A_request_with_a_key_is_done_once_and_its_key_means_that_request_only()
    {
        var key = ("Idempotency-Key", "once");
        var first = await _node.Send(HttpMethod.Post, "/api/v1/jobs", Documents.Simple("idem"), key);
        var again = await _node.Send(HttpMethod.Post, "/api/v1/jobs", Documents.Simple("idem"), key);
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created, first.Text("job_id")), (first.Status, again.Status, again.Text("job_id")));
        var other = await _node.Send(HttpMethod.Post, "/api/v1/jobs", Documents.Simple("idem").Replace("0 0 1", "0 0 2", StringComparison.Ordinal), key);
        Assert.Equal((HttpStatusCode.Conflict, "conflict"), (other.Status, other.Text("code")));

        var run = await _node.Send(HttpMethod.Post, "/api/v1/jobs/idem/trigger", null, ("Idempotency-Key", "run"));
        var same = await _node.Send(HttpMethod.Post, "/api/v1/jobs/idem/trigger", null, ("Idempotency-Key", "run"));
        Assert.Equal((HttpStatusCode.Accepted, run.Text("id")), (run.Status, same.Text("id")));
    }

    [Fact]
    public async Task A_dry_run_says_what_would_change_and_changes_nothing()
    {
        Assert.Equal("created", (await _node.Post("/api/v1/jobs?dry_run=true", Documents.Simple("dry"))).Text("action"));
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Get("/api/v1/jobs/dry")).Status);
        await _node.Post("/api/v1/jobs", Documents.Simple("dry"));
        var change = await _node.Send(HttpMethod.Patch, "/api/v1/jobs/dry?dry_run=true", """{"timeout":"9s"}""");
        Assert.Equal(("updated", "timeout"), (change.Text("action"), change.Json.GetProperty("changes")[0].GetProperty("path").GetString()));
        Assert.Equal("5m", (await _node.Get("/api/v1/jobs/dry")).Text("timeout"));
    }

    [Fact]
    public async Task A_triggered_run_reaches_its_target_and_ends_in_the_ledger()
    {
        await _node.Post("/api/v1/jobs", $$"""{"name":"run","webhook":{"url":"{{_node.Address}}/echo"},"payload":{"a":1} }""");
        var started = await _node.Post("/api/v1/jobs/run/trigger", """{"payload":{"b":2}}""");
        Assert.Equal(HttpStatusCode.Accepted, started.Status);
        var id = Uri.EscapeDataString(started.Text("id")!);
        var ended = await _node.Until($"/api/v1/executions/{id}", a => a.Text("status") is "succeeded" or "failed");
        Assert.Equal(("succeeded", "manual", "run"), (ended.Text("status"), ended.Text("trigger"), ended.Text("job_name")));
        Assert.Equal(2, ended.Json.GetProperty("payload").GetProperty("b").GetInt32());
        Assert.Contains("\\\"b\\\":2", (await _node.Get($"/api/v1/executions/{id}/attempts/1/output")).Body, StringComparison.Ordinal);
        Assert.Contains(started.Text("id")!, (await _node.Until("/api/v1/executions?job=run&status=succeeded", a => a.Body.Contains("manual", StringComparison.Ordinal))).Body, StringComparison.Ordinal);

        var replay = await _node.Post($"/api/v1/executions/{id}/replay", null);
        var repeated = await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(replay.Text("id")!)}", a => a.Text("status") == "succeeded");
        Assert.Equal(("replay", started.Text("id"), 2), (repeated.Text("trigger"), repeated.Text("source"), repeated.Json.GetProperty("payload").GetProperty("b").GetInt32()));
        Assert.Equal(HttpStatusCode.Conflict, (await _node.Post($"/api/v1/executions/{id}/cancel", null)).Status);
    }

    [Fact]
    public async Task Of_many_documents_nothing_is_applied_when_one_is_wrong_and_that_one_is_named()
    {
        var documents = Enumerable.Range(0, 1000).Select(i => Documents.Simple($"bulk-{i}")).ToArray();
        var wrong = (string[])documents.Clone();
        wrong[731] = wrong[731].Replace("0 0 1 1 *", "0 0 31 2 *", StringComparison.Ordinal);
        var refused = await _node.Post("/api/v1/jobs:apply", $"[{string.Join(',', wrong)}]");
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        var error = Assert.Single(refused.Json.GetProperty("errors").EnumerateArray());
        Assert.Equal((731, "bulk-731"), (error.GetProperty("document").GetInt32(), error.GetProperty("name").GetString()));
        Assert.StartsWith("documents[731].schedule", error.GetProperty("field").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Get("/api/v1/jobs/bulk-0")).Status);

        var applied = await _node.Post("/api/v1/jobs:apply", $"[{string.Join(',', documents)}]");
        Assert.Equal((HttpStatusCode.OK, "1000"), (applied.Status, applied.Text("created")));
        var again = await _node.Post("/api/v1/jobs:apply", $"[{string.Join(',', documents)}]");
        Assert.Equal(("0", "1000"), (again.Text("created"), again.Text("unchanged")));
    }

    [Fact]
    public async Task What_is_exported_as_YAML_applies_elsewhere_and_exports_the_same()
    {
        // Not the shared node: what other tests put there asks for calendars that an empty node does not have.
        await using var node = await HostFixture.Start();
        await node.Post("/api/v1/jobs", Documents.Full);
        await node.Post("/api/v1/jobs:apply", $"[{string.Join(',', Enumerable.Range(0, 20).Select(i => Documents.Simple($"exported-{i}")))}]");
        await node.Until("/api/v1/jobs:export", a => a.Json.GetArrayLength() == 21);
        var yaml = await node.Send(HttpMethod.Get, "/api/v1/jobs:export", null, ("Accept", "application/yaml"));
        Assert.Equal("application/yaml", yaml.Type);

        await using var other = await HostFixture.Start();
        var applied = await other.Send(HttpMethod.Post, "/api/v1/jobs:apply?prune=true", Encoding.UTF8.GetBytes(yaml.Body), "application/yaml");
        Assert.True(applied.Status == HttpStatusCode.OK, applied.Body);
        var count = JobDocumentFile.ReadYaml(yaml.Body).Documents.Length;
        var exported = await other.Until("/api/v1/jobs:export", a => a.Json.GetArrayLength() == count);
        Assert.Equal((await node.Get("/api/v1/jobs:export")).Body, exported.Body);
    }

    [Fact]
    public async Task The_next_times_of_a_job_that_is_off_say_that_it_is_off()
    {
        await _node.Post("/api/v1/jobs", Documents.Simple("resting"));
        Assert.Null((await _node.Get("/api/v1/jobs/resting/next")).Text("note"));
        await _node.Post("/api/v1/jobs/resting/pause", "{\"reason\":\"rest\"}");
        var paused = await _node.Until("/api/v1/jobs/resting/next", a => a.Text("note") is not null);
        Assert.Contains("paused", paused.Text("note"), StringComparison.Ordinal);
        await _node.Post("/api/v1/jobs/resting/disable", "{}");
        var disabled = await _node.Until("/api/v1/jobs/resting/next", a => a.Text("note")!.Contains("disabled", StringComparison.Ordinal));
        Assert.NotEqual(0, disabled.Json.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task What_a_backfill_would_refuse_its_rehearsal_refuses_too()
    {
        await _node.Post("/api/v1/jobs", Documents.Simple("rehearsed"));
        foreach (var dryRun in new[] { "true", "false" })
        {
            string Range(string from, string to) => $$"""{"from":"{{from}}","to":"{{to}}","dry_run":{{dryRun}} }""";
            Assert.Equal(["from"], (await _node.Post("/api/v1/jobs/rehearsed/backfill", Range("0001-01-01T00:00:00Z", "2020-01-01T00:00:00Z"))).Fields);
            Assert.Equal(["to"], (await _node.Post("/api/v1/jobs/rehearsed/backfill", Range("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"))).Fields);
            Assert.Equal(["to"], (await _node.Post("/api/v1/jobs/rehearsed/backfill", Range("2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"))).Fields);
        }

        Assert.Equal("1", (await _node.Post("/api/v1/jobs/rehearsed/backfill", """{"from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","dry_run":true}""")).Text("total"));
        Assert.Equal(HttpStatusCode.OK, (await _node.Get("/api/v1/jobs/rehearsed/next?from=0001-01-01T00:00:00Z&count=2")).Status);
    }

    [Fact]
    public async Task Pause_and_resume_say_what_they_did_and_why_explains()
    {
        await _node.Post("/api/v1/jobs", $$"""{"name":"halt","schedule":"* * * * * *","webhook":{"url":"{{_node.Address}}/echo"} }""");
        var fired = await _node.Until("/api/v1/executions?job=halt&status=succeeded", a => a.Json.GetProperty("items").GetArrayLength() > 1);
        var slot = fired.Json.GetProperty("items")[0].GetProperty("scheduled_at").GetString();
        var why = await _node.Get($"/api/v1/jobs/halt/why?at={slot}");
        Assert.Equal("fired", why.Text("disposition"));
        Assert.Contains("fired on time", why.Text("sentence"), StringComparison.Ordinal);

        var paused = await _node.Post("/api/v1/jobs/halt/pause", """{"reason":"stocktaking"}""");
        Assert.Equal(("paused", "stocktaking"), (paused.Text("state"), paused.Text("pause_reason")));
        var at = paused.Json.GetProperty("paused_at").GetDateTimeOffset();
        var missed = new DateTimeOffset(at.Year, at.Month, at.Day, at.Hour, at.Minute, at.Second, TimeSpan.Zero).AddSeconds(1);
        var open = await _node.Until($"/api/v1/jobs/halt/why?at={missed:yyyy-MM-ddTHH:mm:ssZ}", a => a.Text("disposition") == "paused");
        Assert.Contains("stocktaking", open.Text("sentence"), StringComparison.Ordinal);
        await _node.Until("/api/v1/jobs/halt", _ => DateTimeOffset.UtcNow > missed.AddSeconds(1));

        var resumed = await _node.Post("/api/v1/jobs/halt/resume", """{"catch_up":"none"}""");
        Assert.True(resumed.Json.GetProperty("missed").GetInt64() >= 1, resumed.Body);
        var closed = await _node.Until($"/api/v1/jobs/halt/why?at={missed:yyyy-MM-ddTHH:mm:ssZ}", a => a.Text("disposition") == "not_run");
        Assert.Equal("paused", closed.Text("reason"));
        await _node.Send(HttpMethod.Delete, "/api/v1/jobs/halt", null);
    }

    [Fact]
    public async Task What_was_applied_a_moment_ago_is_in_the_export()
    {
        await using var node = await HostFixture.Start();
        for (var round = 0; round < 5; round++)
        {
            var names = Enumerable.Range(0, 20).Select(i => $"export-{round}-{i}").ToList();
            Assert.Equal(HttpStatusCode.OK, (await node.Post("/api/v1/jobs:apply", JsonSerializer.Serialize(names.Select(name => new { name, webhook = new { url = "http://127.0.0.1:9/" } })))).Status);
            var exported = (await node.Get("/api/v1/jobs:export")).Body;
            Assert.All(names, name => Assert.Contains($"\"{name}\"", exported, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_node_that_starts_again_finds_everything()
    {
        await using var node = await HostFixture.Start();
        await node.Post("/api/v1/jobs", Documents.Full);
        var before = await node.Get("/api/v1/jobs/full");
        var key = node.Key;
        await node.Stop();
        await node.StartAgain();
        Assert.Equal((before.Body, key), ((await node.Get("/api/v1/jobs/full")).Body, node.Key));
        Assert.Equal(HttpStatusCode.OK, (await node.Get("/health/ready")).Status);
    }

    [Fact]
    public async Task The_OpenAPI_document_names_every_operation_and_describes_what_it_answers()
    {
        var document = (await _node.Get("/openapi/v1.json")).Json;
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(p => p.Value.EnumerateObject().Where(o => o.Name is "get" or "put" or "post" or "patch" or "delete").Select(o => (Path: $"{o.Name} {p.Name}", Operation: o.Value))).ToList();
        Assert.All(operations.Where(o => o.Path.Contains("/api/v1/", StringComparison.Ordinal) && !o.Path.EndsWith("/metrics", StringComparison.Ordinal)),
            o => Assert.True(o.Operation.TryGetProperty("operationId", out _), $"{o.Path} has no operationId"));
        Assert.Contains(operations, o => o.Path == "patch /api/v1/jobs/{id}");
        var list = operations.Single(o => o.Path == "get /api/v1/jobs").Operation;
        Assert.Contains("limit", list.GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString()));
        var job = document.GetProperty("components").GetProperty("schemas").GetProperty("JobView").GetProperty("properties");
        Assert.Equal("date-time", job.GetProperty("created_at").GetProperty("format").GetString());
        Assert.True(job.TryGetProperty("concurrency_limit", out _));
        var execution = document.GetProperty("components").GetProperty("schemas").GetProperty("ExecutionBody").GetProperty("required").EnumerateArray().Select(r => r.GetString()).ToList();
        Assert.Contains("status", execution);
        Assert.DoesNotContain("finished_at", execution);
    }

    [Fact]
    public async Task A_read_model_is_rebuilt_on_request_and_is_as_it_was()
    {
        await using var node = await HostFixture.Start();
        await node.Post("/api/v1/jobs", """{"name":"kept","webhook":{"url":"http://127.0.0.1:9/"}}""");
        var started = await node.Post("/api/v1/jobs/kept/trigger", "{}");
        await node.Until($"/api/v1/executions/{Uri.EscapeDataString(started.Text("id")!)}", a => a.Text("status") == "failed" || a.Text("status") == "pending");
        await node.Until("/api/v1/jobs", a => a.Body.Contains("kept", StringComparison.Ordinal));
        foreach (var model in new[] { "catalog", "ledger" })
        {
            Assert.Equal(HttpStatusCode.Accepted, (await node.Post($"/api/v1/projections/{model}/rebuild", "")).Status);
        }

        await node.Until("/api/v1/projections", a => a.Json.GetProperty("items").EnumerateArray().All(p => p.GetProperty("state").GetString() == "following"));
        Assert.Contains("kept", (await node.Get("/api/v1/jobs")).Body, StringComparison.Ordinal);
        Assert.Contains(started.Text("id")!, (await node.Get("/api/v1/executions?job=kept")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Post("/api/v1/projections/none/rebuild", "")).Status);
    }

    [Fact]
    public async Task A_schedule_is_previewed_and_explained_without_a_job()
    {
        Assert.Contains("must be an instant with its offset, such as 2026-12-24T18:00:00Z\"", (await _node.Post("/api/v1/schedules/preview", """{"schedule":"30 2 * * *","from":"2026-01-01"}""")).Json.GetRawText(), StringComparison.Ordinal);
        var preview = await _node.Post("/api/v1/schedules/preview", """{"schedule":"30 2 * * *","timezone":"Europe/Berlin","from":"2026-03-28T00:00:00Z","to":"2026-03-31T00:00:00Z"}""");
        Assert.Equal(3, preview.Json.GetProperty("items").GetArrayLength());
        Assert.Equal("2026-03-28T02:30:00+01:00", preview.Json.GetProperty("items")[0].GetProperty("local").GetString());
        Assert.NotEqual(0, preview.Json.GetProperty("items")[1].GetProperty("notes").GetArrayLength());
        Assert.Equal("At 00:00 every day, UTC time.", (await _node.Post("/api/v1/schedules/explain", """{"schedule":"@daily"}""")).Text("sentence"));
        Assert.EndsWith("H was chosen by the name of the job (here 'preview', for want of another).", (await _node.Post("/api/v1/schedules/explain", """{"schedule":"H H * * *"}""")).Text("sentence"), StringComparison.Ordinal);
        Assert.EndsWith("H was chosen by the name of the job.", (await _node.Post("/api/v1/schedules/explain", """{"schedule":"H H * * *","job":"backup"}""")).Text("sentence"), StringComparison.Ordinal);
        Assert.Equal(["schedule", "timezone"], (await _node.Post("/api/v1/schedules/preview", """{"schedule":"0 0 * * 8","timezone":"Mars/Base"}""")).Fields);
    }

    [Fact]
    public async Task Who_sets_no_condition_is_not_refused_because_others_write_too()
    {
        await _node.Post("/api/v1/jobs", """{"name":"busy","webhook":{"url":"http://127.0.0.1:9/"} }""");
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => _node.Send(HttpMethod.Patch, "/api/v1/jobs/busy", $"{{\"tags\":{{\"t{i}\":\"1\"}} }}")));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.Status));
        Assert.Equal(30, (await _node.Get("/api/v1/jobs/busy")).Json.GetProperty("tags").EnumerateObject().Count());
    }

    [Fact]
    public async Task The_phases_of_a_plan_are_words()
    {
        await _node.Post("/api/v1/jobs", """{"name":"phases","webhook":{"url":"http://127.0.0.1:9/"} }""");
        await _node.Post("/api/v1/jobs/phases/pause", "");
        await _node.Until("/api/v1/jobs/phases/plans", a => a.Json.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("phase").ToString()).SequenceEqual(["active", "paused"]));
    }

    [Fact]
    public async Task A_backfill_is_counted_first_and_then_run_to_its_end()
    {
        await _node.Post("/api/v1/jobs", $$"""{"name":"fill","schedule":"0 0 * * *","webhook":{"url":"{{_node.Address}}/echo"} }""");
        const string range = "\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-01-06T00:00:00Z\"";
        Assert.Equal("5", (await _node.Post("/api/v1/jobs/fill/backfill", $"{{{range},\"dry_run\":true}}")).Text("total"));
        var started = await _node.Post("/api/v1/jobs/fill/backfill", $"{{{range},\"max_concurrent\":2}}");
        Assert.Equal(HttpStatusCode.Accepted, started.Status);
        var ended = await _node.Until(started.Location!, a => a.Text("ended_at") is not null);
        Assert.Equal("5", ended.Text("succeeded"));
        Assert.Equal(["to"], (await _node.Post("/api/v1/jobs/fill/backfill", "{\"from\":\"2026-01-06T00:00:00Z\",\"to\":\"2026-01-06T00:00:00Z\"}")).Fields);
    }
}

using System.Net;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Executions;

/// <summary>Executions that failed for good.</summary>
[Collection(NodeCollection.Name)]
public sealed class DeadLetterApiTests(SharedNode shared)
{
    private readonly HostFixture _node = shared.Node;

    [Fact]
    public async Task A_dead_letter_says_what_it_was_to_send_and_how_each_attempt_failed()
    {
        await using var receiver = await Receiver.Start();
        receiver.Answer = (_, _) => Task.FromResult(404);
        await Create("dead-one", receiver, """{"order":7}""");
        var id = await Fail("dead-one");
        var letter = (await _node.Get(PathOf(id))).Json;

        Assert.Equal("open", letter.GetProperty("execution").GetProperty("dead_letter").GetProperty("state").GetString());
        var attempt = Assert.Single(letter.GetProperty("execution").GetProperty("attempts").EnumerateArray());
        Assert.Equal((404, "4xx"), (attempt.GetProperty("status_code").GetInt32(), attempt.GetProperty("failure").GetString()));
        Assert.Equal(receiver.Url + "/", letter.GetProperty("request").GetProperty("job").GetProperty("webhook").GetProperty("url").GetString());
        Assert.Equal(7, letter.GetProperty("request").GetProperty("payload").GetProperty("order").GetInt32());
        Assert.Equal([id], await Listed("?job=dead-one"));
        Assert.Equal([id], await Listed("?job=dead-one&status=failed,lost"));
        Assert.Empty(await Listed("?job=dead-one&status=timed_out"));
    }

    [Fact]
    public async Task A_replay_with_another_payload_sends_that_and_closes_the_letter()
    {
        await using var receiver = await Receiver.Start();
        receiver.Answer = (r, _) => Task.FromResult(r.Body.Contains("bad", StringComparison.Ordinal) ? 400 : 200);
        await Create("dead-edited", receiver, """{"order":"bad"}""");
        var id = await Fail("dead-edited");
        var replay = await _node.Post(PathOf(id) + "/replay", """{"payload":{"order":"good"}}""");
        Assert.Equal(HttpStatusCode.Accepted, replay.Status);
        await Ends(replay.Text("id")!, "succeeded");

        Assert.Equal("""{"order":"good"}""", receiver.Requests.Last().Body);
        var letter = (await _node.Until(PathOf(id), a => a.Body.Contains("replayed", StringComparison.Ordinal))).Json.GetProperty("execution").GetProperty("dead_letter");
        Assert.Equal(("replayed", replay.Text("id")), (letter.GetProperty("state").GetString(), letter.GetProperty("replayed_as").GetString()));
        Assert.Empty(await Listed("?job=dead-edited"));
        Assert.Equal([id], await Listed("?job=dead-edited&state=replayed"));
    }

    [Fact]
    public async Task All_that_match_are_replayed_and_the_others_are_left_alone()
    {
        await using var receiver = await Receiver.Start();
        receiver.Answer = (_, _) => Task.FromResult(400);
        await Create("dead-many", receiver, """{"n":1}""");
        await Create("dead-other", receiver, """{"n":2}""");
        var ids = new HashSet<string>();
        for (var n = 0; n < 4; n++)
        {
            ids.Add(await Fail("dead-many"));
        }

        var other = await Fail("dead-other");
        receiver.Answer = (_, _) => Task.FromResult(200);
        var tried = (await _node.Post("/api/v1/dead-letters:replay", """{"job":"dead-many","dry_run":true}""")).Json;
        Assert.Equal((4, 0, false), (tried.GetProperty("matched").GetInt32(), tried.GetProperty("done").GetInt32(), tried.GetProperty("more").GetBoolean()));

        var some = (await _node.Post("/api/v1/dead-letters:replay", """{"job":"dead-many","limit":3}""")).Json;
        Assert.Equal((3, 3, true), (some.GetProperty("matched").GetInt32(), some.GetProperty("done").GetInt32(), some.GetProperty("more").GetBoolean()));
        var rest = (await _node.Post("/api/v1/dead-letters:replay", """{"job":"dead-many"}""")).Json;
        Assert.Equal((1, false), (rest.GetProperty("done").GetInt32(), rest.GetProperty("more").GetBoolean()));
        var runs = some.GetProperty("items").EnumerateArray().Concat(rest.GetProperty("items").EnumerateArray()).ToList();
        Assert.Equal(ids, runs.Select(i => i.GetProperty("id").GetString()!).ToHashSet());
        foreach (var run in runs)
        {
            await Ends(run.GetProperty("replayed_as").GetString()!, "succeeded");
        }

        Assert.Empty(await Listed("?job=dead-many"));
        Assert.Equal([other], await Listed("?job=dead-other"));
    }

    [Fact]
    public async Task What_is_dropped_is_open_no_more_and_stays_in_the_ledger()
    {
        await using var receiver = await Receiver.Start();
        receiver.Answer = (_, _) => Task.FromResult(400);
        await Create("dead-drop", receiver, """{"n":1}""");
        var (one, two, three) = (await Fail("dead-drop"), await Fail("dead-drop"), await Fail("dead-drop"));
        Assert.Equal(HttpStatusCode.NoContent, (await _node.Send(HttpMethod.Delete, PathOf(one), null)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await _node.Send(HttpMethod.Delete, PathOf(one), null)).Status);
        Assert.Equal([three, two], await Listed("?job=dead-drop"));
        Assert.Equal([one], await Listed("?job=dead-drop&state=dropped"));
        Assert.Equal("failed", (await _node.Get($"/api/v1/executions/{Uri.EscapeDataString(one)}")).Text("status"));
        Assert.Equal(HttpStatusCode.Conflict, (await _node.Post(PathOf(one) + "/replay", null)).Status);

        Assert.Equal("2", (await _node.Post("/api/v1/dead-letters:drop", """{"job":"dead-drop"}""")).Text("done"));
        Assert.Empty(await Listed("?job=dead-drop"));
    }

    [Fact]
    public async Task A_wrong_question_is_refused_by_its_field()
    {
        await using var receiver = await Receiver.Start();
        await Create("dead-none", receiver, """{"n":1}""");
        var run = (await _node.Post("/api/v1/jobs/dead-none/trigger", null)).Text("id")!;
        await Ends(run, "succeeded");

        Assert.Equal(HttpStatusCode.NotFound, (await _node.Get(PathOf(run))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Post(PathOf(run) + "/replay", null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Send(HttpMethod.Delete, PathOf("nothing"), null)).Status);
        Assert.Equal(["state"], (await _node.Get("/api/v1/dead-letters?state=gone")).Fields);
        Assert.Equal(["status"], (await _node.Get("/api/v1/dead-letters?status=succeeded")).Fields);
        Assert.Equal(["all"], (await _node.Post("/api/v1/dead-letters:replay", "{}")).Fields);
        Assert.Equal(["limit"], (await _node.Post("/api/v1/dead-letters:drop", """{"all":true,"limit":0}""")).Fields);
        Assert.Equal(["payload"], (await _node.Post("/api/v1/dead-letters:drop", """{"job":"dead-none","payload":1}""")).Fields);
        Assert.Equal(["tag"], (await _node.Post("/api/v1/dead-letters:drop", """{"tag":"="}""")).Fields);
    }

    private static string PathOf(string id) => $"/api/v1/dead-letters/{Uri.EscapeDataString(id)}";

    private async Task Create(string name, Receiver receiver, string payload) => Assert.Equal(HttpStatusCode.Created, (await _node.Post(
        "/api/v1/jobs", $$"""{"name":"{{name}}","webhook":{"url":"{{receiver.Url}}/"},"payload":{{payload}},"retry":{"max_attempts":1} }""")).Status);

    private async Task<string> Fail(string job)
    {
        var id = (await _node.Post($"/api/v1/jobs/{job}/trigger", """{"force":true}""")).Text("id")!;
        await Ends(id, "failed");
        return id;
    }

    private Task Ends(string id, string status) => _node.Until($"/api/v1/executions/{Uri.EscapeDataString(id)}", a => a.Text("status") == status);

    private async Task<string[]> Listed(string query) =>
        [.. (await _node.Get($"/api/v1/dead-letters{query}")).Json.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetString()!)];
}

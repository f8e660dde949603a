using System.Text.Json;
using Chronos.Tests.Cli.Kit;
using Xunit;

namespace Chronos.Tests.Cli;

/// <summary>What each verb sends, and what it says when that was done.</summary>
public sealed class JobVerbTests
{
    private const string Job = """{"job_id":"0123456789ABCDEF","name":"j","revision":4,"state":"active","next_at":"2026-03-29T00:00:00Z","missed":3,"caught_up":1,"paused_until":"2026-03-28T14:00:00Z"}""";
    private const string Execution = "0123456789ABCDEF@2026-03-29T01:00:00Z";
    private const string ExecutionPath = "/api/v1/executions/0123456789ABCDEF%402026-03-29T01%3A00%3A00Z";

    public static readonly TheoryData<string[], string, string, string?> Sent = new()
    {
        { ["job", "get", "j"], "GET", "/api/v1/jobs/j", null },
        { ["job", "get", "a/b ?"], "GET", "/api/v1/jobs/a%2Fb%20%3F", null },
        { ["job", "list", "--search", "night ly", "--tag", "team=data", "--enabled", "false", "--sort", "-updated_at", "--limit", "5", "--cursor", "c"], "GET", "/api/v1/jobs?limit=5&cursor=c&q=night%20ly&tag=team%3Ddata&enabled=false&sort=-updated_at", null },
        { ["job", "delete", "j"], "DELETE", "/api/v1/jobs/j", null },
        { ["job", "trigger", "j"], "POST", "/api/v1/jobs/j/trigger", "{}" },
        { ["job", "trigger", "j", "--force", "--payload", """{"a":1}"""], "POST", "/api/v1/jobs/j/trigger", """{"payload":{"a":1},"force":true}""" },
        { ["job", "pause", "j", "--reason", "migration", "--for", "2h"], "POST", "/api/v1/jobs/j/pause", """{"reason":"migration","until":"2026-03-28T14:00:00Z"}""" },
        { ["job", "pause", "j", "--until", "+30m"], "POST", "/api/v1/jobs/j/pause", """{"until":"2026-03-28T12:30:00Z"}""" },
        { ["job", "resume", "j"], "POST", "/api/v1/jobs/j/resume", "{}" },
        { ["job", "resume", "j", "--catch-up", "all"], "POST", "/api/v1/jobs/j/resume", """{"catch_up":"all"}""" },
        { ["job", "enable", "j"], "POST", "/api/v1/jobs/j/enable", "" },
        { ["job", "disable", "j"], "POST", "/api/v1/jobs/j/disable", "" },
        { ["job", "versions", "j"], "GET", "/api/v1/jobs/j/versions", null },
        { ["job", "versions", "j", "3"], "GET", "/api/v1/jobs/j/versions/3", null },
        { ["job", "diff", "j", "2", "3"], "GET", "/api/v1/jobs/j/versions/2/diff/3", null },
        { ["job", "rollback", "j", "2"], "POST", "/api/v1/jobs/j/rollback/2", "" },
        { ["job", "next", "j", "--count", "3", "--from", "now"], "GET", "/api/v1/jobs/j/next?count=3&from=2026-03-28T12%3A00%3A00Z", null },
        { ["job", "update", "j", "--set", "retry.max_attempts=5", "--set", "retry.jitter=0.5", "--set", "description=null", "--set", "schedule=0 3 * * *", "--set", @"webhook.headers.X\.A=""1"""], "PATCH", "/api/v1/jobs/j",
            """{"retry":{"max_attempts":5,"jitter":0.5},"description":null,"schedule":"0 3 * * *","webhook":{"headers":{"X.A":"1"}}}""" },
        { ["job", "update", "j", "--set", "owner=me", "--dry-run"], "PATCH", "/api/v1/jobs/j?dry_run=true", """{"owner":"me"}""" },
        { ["execution", "list", "--job", "j", "--status", "failed", "--from", "-1h", "--to", "now"], "GET", "/api/v1/executions?job=j&status=failed&from=2026-03-28T11%3A00%3A00Z&to=2026-03-28T12%3A00%3A00Z", null },
        { ["execution", "get", Execution], "GET", ExecutionPath, null },
        { ["execution", "cancel", Execution], "POST", $"{ExecutionPath}/cancel", "{}" },
        { ["execution", "replay", Execution], "POST", $"{ExecutionPath}/replay", "{}" },
        { ["execution", "output", Execution, "--attempt", "2"], "GET", $"{ExecutionPath}/attempts/2/output", null },
        { ["why", "j", "2026-03-29T03:00:00+02:00"], "GET", "/api/v1/jobs/j/why?at=2026-03-29T01%3A00%3A00Z", null },
        { ["why", "j", "-1h"], "GET", "/api/v1/jobs/j/why?at=2026-03-28T11%3A00%3A00Z", null },
        { ["slots", "j", "--from", "-2h", "--to", "now"], "GET", "/api/v1/jobs/j/slots?from=2026-03-28T10%3A00%3A00Z&to=2026-03-28T12%3A00%3A00Z", null },
        { ["dlq", "list", "--limit", "9"], "GET", "/api/v1/dead-letters?limit=9", null },
        { ["dlq", "list", "--state", "dropped", "--from", "-1h"], "GET", "/api/v1/dead-letters?state=dropped&from=2026-03-28T11%3A00%3A00Z", null },
        { ["dlq", "get", Execution], "GET", "/api/v1/dead-letters/0123456789ABCDEF%402026-03-29T01%3A00%3A00Z", null },
        { ["dlq", "drop", Execution], "DELETE", "/api/v1/dead-letters/0123456789ABCDEF%402026-03-29T01%3A00%3A00Z", "" },
        { ["dlq", "replay", Execution, "--payload", "7"], "POST", "/api/v1/dead-letters/0123456789ABCDEF%402026-03-29T01%3A00%3A00Z/replay", """{"payload":7}""" },
        { ["dlq", "replay", Execution], "POST", "/api/v1/dead-letters/0123456789ABCDEF%402026-03-29T01%3A00%3A00Z/replay", "{}" },
        { ["target", "list", "--circuit", "open"], "GET", "/api/v1/targets?circuit=open", null },
        { ["target", "get", "https://a:443"], "GET", "/api/v1/targets/https%3A%2F%2Fa%3A443", null },
        { ["target", "reset", "https://a:443"], "POST", "/api/v1/targets/https%3A%2F%2Fa%3A443/reset", "{}" },
        { ["operation", "list", "j"], "GET", "/api/v1/jobs/j/backfills", null },
        { ["operation", "get", "0123456789ABCDEF~1"], "GET", "/api/v1/operations/0123456789ABCDEF~1", null },
        { ["operation", "cancel", "0123456789ABCDEF~1"], "POST", "/api/v1/operations/0123456789ABCDEF~1/cancel", "" },
        { ["cluster", "show"], "GET", "/api/v1/cluster", null },
        { ["cluster", "timetables"], "GET", "/api/v1/cluster/timetables", null },
        { ["cluster", "members"], "GET", "/api/v1/cluster/members", null },
        { ["doctor"], "GET", "/api/v1/doctor", null },
        { ["cluster", "shards"], "GET", "/api/v1/cluster/shards", null },
        { ["cluster", "leave", "one:4053"], "PUT", "/api/v1/cluster/members/one%3A4053", """{"operation":"leave"}""" },
        { ["cluster", "down", "one:4053"], "PUT", "/api/v1/cluster/members/one%3A4053", """{"operation":"down"}""" },
        { ["stats"], "GET", "/api/v1/stats", null },
        { ["stats", "--from", "-24h"], "GET", "/api/v1/stats?from=2026-03-27T12%3A00%3A00Z", null },
        { ["key", "list"], "GET", "/api/v1/keys", null },
        { ["key", "revoke", "abcd1234", "--reason", "left"], "DELETE", "/api/v1/keys/abcd1234?reason=left", null },
        { ["health"], "GET", "/health/ready", null },
    };

    [Theory]
    [MemberData(nameof(Sent))]
    public async Task A_verb_sends_its_request(string[] args, string method, string path, string? body)
    {
        await using var node = await StandInNode.AnsweringAsync(Job.Insert(1, $"\"id\":\"{Execution}\",\"status\":\"running\",\"sentence\":\"It ran.\","));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, args);

        Assert.Equal((0, ""), (result.Exit, result.Error.Replace("(none)\n", "", StringComparison.Ordinal)));
        Assert.Equal((method, path), (node.Only.Method, node.Only.Path));
        Assert.Equal(body ?? "", node.Only.Body);
        Assert.Equal(method == "POST" || args is ["job", "delete", ..], node.Only.Header("Idempotency-Key") is { Length: > 0 });
        Assert.Equal(method == "PATCH" ? "application/merge-patch+json" : body is { Length: > 0 } ? "application/json" : null, node.Only.ContentType);
    }

    public static readonly TheoryData<string[], string> Said = new()
    {
        { ["job", "pause", "j", "--for", "2h"], "paused j until 2026-03-28T14:00:00Z\n" },
        { ["job", "resume", "j"], "resumed j: 3 slots missed, 1 caught up\n" },
        { ["job", "enable", "j"], "enabled j\n" },
        { ["job", "disable", "j"], "disabled j\n" },
        { ["job", "delete", "j"], "deleted j\n" },
        { ["job", "rollback", "j", "2"], "j is as in revision 2 again, now revision 4\n" },
        { ["job", "update", "j", "--set", "owner=me"], "updated j, revision 4\n" },
        { ["job", "create", "--name", "j", "--url", "http://127.0.0.1:1/"], "created j (0123456789ABCDEF), next at 2026-03-29T00:00:00Z\n" },
        { ["job", "create", "--name", "j", "--url", "http://127.0.0.1:1/", "-q"], "0123456789ABCDEF\n" },
    };

    [Theory]
    [MemberData(nameof(Said))]
    public async Task A_verb_says_what_was_done(string[] args, string sentence)
    {
        await using var node = await StandInNode.AnsweringAsync(Job);
        using var cli = new CliRun();

        Assert.Equal(new CliResult(0, sentence, ""), await cli.AtAsync(node, args));
    }

    [Fact]
    public async Task Create_makes_the_document_of_its_flags()
    {
        await using var node = await StandInNode.AnsweringAsync(Job);
        using var cli = new CliRun();
        cli.Write("body.json", """{"hello": "world"}""");

        var result = await cli.AtAsync(node, "job", "create", "--name", "j", "--schedule", "@every 90s", "--timezone", "Europe/Berlin", "--url", "https://example.com/hook",
            "--method", "PUT", "--body", "@body.json", "--header", "X-A=1", "-H", "X-B=2=3", "--tag", "team=data", "--max-attempts", "5", "--timeout", "30s",
            "--concurrency", "forbid", "--misfire", "all", "--priority", "high", "--description", "text", "--owner", "me", "--disabled");

        Assert.Equal((0, ""), (result.Exit, result.Error));
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(
            """
            {"name":"j","description":"text","enabled":false,"schedule":"@every 90s","timezone":"Europe/Berlin",
             "webhook":{"url":"https://example.com/hook","method":"PUT","headers":{"X-A":"1","X-B":"2=3"},"body":{"hello":"world"}},
             "timeout":"30s","retry":{"max_attempts":5},"concurrency":"forbid","misfire":{"policy":"all"},"priority":"high","tags":{"team":"data"},"owner":"me"}
            """).RootElement, JsonDocument.Parse(node.Only.Body).RootElement), node.Only.Body);
    }

    [Fact]
    public async Task Create_and_update_read_one_document_from_a_file()
    {
        await using var node = await StandInNode.AnsweringAsync(Job);
        using var cli = new CliRun();
        cli.Write("job.yaml", "name: j\nschedule: \"0 2 * * *\"\nwebhook: { url: http://127.0.0.1:1/ }\n");

        Assert.Equal(0, (await cli.AtAsync(node, "job", "create", "-f", "job.yaml")).Exit);
        Assert.Equal(0, (await cli.AtAsync(node, "job", "update", "j", "-f", "job.yaml", "--if-match", "7")).Exit);

        Assert.Equal([("POST", "/api/v1/jobs"), ("PUT", "/api/v1/jobs/j")], node.Seen.Select(s => (s.Method, s.Path)));
        Assert.All(node.Seen, s => Assert.Equal("""{"name":"j","schedule":"0 2 * * *","webhook":{"url":"http://127.0.0.1:1/"}}""", s.Body));
        Assert.Equal("\"7\"", node.Seen[1].Header("If-Match"));
    }

    [Fact]
    public async Task Diff_with_one_revision_compares_with_the_current_one()
    {
        await using var node = await StandInNode.StartAsync(seen => new CannedAnswer(200, seen.Path.EndsWith("/j", StringComparison.Ordinal)
            ? Job : """{"changes":[{"path":"retry.max_attempts","from":3,"to":5},{"path":"owner","from":null,"to":"me"}]}"""));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "diff", "j", "2");

        Assert.Equal("/api/v1/jobs/j/versions/2/diff/4", node.Seen[1].Path);
        Assert.Equal(["PATH                FROM  TO", "retry.max_attempts  3     5", "owner               -     me"], result.OutLines);
    }

    [Fact]
    public async Task Why_prints_the_sentence()
    {
        await using var node = await StandInNode.AnsweringAsync("""{"at":"2026-03-29T01:00:00Z","disposition":"fired","sentence":"It fired 3 ms after its time and succeeded."}""");
        using var cli = new CliRun();

        Assert.Equal("It fired 3 ms after its time and succeeded.\n", (await cli.AtAsync(node, "why", "j", "2026-03-29T01:00:00Z")).Out);
    }

    [Fact]
    public async Task Export_passes_the_servers_yaml_through()
    {
        await using var node = await StandInNode.AnsweringAsync(new CannedAnswer(200, "name: a\n---\nname: b\n", "application/yaml"));
        using var cli = new CliRun();

        Assert.Equal("name: a\n---\nname: b\n", (await cli.AtAsync(node, "job", "export")).Out);
        Assert.Equal("application/yaml", node.Only.Header("Accept"));
    }

    [Fact]
    public async Task Output_is_printed_byte_for_byte()
    {
        const string raw = "a\u0001b\r\nno newline at the end";
        await using var node = await StandInNode.StartAsync(seen => seen.Path.EndsWith("/output", StringComparison.Ordinal)
            ? new CannedAnswer(200, raw, "text/plain")
            : new CannedAnswer(200, """{"attempts":[{"number":1},{"number":2}]}"""));
        using var cli = new CliRun();

        Assert.Equal(raw, (await cli.AtAsync(node, "execution", "output", Execution)).Out);
        Assert.EndsWith("/attempts/2/output", node.Seen[1].Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_is_not_ready_is_exit_code_1_with_its_reasons()
    {
        await using var node = await StandInNode.AnsweringAsync(new CannedAnswer(503, """{"status":"unhealthy","checks":{"journal":"down"}}"""));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "health");

        Assert.Equal(1, result.Exit);
        Assert.Contains("checks.journal: down", result.Out, StringComparison.Ordinal);
    }
}

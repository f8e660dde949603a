using System.Diagnostics;
using System.Text.Json;
using Chronos.Tests.Cli.Kit;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cli;

/// <summary>The verbs against a node that <c>chronosctl dev</c> started, with a target that really receives.</summary>
[Trait("speed", "slow")]
public sealed class RealNodeTests(DevNode node) : IClassFixture<DevNode>
{
    [Fact]
    public async Task A_job_lives_its_whole_life()
    {
        await using var target = await StandInNode.AnsweringAsync(new CannedAnswer(200, """{"answer":42}"""));

        await DoneAsync("job", "create", "--name", "life", "--schedule", "0 2 * * *", "--timezone", "Europe/Berlin", "--url", target.Url, "--body", """{"hello":"world"}""", "--tag", "team=data");
        Assert.Equal(6, (await node.RunAsync("job", "create", "--name", "life", "--url", target.Url)).Exit);

        var run = await DoneAsync("job", "trigger", "life", "--wait", "-o", "json");
        var id = Json(run).GetProperty("id").GetString()!;
        Assert.Equal("succeeded", Json(run).GetProperty("status").GetString());
        Assert.Equal(id, target.Only.Header("Idempotency-Key"));
        Assert.Equal("""{"answer":42}""", (await DoneAsync("execution", "output", id)).Out);
        Assert.Contains("attempts:", (await DoneAsync("execution", "get", id)).Out, StringComparison.Ordinal);

        Assert.Equal("paused life until 2099-01-01T00:00:00Z\n", (await DoneAsync("job", "pause", "life", "--reason", "test", "--until", "2099-01-01T00:00:00Z")).Out);
        Assert.Equal("resumed life: 0 slots missed, 0 caught up\n", (await DoneAsync("job", "resume", "life")).Out);

        await DoneAsync("job", "update", "life", "--set", "retry.max_attempts=7", "--set", "owner=me");
        Assert.Equal(6, (await node.RunAsync("job", "update", "life", "--set", "owner=you", "--if-match", "1")).Exit);
        Assert.Equal("2\n1\n", (await DoneAsync("job", "versions", "life", "-q")).Out);
        var changed = (await DoneAsync("job", "diff", "life", "1", "-q")).OutLines;
        Assert.Equal(2, changed.Length);
        Assert.Contains("owner", changed);
        Assert.Contains(changed, path => path.StartsWith("retry", StringComparison.Ordinal));
        await DoneAsync("job", "rollback", "life", "1");
        Assert.False(Json(await DoneAsync("job", "get", "life", "-o", "json")).TryGetProperty("owner", out var owner) && owner.ValueKind == JsonValueKind.String);

        Assert.Equal(3, (await DoneAsync("job", "next", "life", "--count", "3", "-q")).OutLines.Length);
        Assert.Equal(1, (await node.RunAsync("job", "update", "life", "--set", "webhook.url=17")).Exit);
        await DoneAsync("job", "delete", "life");
        Assert.Equal(3, (await node.RunAsync("job", "get", "life")).Exit);
    }

    [Fact]
    public async Task A_target_ends_its_attempts_with_the_token_that_it_was_given()
    {
        await using var target = await StandInNode.AnsweringAsync(new CannedAnswer(202, ""));
        await DoneAsync("job", "create", "--name", "later", "--url", target.Url);
        await DoneAsync("job", "update", "later", "--set", "webhook.callback=true", "--set", "retry.max_attempts=1");
        var id = Json(await DoneAsync("job", "trigger", "later", "-o", "json")).GetProperty("id").GetString()!;
        for (; Json(await DoneAsync("execution", "get", id, "-o", "json")).GetProperty("attempts")[0].TryGetProperty("callback", out _) is false;)
        {
            await Task.Yield();
        }

        var token = target.Only.Header("X-Chronos-Callback-Token")!;
        Assert.Contains($"{id} waits until ", (await DoneAsync("callback", "heartbeat", token, "--progress", "40", "--message", "half")).Out, StringComparison.Ordinal);
        Assert.Contains("half", (await DoneAsync("execution", "get", id)).Out, StringComparison.Ordinal);
        Assert.Equal(2, (await node.RunAsync("callback", "complete", token, "--output-json", "{")).Exit);
        Assert.Equal($"{id} succeeded\n", (await DoneAsync("callback", "complete", token, "--output-json", "[42]")).Out);
        Assert.Equal("[42]", (await DoneAsync("execution", "output", id)).Out);
        await File.WriteAllTextAsync(Path.Combine(node.Folder, "large.txt"), "by hand", TestContext.Current.CancellationToken);
        Assert.Equal("kept 7 bytes of attempt 1\n", (await DoneAsync("execution", "put-output", id, "large.txt", "--content-type", "text/plain")).Out);
        Assert.Equal("by hand", (await DoneAsync("execution", "output", id)).Out);
        Assert.Equal(2, (await node.RunAsync("execution", "put-output", id, "nowhere.txt")).Exit);
        Assert.Equal(6, (await node.RunAsync("callback", "fail", token, "--error", "late")).Exit);
        Assert.Equal(3, (await node.RunAsync("callback", "complete", "nonsense")).Exit);
    }

    [Fact]
    public async Task What_get_writes_update_reads()
    {
        await DoneAsync("job", "create", "--name", "round", "--url", "http://127.0.0.1:9/", "--disabled");
        await File.WriteAllTextAsync(Path.Combine(node.Folder, "round.yaml"), (await DoneAsync("job", "get", "round", "-o", "yaml")).Out, TestContext.Current.CancellationToken);

        Assert.Contains("updated round", (await DoneAsync("job", "update", "round", "-f", "round.yaml")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_export_and_apply_again_changes_nothing()
    {
        await File.WriteAllTextAsync(Path.Combine(node.Folder, "two.yaml"), "name: two-a\nenabled: false\nschedule: \"@daily\"\nwebhook: { url: http://127.0.0.1:9/ }\n---\nname: two-b\nwebhook: { url: http://127.0.0.1:9/ }\n", TestContext.Current.CancellationToken);

        Assert.Equal(2, Json(await DoneAsync("job", "apply", "-f", "two.yaml", "--dry-run", "-o", "json")).GetProperty("created").GetInt32());
        Assert.Equal(3, (await node.RunAsync("job", "get", "two-a")).Exit);
        Assert.Contains("two.yaml:2", (await DoneAsync("job", "apply", "-f", "two.yaml")).Out, StringComparison.Ordinal);
        Assert.Equal("2 unchanged\n", (await DoneAsync("job", "apply", "-f", "two.yaml")).Error);

        await UntilAsync(async () => (await DoneAsync("job", "list", "--search", "two", "-q")).OutLines.Length == 2);
        await File.WriteAllTextAsync(Path.Combine(node.Folder, "exported.yaml"), (await DoneAsync("job", "export")).Out, TestContext.Current.CancellationToken);
        var again = Json(await DoneAsync("job", "apply", "-f", "exported.yaml", "-o", "json"));
        Assert.Equal(0, again.GetProperty("created").GetInt32() + again.GetProperty("updated").GetInt32());
    }

    [Fact]
    public async Task Slots_that_fired_can_be_explained_followed_and_filled_again()
    {
        await using var target = await StandInNode.AnsweringAsync("{}");
        await DoneAsync("job", "create", "--name", "each-second", "--schedule", "* * * * * *", "--url", target.Url);

        var seen = (await DoneAsync("execution", "tail", "--job", "each-second", "--count", "2", "--interval", "200ms", "-o", "json")).OutLines;
        var ended = seen.Select(line => JsonDocument.Parse(line).RootElement).First(e => e.GetProperty("status").GetString() == "succeeded");
        var at = ended.GetProperty("scheduled_at").GetString()!;

        var why = Json(await DoneAsync("why", "each-second", at, "-o", "json"));
        Assert.Equal("fired", why.GetProperty("disposition").GetString());
        Assert.Contains(at, (await DoneAsync("slots", "each-second")).Out, StringComparison.Ordinal);
        Assert.NotEmpty((await DoneAsync("why", "each-second", "+1h")).Out);

        var filled = Json(await DoneAsync("backfill", "each-second", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T00:00:03Z", "--max-concurrent", "2", "--wait", "-o", "json"));
        Assert.Equal((3, 3), (filled.GetProperty("total").GetInt32(), filled.GetProperty("succeeded").GetInt32()));
        Assert.Contains(filled.GetProperty("operation").GetString()!, (await DoneAsync("operation", "list", "each-second", "-q")).Out, StringComparison.Ordinal);

        await DoneAsync("job", "disable", "each-second");
        var refused = await node.RunAsync("backfill", "each-second", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T00:00:03Z");
        Assert.NotEqual(0, refused.Exit);
        Assert.Contains("the job is disabled", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_does_what_its_scopes_allow_until_it_is_revoked()
    {
        var key = Json(await DoneAsync("key", "create", "reader", "--scope", "jobs:read", "-o", "json"));
        var (id, secret) = (key.GetProperty("id").GetString()!, key.GetProperty("key").GetString()!);

        await UntilAsync(async () => (await node.RunAsync("job", "list", "--key", secret)).Exit == 0);
        Assert.Equal(4, (await node.RunAsync("job", "create", "--name", "forbidden", "--url", "http://127.0.0.1:9/", "--key", secret)).Exit);
        Assert.Contains(id, (await DoneAsync("key", "list", "-q")).OutLines);
        await DoneAsync("key", "revoke", id);
        await UntilAsync(async () => (await node.RunAsync("job", "list", "--key", secret)).Exit == 4);
    }

    [Fact]
    public async Task The_node_says_how_it_is()
    {
        Assert.Contains("status:", (await DoneAsync("health")).Out, StringComparison.Ordinal);
        Assert.Contains("leader:", (await DoneAsync("cluster", "show")).Out, StringComparison.Ordinal);
        Assert.NotEmpty((await DoneAsync("stats")).Out);
        await DoneAsync("cluster", "members");
        await DoneAsync("cluster", "timetables");
        await DoneAsync("dlq", "list");
        await DoneAsync("target", "list");
        Assert.Equal(3, (await node.RunAsync("target", "get", "https://nowhere.example:443")).Exit);
        Assert.Equal(3, (await node.RunAsync("execution", "get", "nothing")).Exit);
        Assert.Equal(4, (await node.RunAsync("job", "list", "--key", "wrong")).Exit);
    }

    [Fact]
    public async Task Verify_finds_nothing_on_a_sound_node_and_what_was_taken_out_of_a_receivers_log()
    {
        var (log, port) = (Path.Combine(node.Folder, "got.jsonl"), TestPort.Free());
        using var receiver = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "chronosctl"), ["receiver", "--port", $"{port}", "--log", log]) { RedirectStandardOutput = true })!;
        Assert.Contains("receives on", await receiver.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await DoneAsync("job", "create", "--name", "checked", "--schedule", "* * * * * *", "--url", $"http://127.0.0.1:{port}/");
        await DoneAsync("job", "create", "--name", "checked-too", "--every", "2s", "--concurrency", "forbid", "--url", $"http://127.0.0.1:{port}/");
        string[] verify = ["verify", "--job", "checked", "--job", "checked-too", "--received", log, "--late", "30s", "-o", "json"];
        await UntilAsync(async () => Json(await node.RunAsync(verify)).GetProperty("slots").GetInt64() >= 6);
        var sound = await DoneAsync(verify);
        Assert.Equal((2, 0), (Json(sound).GetProperty("jobs").GetInt32(), Json(sound).GetProperty("findings").GetArrayLength()));

        // The oldest delivery vanishes from the log, and another one is there twice.
        await DoneAsync("job", "disable", "checked");
        await DoneAsync("job", "disable", "checked-too");
        receiver.Kill();
        await receiver.WaitForExitAsync(TestContext.Current.CancellationToken);
        var lines = await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(log, [.. lines.Skip(1), lines[1]], TestContext.Current.CancellationToken);
        var harmed = await node.RunAsync(verify);
        Assert.Equal(1, harmed.Exit);
        Assert.Equal("error: 1 missed, 1 doubled", harmed.ErrorLines[^1]);
        Assert.Equal(2, (await node.RunAsync("verify", "--from", "now")).Exit);
        Assert.Equal(2, (await node.RunAsync("verify", "--received", "nowhere")).Exit);
        await File.WriteAllTextAsync(log, "garbage", TestContext.Current.CancellationToken);
        Assert.Equal(2, (await node.RunAsync("verify", "--received", log)).Exit);
        Assert.Equal(3, (await node.RunAsync("verify", "--job", "nobody")).Exit);
    }

    private async Task<CliResult> DoneAsync(params string[] args)
    {
        var result = await node.RunAsync(args);
        Assert.True(result.Exit == 0, $"chronosctl {string.Join(' ', args)}: {result.Exit}\n{result.Out}{result.Error}");
        return result;
    }

    private static JsonElement Json(CliResult result) => JsonDocument.Parse(result.Out).RootElement;

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), patience.Token);
        }
    }
}

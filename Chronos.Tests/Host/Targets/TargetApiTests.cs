using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Targets;

/// <summary>Limits, and what the API tells of targets.</summary>
[Collection(NodeCollection.Name)]
public sealed class TargetApiTests(SharedNode shared)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly HostFixture _node = shared.Node;

    [Fact]
    public async Task A_limit_of_its_target_lets_one_leave_at_a_time_and_a_wait_burns_no_timeout()
    {
        await using var receiver = await Receiver.Start();
        var (now, most) = (0, 0);
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        receiver.Answer = async (_, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            await open.Task;
            Interlocked.Decrement(ref now);
            return 200;
        };
        await Create("flow-one", receiver, """{"target":{"concurrency":1}}""", timeout: "20s");
        await Create("flow-two", receiver, null, timeout: "1s");
        string[] runs = [await Trigger("flow-one"), await Trigger("flow-one"), await Trigger("flow-two"), await Trigger("flow-two")];
        var target = await _node.Until(PathOf(receiver), a => a.Status == HttpStatusCode.OK && a.Json.GetProperty("waiting").GetInt32() == 3);
        Assert.Equal((1, 1), (target.Json.GetProperty("in_flight").GetInt32(), target.Json.GetProperty("limits").GetProperty("concurrency").GetInt32()));
        Assert.Equal("http", Assert.Single(target.Json.GetProperty("protocols").EnumerateArray()).GetString());

        // Longer than the timeout of those that wait.
        var waited = Stopwatch.StartNew();
        await Eventually.True(() => waited.Elapsed > TimeSpan.FromSeconds(1.5), Patience);
        open.SetResult();
        foreach (var run in runs)
        {
            await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(run)}", a => a.Text("status") == "succeeded");
        }

        Assert.Equal(1, most);
        Assert.Equal(4, receiver.Requests.Count);
        Assert.Equal("4", (await _node.Until(PathOf(receiver), a => a.Text("waiting") == "0")).Text("succeeded_per_minute"));
    }

    [Theory]
    [InlineData("limits", """{"concurrency":1}""")]
    [InlineData("concurrency_key", "\"look-key\"")]
    public async Task What_waits_for_a_limit_is_pending_and_has_not_started_until_it_is_sent(string field, string value)
    {
        await using var receiver = await Receiver.Start();
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        receiver.Answer = async (_, _) =>
        {
            await open.Task;
            return 200;
        };
        var name = $"look-{field.Replace('_', '-')}";
        await _node.Post("/api/v1/jobs", $$"""{"name":"{{name}}","concurrency":"allow","webhook":{"url":"{{receiver.Url}}"},"{{field}}":{{value}} }""");
        var sent = Uri.EscapeDataString(await Trigger(name));
        await Eventually.True(() => receiver.Requests.Count == 1, Patience);
        var waits = Uri.EscapeDataString(await Trigger(name));
        var pending = await _node.Until($"/api/v1/executions/{waits}", a => a.Text("status") == "pending");
        Assert.Equal((null, 0), (pending.Text("started_at"), pending.Json.GetProperty("attempts").GetArrayLength()));
        var running = await _node.Get($"/api/v1/executions/{sent}");
        Assert.Equal(("running", 1), (running.Text("status"), running.Json.GetProperty("attempts").GetArrayLength()));
        Assert.NotNull(running.Text("started_at"));

        open.SetResult();
        var ended = await _node.Until($"/api/v1/executions/{waits}", a => a.Text("status") == "succeeded");
        Assert.True(ended.Json.GetProperty("started_at").GetDateTimeOffset() >= pending.Json.GetProperty("claimed_at").GetDateTimeOffset());
        Assert.Equal(2, receiver.Requests.Count);
    }

    [Fact]
    public async Task What_waits_for_a_limit_can_be_cancelled_and_ends_at_its_deadline()
    {
        await using var receiver = await Receiver.Start();
        receiver.Answer = async (_, gone) =>
        {
            await Task.Delay(Timeout.Infinite, gone).ContinueWith(_ => { }, TaskScheduler.Default);
            return 200;
        };
        await Create("flow-held", receiver, """{"concurrency":1}""");
        await Create("flow-dead", receiver, """{"target":{"concurrency":1}}""", deadline: "1s");
        var running = await Trigger("flow-held");
        var waiting = await Trigger("flow-held");
        await Eventually.True(() => receiver.Requests.Count == 1, Patience);
        var late = await Trigger("flow-dead");
        await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(late)}", a => a.Text("status") == "timed_out");

        await _node.Post($"/api/v1/executions/{Uri.EscapeDataString(waiting)}/cancel", null);
        await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(waiting)}", a => a.Text("status") == "cancelled");
        Assert.Equal(running, Assert.Single(receiver.Requests).Execution);
        await _node.Post($"/api/v1/executions/{Uri.EscapeDataString(running)}/cancel", null);
        await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(running)}", a => a.Text("status") == "cancelled");
    }

    [Fact]
    public async Task A_rate_of_a_job_holds()
    {
        await using var receiver = await Receiver.Start();
        await Create("flow-rate", receiver, """{"rate":"5/s","burst":1}""");
        for (var n = 0; n < 8; n++)
        {
            await Trigger("flow-rate");
        }

        await Eventually.True(() => receiver.Requests.Count == 8, Patience);
        var times = receiver.Requests.Select(r => r.At).Order().ToList();

        // One at once and then one each 200 ms; a step of the clock may let two leave together.
        Assert.True(times[^1] - times[0] > TimeSpan.FromSeconds(1.1), $"eight left within {times[^1] - times[0]}");
    }

    [Fact]
    public async Task A_circuit_that_is_open_is_seen_and_can_be_reset()
    {
        await using var receiver = await Receiver.Start();
        receiver.Answer = (_, _) => Task.FromResult(500);
        await Create("flow-broken", receiver, null);
        for (var n = 0; n < 10; n++)
        {
            var run = await Trigger("flow-broken");
            await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(run)}", a => a.Text("status") == "failed");
        }

        var broken = await _node.Until(PathOf(receiver), a => a.Text("circuit") == "open");
        Assert.Contains("500", broken.Text("last_error"), StringComparison.Ordinal);
        Assert.Contains((await _node.Get("/api/v1/targets?circuit=open")).Json.GetProperty("items").EnumerateArray(), t => t.GetProperty("target").GetString() == receiver.Url);
        Assert.DoesNotContain((await _node.Get("/api/v1/targets?circuit=closed&limit=500")).Json.GetProperty("items").EnumerateArray(), t => t.GetProperty("target").GetString() == receiver.Url);
        Assert.Contains($"chronos_circuit_state{{otel_scope_name=\"Chronos\",target=\"{receiver.Url}\"}} 2", (await _node.Get("/metrics")).Body, StringComparison.Ordinal);

        // Refused, and so not sent: it costs the job none of its attempts, of which it has one.
        var refused = $"/api/v1/executions/{Uri.EscapeDataString(await Trigger("flow-broken"))}";
        await _node.Until(refused, a => a.Json.GetProperty("attempts") is { } attempts && attempts.GetArrayLength() == 1 && attempts[0].TryGetProperty("error", out var error)
            && error.GetString()!.Contains("circuit", StringComparison.Ordinal));
        Assert.Equal(10, receiver.Requests.Count);

        receiver.Answer = (_, _) => Task.FromResult(200);
        Assert.Equal("closed", (await _node.Post(PathOf(receiver) + "/reset", null)).Text("circuit"));
        var well = await Trigger("flow-broken");
        await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(well)}", a => a.Text("status") == "succeeded");
        var later = await _node.Until(refused, a => a.Text("status") == "succeeded");
        Assert.Equal(2, later.Json.GetProperty("attempts").GetArrayLength());
    }

    [Fact]
    public async Task Jobs_of_one_concurrency_key_run_one_at_a_time_whatever_their_targets()
    {
        await using var one = await Receiver.Start();
        await using var two = await Receiver.Start();
        var (now, most, open) = (0, 0, new SemaphoreSlim(0));
        one.Answer = two.Answer = async (_, gone) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            await open.WaitAsync(gone);
            Interlocked.Decrement(ref now);
            return 200;
        };
        foreach (var (name, receiver) in new[] { ("key-one", one), ("key-two", two) })
        {
            var created = await _node.Post("/api/v1/jobs", $$"""{"name":"{{name}}","webhook":{"url":"{{receiver.Url}}/"},"retry":{"max_attempts":1},"concurrency_key":"warehouse"}""");
            Assert.Equal((HttpStatusCode.Created, "warehouse"), (created.Status, created.Text("concurrency_key")));
        }

        string[] runs = [await Trigger("key-one"), await Trigger("key-two"), await Trigger("key-one"), await Trigger("key-two")];
        await Eventually.True(() => one.Requests.Count + two.Requests.Count == 1, Patience);
        await _node.Until("/api/v1/targets?limit=500", a => a.Json.GetProperty("items").EnumerateArray()
            .Where(t => t.GetProperty("target").GetString() is { } target && (target == one.Url || target == two.Url)).Sum(t => t.GetProperty("waiting").GetInt32()) == 3);
        open.Release(runs.Length);
        foreach (var run in runs)
        {
            await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(run)}", a => a.Text("status") == "succeeded");
        }

        Assert.Equal((1, 2, 2), (most, one.Requests.Count, two.Requests.Count));
    }

    [Theory]
    [InlineData("grpc", """{"target":"http://127.0.0.1:1","method":"a.B/C"}""", "http://127.0.0.1:1", "grpc")]
    [InlineData("kafka", """{"brokers":["127.0.0.1:1"],"topic":"t"}""", "kafka://127.0.0.1:1", "kafka")]
    [InlineData("nats", """{"url":"nats://127.0.0.1:1","subject":"s"}""", "nats://127.0.0.1:1", "nats")]
    [InlineData("rabbitmq", """{"url":"amqp://127.0.0.1:1","queue":"q"}""", "amqp://127.0.0.1:1", "rabbitmq")]
    public async Task Every_protocol_has_a_circuit_that_is_seen_and_reset(string section, string content, string target, string protocol)
    {
        var created = await _node.Post("/api/v1/jobs", $$"""{"name":"flow-{{section}}","{{section}}":{{content}},"timeout":"3s","retry":{"max_attempts":1} }""");
        Assert.Equal((HttpStatusCode.Created, ""), (created.Status, string.Concat(created.Fields)));
        for (var n = 0; n < 12; n++)
        {
            await Trigger($"flow-{section}");
        }

        var path = $"/api/v1/targets/{Uri.EscapeDataString(target)}";
        var open = await _node.Until(path, a => a.Text("circuit") == "open");
        Assert.Equal(protocol, Assert.Single(open.Json.GetProperty("nodes").EnumerateArray()).GetProperty("protocol").GetString());
        await _node.Until(path, a => a.Text("in_flight") == "0");
        Assert.Equal("closed", (await _node.Post(path + "/reset", null)).Text("circuit"));
    }

    [Fact]
    public async Task Targets_come_page_by_page_by_name()
    {
        await using var one = await Receiver.Start();
        await using var two = await Receiver.Start();
        await Create("flow-page-one", one, null);
        await Create("flow-page-two", two, null);
        await Trigger("flow-page-one");
        await Trigger("flow-page-two");
        await _node.Until(PathOf(one), a => a.Status == HttpStatusCode.OK);
        await _node.Until(PathOf(two), a => a.Status == HttpStatusCode.OK);

        var names = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await _node.Get($"/api/v1/targets?limit=1{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}")).Json;
            names.Add(Assert.Single(page.GetProperty("items").EnumerateArray()).GetProperty("target").GetString()!);
            cursor = page.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);

        Assert.Equal(names.Order(StringComparer.Ordinal).Distinct(), names);
        Assert.Superset(new HashSet<string> { one.Url, two.Url }, names.ToHashSet());
    }

    [Fact]
    public async Task A_target_that_nobody_sent_to_is_not_found_and_a_wrong_question_is_refused()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Get("/api/v1/targets/https:%2F%2Fnowhere.example:443")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Post("/api/v1/targets/https:%2F%2Fnowhere.example:443/reset", null)).Status);
        Assert.Equal(["circuit"], (await _node.Get("/api/v1/targets?circuit=broken")).Fields);
        Assert.Equal(["force"], (await _node.Post("/api/v1/targets/x/reset", """{"force":true}""")).Fields);
        Assert.Equal(["limits.rate"], (await _node.Post("/api/v1/jobs", """{"name":"flow-wrong","webhook":{"url":"http://127.0.0.1:9/"},"limits":{"rate":"much"}}""")).Fields);
    }

    private static string PathOf(Receiver receiver) => $"/api/v1/targets/{Uri.EscapeDataString(receiver.Url)}";

    private async Task Create(string name, Receiver receiver, string? limits, string timeout = "30s", string? deadline = null)
    {
        var job = new Dictionary<string, object> { ["name"] = name, ["webhook"] = new { url = receiver.Url + "/" }, ["timeout"] = timeout, ["retry"] = new { max_attempts = 1 } };
        if (limits is not null)
        {
            job["limits"] = JsonDocument.Parse(limits).RootElement;
        }

        if (deadline is not null)
        {
            job["deadline"] = deadline;
        }

        Assert.Equal(HttpStatusCode.Created, (await _node.Post("/api/v1/jobs", JsonSerializer.Serialize(job))).Status);
    }

    private async Task<string> Trigger(string job)
    {
        var answer = await _node.Post($"/api/v1/jobs/{job}/trigger", """{"force":true}""");
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        return answer.Text("id")!;
    }
}

using System.Diagnostics;
using System.Net;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cluster;

/// <summary>Nodes are told to stop and started again, as an update does it, and nobody who uses them notices.</summary>
[Collection(Alone.Name)]
[Trait("speed", "slow")]
public sealed class RollingRestartTests
{
    /// <summary>Of each job once a second, evenly over the second.</summary>
    private static readonly int Rate = int.TryParse(Environment.GetEnvironmentVariable("CHRONOS_CLUSTER_JOBS"), out var n) ? n : 500;

    [Fact]
    public async Task A_rolling_restart_of_three_nodes_under_load_loses_no_slot_and_fails_no_call()
    {
        await using var receiver = await Receiver.Start();
        await using var cluster = await TestCluster.Start(3);
        await cluster.Nodes[0].PostPatiently("jobs", new { name = "changed", schedule = "0 0 1 1 *", webhook = new { url = receiver.Url + "/" } });
        await cluster.Nodes[0].PostPatiently("jobs:apply", Enumerable.Range(0, Rate).Select(i => new
        {
            name = $"job-{i}",
            schedule = new { every = "1s", phase = $"{i * 1000 / Rate}ms" },
            webhook = new { url = receiver.Url + "/" },
        }));
        var from = await Steady(receiver);
        var before = Lateness(receiver, from, DateTimeOffset.UtcNow);
        var told = new List<string>();
        var worst = TimeSpan.Zero;
        await using (var caller = new ApiCaller(cluster.Nodes, "changed"))
        {
            await Eventually.True(() => caller.Answered > 50, TimeSpan.FromSeconds(30));
            foreach (var node in cluster.Nodes)
            {
                var leads = await cluster.Leader(cluster.Nodes.First(other => other != node)) == node;
                var began = DateTimeOffset.UtcNow;
                Assert.Equal(0, await node.Stop());
                var stopped = DateTimeOffset.UtcNow;
                await cluster.Complete(2);
                var alone = await Steady(receiver);
                var leaving = Lateness(receiver, began, alone);

                var starts = DateTimeOffset.UtcNow;
                await node.Start();
                await cluster.Complete(3);
                var whole = await Steady(receiver);
                var joining = Lateness(receiver, starts, whole);
                worst = new[] { worst, leaving[^1], joining[^1] }.Max();
                told.Add($"{(leads ? "leader" : "another")}: ended {(stopped - began).TotalSeconds:0.0} s after SIGTERM; lateness while it left p99 {At(leaving, 0.99):0} ms, worst {leaving[^1].TotalMilliseconds:0} ms; while it came back p99 {At(joining, 0.99):0} ms, worst {joining[^1].TotalMilliseconds:0} ms");
            }

            told.Insert(0, $"{Rate}/s; before: p50 {At(before, 0.5):0.0} ms, p99 {At(before, 0.99):0} ms, worst {before[^1].TotalMilliseconds:0} ms");
            told.Add($"worst {worst.TotalMilliseconds:0} ms, {(worst - before[^1]).TotalMilliseconds:0} ms more than before");
            told.Add($"API: {caller.Answered} calls answered, {caller.Deferred} with 503 and Retry-After, slowest {caller.Slowest.TotalSeconds:0.00} s, {caller.Failures.Count} failed");
            told.ForEach(line => TestContext.Current.TestOutputHelper?.WriteLine(line));
            Assert.Empty(caller.Failures);
        }

        cluster.AssertNoShardWasStuck();

        var to = DateTimeOffset.UtcNow;
        var report = await Checker.FindsNothing(cluster.Nodes[1], receiver, from, to, TimeSpan.FromSeconds(10));
        TestContext.Current.TestOutputHelper?.WriteLine($"the checker: {report.GetProperty("slots").GetInt64()} slots, {report.GetProperty("redelivered").GetInt64()} delivered again");
        Assert.True(report.GetProperty("slots").GetInt64() > 10 * Rate);
        Assert.Contains(told, line => line.StartsWith("leader", StringComparison.Ordinal));
    }

    /// <summary>Its timetables have nowhere to go, so nothing may be kept for them: for as long as something is, the toolkit waits.</summary>
    [Fact]
    public async Task The_last_node_that_stops_waits_for_nobody()
    {
        await using var receiver = await Receiver.Start();
        await using var cluster = await TestCluster.Start(1);
        await cluster.Nodes[0].PostPatiently("jobs:apply", Enumerable.Range(0, 50).Select(i => new
        {
            name = $"job-{i}",
            schedule = new { every = "1s", phase = $"{i * 20}ms" },
            webhook = new { url = receiver.Url + "/" },
        }));
        await Eventually.True(() => receiver.Requests.Count > 100, TimeSpan.FromSeconds(60));

        Assert.Equal(0, await cluster.Nodes[0].Stop());
        cluster.AssertNoShardWasStuck();
    }

    /// <summary>What was on its way to timetables that have no home any more must not hold the last node: who stops a host waits for ten seconds.</summary>
    [Fact]
    public async Task Of_three_nodes_that_are_told_to_stop_at_once_none_waits_for_a_home_that_nobody_gives()
    {
        await using var receiver = await Receiver.Start();
        await using var cluster = await TestCluster.Start(3);
        await cluster.Nodes[0].PostPatiently("jobs:apply", Enumerable.Range(0, 100).Select(i => new
        {
            name = $"job-{i}",
            schedule = new { every = "1s", phase = $"{i * 10}ms" },
            webhook = new { url = receiver.Url + "/" },
        }));
        var from = await Steady(receiver, 100);
        for (var round = 0; round < 2; round++)
        {
            var leader = await cluster.Leader(cluster.Nodes[0]);
            var told = Stopwatch.GetTimestamp();
            var ended = await Task.WhenAll(cluster.Nodes.Select(async node => (Node: node, Code: await node.Stop(), After: Stopwatch.GetElapsedTime(told))));
            TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", ended.Select(e =>
                $"{e.Node.Environment["CHRONOS_NODE_NAME"]}{(e.Node == leader ? " (leader)" : "")} ended after {e.After.TotalSeconds:0.0} s")));
            Assert.All(ended, e => Assert.Equal(0, e.Code));
            cluster.AssertNoShardWasStuck();

            await Task.WhenAll(cluster.Nodes.Select(n => n.Start()));
            await cluster.Complete(3);
            await Steady(receiver, 100);
        }

        // Nobody was there to fire: what came due meanwhile is as late as the start of three processes takes, or a misfire.
        await Checker.FindsNothing(cluster.Nodes[1], receiver, from, DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_node_that_is_told_to_stop_is_not_ready_first_and_lets_a_running_attempt_end()
    {
        await using var receiver = await Receiver.Start();
        await using var cluster = await TestCluster.Start(2, "majority", ("CHRONOS_STOP_DELAY", "10s"));
        var (held, free) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        receiver.Answer = async (_, aborted) =>
        {
            held.TrySetResult();
            await free.Task.WaitAsync(aborted);
            return 200;
        };
        await cluster.Nodes[0].PostPatiently("jobs", new { name = "slow", schedule = "0 0 1 1 *", webhook = new { url = receiver.Url + "/" } });
        var run = (await cluster.Nodes[0].PostPatiently("jobs/slow/trigger", new { })).GetProperty("id").GetString()!;
        await held.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        var owner = (await cluster.Nodes[0].Get($"executions/{Uri.EscapeDataString(run)}")).GetProperty("attempts")[0].GetProperty("node").GetString();
        var (stops, stays) = owner == "node-0" ? (cluster.Nodes[0], cluster.Nodes[1]) : (cluster.Nodes[1], cluster.Nodes[0]);

        await stops.Signal("TERM");
        await Eventually.True(async () => (await stops.Http.GetAsync("health/ready")).StatusCode == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(10));

        // Not ready, and yet it serves.
        Assert.Equal("slow", (await stops.Get("jobs/slow")).GetProperty("name").GetString());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await stops.Http.GetAsync("health/ready")).StatusCode);
        free.SetResult();
        await stops.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(0, stops.Process.ExitCode);
        await Eventually.True(
            async () => (await stays.Get($"executions/{Uri.EscapeDataString(run)}")).GetProperty("status").GetString() == "succeeded", TimeSpan.FromSeconds(30));
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task An_attempt_that_outlasts_the_shutdown_is_reported_lost_and_sent_again_elsewhere()
    {
        await using var receiver = await Receiver.Start();
        await using var cluster = await TestCluster.Start(2);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        receiver.Answer = async (request, aborted) =>
        {
            if (request.Attempt > 1)
            {
                return 200;
            }

            held.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, aborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 200;
        };
        await cluster.Nodes[0].PostPatiently("jobs", new { name = "endless", schedule = "0 0 1 1 *", webhook = new { url = receiver.Url + "/" }, retry = new { max_attempts = 2 } });
        var run = Uri.EscapeDataString((await cluster.Nodes[0].PostPatiently("jobs/endless/trigger", new { })).GetProperty("id").GetString()!);
        await held.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        var owner = (await cluster.Nodes[0].Get($"executions/{run}")).GetProperty("attempts")[0].GetProperty("node").GetString();
        var (stops, stays) = owner == "node-0" ? (cluster.Nodes[0], cluster.Nodes[1]) : (cluster.Nodes[1], cluster.Nodes[0]);

        Assert.Equal(0, await stops.Stop());

        await Eventually.True(async () => (await stays.Get($"executions/{run}")).GetProperty("status").GetString() == "succeeded", TimeSpan.FromSeconds(60));
        var attempts = (await stays.Get($"executions/{run}")).GetProperty("attempts").EnumerateArray().ToList();

        // A timetable that moves twice loses an attempt twice; what is lost counts for no attempt of the job's own two.
        Assert.True(attempts.Count >= 2);
        Assert.All(attempts.SkipLast(1), attempt => Assert.Contains("lost", attempt.GetRawText(), StringComparison.Ordinal));
        Assert.Equal(Enumerable.Range(1, attempts.Count), attempts.Select(attempt => attempt.GetProperty("number").GetInt32()));
        Assert.Equal(1, receiver.Requests.First().Attempt);
        Assert.Equal(attempts.Count, receiver.Requests.Last().Attempt);
        Assert.Single(receiver.Requests.Select(r => r.Key).Distinct());
    }

    /// <summary>Waits until every job was sent for a slot of the last seconds; returns the instant.</summary>
    private static Task<DateTimeOffset> Steady(Receiver receiver) => Steady(receiver, Rate);

    private static async Task<DateTimeOffset> Steady(Receiver receiver, int jobs)
    {
        var after = DateTimeOffset.UtcNow.AddSeconds(1);
        await Eventually.True(() => DateTimeOffset.UtcNow > after.AddSeconds(2) && receiver.Latest.Values.Count(at => at > after) >= jobs, TimeSpan.FromSeconds(90));
        return after;
    }

    private static List<TimeSpan> Lateness(Receiver receiver, DateTimeOffset from, DateTimeOffset to) =>
        [.. receiver.Requests.Where(r => r.ScheduledAt >= from && r.ScheduledAt < to).GroupBy(r => r.Execution).Select(g => g.Min(r => r.At) - g.First().ScheduledAt).Order()];

    private static double At(List<TimeSpan> sorted, double share) => sorted[(int)(share * (sorted.Count - 1))].TotalMilliseconds;
}

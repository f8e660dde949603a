using System.Collections.Concurrent;
using System.Text.Json;
using Chronos.Core.Kernel;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Spine;

/// <summary>Overlap policies with a target slower than the schedule, across a <c>kill -9</c> of the node in the middle.</summary>
[Trait("speed", "slow")]
public sealed class OverlapTests : IDisposable
{
    private const int Seconds = 16;
    private const int QueueLimit = 2;
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2.4);
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentDictionary<string, int> _busy = [];
    private readonly ConcurrentQueue<string> _overlaps = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_slow_target_meets_each_policy_as_it_says_also_across_a_crash()
    {
        await using var receiver = await Receiver.Start();
        receiver.Answer = AnswerSlowly;
        await using var node = new NodeProcess(_folder.Location, "--no-demo");
        await node.Start();
        string[] policies = ["forbid", "replace", "queue"];
        foreach (var policy in policies)
        {
            await node.Post("jobs", new { name = policy, schedule = "* * * * * *", concurrency = policy, queue_limit = QueueLimit, webhook = new { url = receiver.Url + "/" } });
        }

        var from = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1);
        var to = from.AddSeconds(Seconds);
        await Eventually.True(() => DateTimeOffset.UtcNow >= from.AddSeconds(Seconds / 2), TimeSpan.FromMinutes(1));
        await node.Kill();
        await node.Start();
        await Eventually.True(() => DateTimeOffset.UtcNow >= to, TimeSpan.FromMinutes(1));
        foreach (var policy in policies)
        {
            await node.Post($"jobs/{policy}/disable", new { });
        }

        await Eventually.True(
            async () => (await node.Get("executions?status=running&limit=1")).GetProperty("items").GetArrayLength() == 0
                && (await node.Get("executions?status=pending&limit=1")).GetProperty("items").GetArrayLength() == 0
                && (await Reasons(node, "queue", from, to)).All(s => s.Value != "queued"),
            TimeSpan.FromMinutes(1));

        // Nothing is without a disposition, whatever the policy.
        var (forbid, replace, queue) = (await Reasons(node, "forbid", from, to), await Reasons(node, "replace", from, to), await Reasons(node, "queue", from, to));
        Assert.All(new[] { forbid, replace, queue }, slots => Assert.Equal(Seconds, slots.Count));

        Assert.Empty(_overlaps);
        Assert.Subset(new HashSet<string> { "caught_up", "fired", "misfire", "overlap" }, forbid.Values.ToHashSet());
        Assert.True(forbid.Values.Count(v => v == "overlap") >= Seconds / 2, string.Join(' ', forbid.Values));
        await AssertNoneRunsBesideAnother(node, "forbid");

        Assert.Contains(await Executions(node, "replace"), e => e.GetProperty("status").GetString() == "cancelled");
        await AssertNoneRunsBesideAnother(node, "replace");

        Assert.Contains("queue_full", queue.Values);
        await AssertNoneRunsBesideAnother(node, "queue");
        var order = receiver.Requests.Where(r => r.Execution.StartsWith(JobId.For(TenantId.Default, "queue").Value, StringComparison.Ordinal)).Select(r => r.ScheduledAt).ToList();
        Assert.Equal(order.Order(), order);
        var why = await node.Get($"jobs/queue/why?at={Rfc3339.Format(queue.First(s => s.Value == "queue_full").Key)}");
        Assert.Contains("wait", why.GetProperty("sentence").GetString());
        why = await node.Get($"jobs/forbid/why?at={Rfc3339.Format(forbid.First(s => s.Value == "overlap").Key)}");
        Assert.Contains("overlap", why.GetProperty("sentence").GetString());
    }

    /// <summary>Takes its time, and writes down when a second request of the forbidding job comes while one is open.</summary>
    private async Task<int> AnswerSlowly(Received request, CancellationToken gone)
    {
        var job = request.Execution.Split('@')[0];
        if (_busy.AddOrUpdate(job, 1, (_, n) => n + 1) > 1 && job == JobId.For(TenantId.Default, "forbid").Value)
        {
            _overlaps.Enqueue(request.Execution);
        }

        try
        {
            await Task.Delay(Slow, gone);
        }
        catch (OperationCanceledException)
        {
            // The node hung up: replaced, or killed.
        }

        _busy.AddOrUpdate(job, 0, (_, n) => n - 1);
        return 200;
    }

    /// <summary>Those that were sent; one that was replaced before that never started.</summary>
    private static async Task<List<JsonElement>> Executions(NodeProcess node, string job) =>
        [.. (await node.Get($"executions?job={job}&limit=500")).GetProperty("items").EnumerateArray()
            .Where(e => e.TryGetProperty("started_at", out _)).OrderBy(e => e.GetProperty("started_at").GetDateTimeOffset())];

    private static async Task AssertNoneRunsBesideAnother(NodeProcess node, string job)
    {
        var executions = await Executions(node, job);
        Assert.NotEmpty(executions);
        foreach (var (before, after) in executions.Zip(executions.Skip(1)))
        {
            var (ended, began) = (before.GetProperty("finished_at").GetDateTimeOffset(), after.GetProperty("started_at").GetDateTimeOffset());
            Assert.True(ended <= began, $"{before.GetProperty("id")} ended {ended:O}, {after.GetProperty("id")} began {began:O}");
        }
    }

    private static async Task<SortedDictionary<DateTimeOffset, string>> Reasons(NodeProcess node, string job, DateTimeOffset from, DateTimeOffset to)
    {
        var found = new SortedDictionary<DateTimeOffset, string>();
        foreach (var slot in (await node.Get($"jobs/{job}/slots?from={Rfc3339.Format(from)}&to={Rfc3339.Format(to)}&limit=500")).GetProperty("items").EnumerateArray())
        {
            var at = slot.GetProperty("at").GetDateTimeOffset();
            var last = slot.TryGetProperty("last", out var l) ? l.GetDateTimeOffset() : at;
            var what = slot.TryGetProperty("reason", out var reason) && reason.ValueKind == JsonValueKind.String ? reason.GetString()! : slot.GetProperty("disposition").GetString()!;
            for (; at <= last; at = at.AddSeconds(1))
            {
                Assert.True(found.TryAdd(at, what), $"{job} has two dispositions of {at:O}");
            }
        }

        return found;
    }
}

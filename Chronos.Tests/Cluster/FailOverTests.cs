using System.Diagnostics;
using Chronos.Tests.Host.Spine;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cluster;

/// <summary>P4: three processes share the work, and each of them is killed in turn.</summary>
[Collection(Alone.Name)]
[Trait("speed", "slow")]
public sealed class FailOverTests
{
    private static readonly int Jobs = int.TryParse(Environment.GetEnvironmentVariable("CHRONOS_CLUSTER_JOBS"), out var n) ? n : 500;

    /// <summary>Three times what is promised: how fast it is on a quiet machine is measured by <c>failover</c>, and what is broken takes far longer.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData(3, "majority")]
    [InlineData(3, "lease")]
    [InlineData(2, "lease")]
    public async Task After_the_kill_of_any_node_all_jobs_fire_again_soon_and_no_slot_is_lost_or_claimed_twice(int size, string arbiter)
    {
        await using var receiver = await Receiver.Start();
        await using var cluster = await TestCluster.Start(size, arbiter);
        var audit = new SlotAudit(Jobs);
        await audit.Apply(cluster.Nodes[0], receiver);
        var from = SlotAudit.Window(0).From;
        await AllFire(receiver, DateTimeOffset.UtcNow);
        var gaps = new List<string>();
        foreach (var victim in cluster.Nodes)
        {
            var witness = cluster.Nodes.First(n => n != victim);
            var leads = await cluster.Leader(witness) == victim;
            var epoch = (await witness.Get("cluster")).GetProperty("epoch").GetInt64();
            await victim.Kill();
            var killed = DateTimeOffset.UtcNow;
            var any = await Next(receiver, killed);
            var all = await AllFire(receiver, killed);
            gaps.Add($"{(leads ? "leader" : "another")}: next claim after {(any - killed).TotalSeconds:0.00} s, every job again after {(all - killed).TotalSeconds:0.00} s");
            Assert.True(all - killed < Soon, gaps[^1]);
            await cluster.Complete(size - 1);
            var now = await witness.Get("cluster");
            Assert.Equal(leads, now.GetProperty("epoch").GetInt64() > epoch);
            await victim.Start();
            await cluster.Complete(size);
            await AllFire(receiver, DateTimeOffset.UtcNow);
        }

        Assert.Contains(gaps, g => g.StartsWith("leader", StringComparison.Ordinal));
        await Audit(audit, cluster.Nodes[1], receiver, from);
        cluster.AssertNoShardWasStuck();
        gaps.ForEach(g => TestContext.Current.TestOutputHelper?.WriteLine(g));
    }

    [Fact]
    public async Task A_node_that_is_told_to_stop_hands_its_work_over_and_nobody_notices()
    {
        await using var receiver = await Receiver.Start();
        await using var cluster = await TestCluster.Start(3);
        var audit = new SlotAudit(Jobs);
        await audit.Apply(cluster.Nodes[0], receiver);
        var from = SlotAudit.Window(0).From;
        await AllFire(receiver, DateTimeOffset.UtcNow);
        var leader = await cluster.Leader(cluster.Nodes[0]);
        var rest = cluster.Nodes.Where(n => n != leader).ToList();
        var told = DateTimeOffset.UtcNow;
        var stopped = Stopwatch.StartNew();

        Assert.Equal(0, await leader.Stop());

        var took = stopped.Elapsed;
        var all = await AllFire(receiver, DateTimeOffset.UtcNow);
        await cluster.Complete(2);
        var late = receiver.Requests.Where(r => r.ScheduledAt >= told.AddSeconds(-1) && r.ScheduledAt < all.AddSeconds(-1)).Max(r => r.At - r.ScheduledAt);
        TestContext.Current.TestOutputHelper?.WriteLine($"the leader's node ended {took.TotalSeconds:0.0} s after SIGTERM; the latest of the slots around it was sent {late.TotalSeconds:0.00} s after its time");
        await Audit(audit, rest[0], receiver, from);
        Assert.True(late < Soon, $"{late}");
        cluster.AssertNoShardWasStuck();
    }

    [Fact]
    public async Task A_leader_that_stood_still_too_long_is_replaced_and_ends_by_itself_when_it_wakes()
    {
        await using var receiver = await Receiver.Start();
        await using var cluster = await TestCluster.Start(3);
        var audit = new SlotAudit(Jobs);
        await audit.Apply(cluster.Nodes[0], receiver);
        var from = SlotAudit.Window(0).From;
        await AllFire(receiver, DateTimeOffset.UtcNow);
        var leader = await cluster.Leader(cluster.Nodes[0]);
        var rest = cluster.Nodes.Where(n => n != leader).ToList();

        await leader.Signal("STOP");
        await AllFire(receiver, DateTimeOffset.UtcNow);
        await leader.Signal("CONT");

        await leader.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(1, leader.Process.ExitCode);
        Assert.Contains(leader.Output, line => line.Contains("took this one for lost", StringComparison.Ordinal));
        await cluster.Complete(2);
        await Audit(audit, rest[0], receiver, from);
        await leader.Start();
        await cluster.Complete(3);
    }

    private static async Task Audit(SlotAudit audit, NodeProcess node, Receiver receiver, DateTimeOffset from)
    {
        var end = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1);
        await audit.Passed(node, end);
        await audit.AssertOneDispositionEach(node, from, end, receiver);
        Assert.Equal(0, receiver.Requests.Count(r => r.At < r.ScheduledAt));
        Assert.All(receiver.Requests.GroupBy(r => r.Execution), g => Assert.Single(g.Select(r => r.ScheduledAt).Distinct()));
    }

    /// <summary>When the first slot that was due after an instant was received.</summary>
    private static async Task<DateTimeOffset> Next(Receiver receiver, DateTimeOffset after)
    {
        await Eventually.True(() => receiver.Requests.Any(r => r.ScheduledAt > after), TimeSpan.FromSeconds(60));
        return receiver.Requests.Where(r => r.ScheduledAt > after).Min(r => r.At);
    }

    /// <summary>When every job had been sent for a slot due after an instant.</summary>
    private static async Task<DateTimeOffset> AllFire(Receiver receiver, DateTimeOffset after)
    {
        var seen = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        await Eventually.True(
            () =>
            {
                seen.Clear();
                foreach (var request in receiver.Requests.Where(r => r.ScheduledAt > after))
                {
                    seen.TryAdd(request.Execution[..request.Execution.IndexOf('@', StringComparison.Ordinal)], request.At);
                }

                return seen.Count == Jobs;
            },
            TimeSpan.FromSeconds(60));
        return seen.Values.Max();
    }
}

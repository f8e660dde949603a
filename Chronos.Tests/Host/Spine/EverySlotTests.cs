using Chronos.Core.Kernel;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Spine;

/// <summary>P1, P2, P3 and P5 on a node in a process of its own: 200 jobs fire each second, and the node is killed at a random moment.</summary>
[Collection(Alone.Name)]
public sealed class EverySlotOnSqliteTests() : EverySlotTests(Store.Sqlite);

/// <summary>The same on PostgreSQL.</summary>
[Collection(Alone.Name)]
public sealed class EverySlotOnPostgresTests() : EverySlotTests(Store.Postgres);

/// <summary>What both stores keep.</summary>
[Trait("speed", "slow")]
public abstract class EverySlotTests(Store store) : IDisposable
{
    private const int Jobs = 200;
    private static readonly int Seconds = int.TryParse(Environment.GetEnvironmentVariable("CHRONOS_SPINE_SECONDS"), out var n) ? n : 15;
    private readonly SlotAudit _audit = new(Jobs);
    private readonly TestJournal _journal = new(store);

    public void Dispose()
    {
        _journal.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Every_slot_of_two_hundred_jobs_is_received_exactly_once_and_none_early()
    {
        await using var receiver = await Receiver.Start();
        await using var node = Node();
        await node.Start();
        await _audit.Apply(node, receiver);
        var (from, to) = SlotAudit.Window(Seconds);
        await _audit.Passed(node, to);

        var all = receiver.Requests.Where(r => r.ScheduledAt >= from && r.ScheduledAt < to).ToList();
        Assert.Equal(Jobs * Seconds, all.Count);
        Assert.Equal(Jobs * Seconds, all.Select(r => r.Execution).Distinct().Count());
        Assert.Equal(0, all.Count(r => r.At < r.ScheduledAt));
        Assert.All(all, r => Assert.Equal(r.Execution, r.Key));
        await _audit.AssertOneDispositionEach(node, from, to, receiver);

        // The jobs go on. Between two of their bursts the garbage of the last ones is collected, and not in the middle of one.
        await Eventually.True(
            async () => System.Text.RegularExpressions.Regex.IsMatch(await node.Http.GetStringAsync("metrics"), @"^chronos_quiet_collections_total\S* [1-9]", System.Text.RegularExpressions.RegexOptions.Multiline),
            TimeSpan.FromMinutes(2));
        var lateness = all.Select(r => (r.At - r.ScheduledAt).TotalMilliseconds).Order().ToList();
        TestContext.Current.TestOutputHelper?.WriteLine($"lateness p50 {lateness[lateness.Count / 2]:0.0} ms, p99 {lateness[lateness.Count * 99 / 100]:0.0} ms, max {lateness[^1]:0.0} ms");
    }

    [Fact]
    public async Task After_a_kill_at_a_random_moment_no_slot_is_without_a_disposition_and_why_explains_each()
    {
        await using var receiver = await Receiver.Start();
        await using var node = Node();
        await node.Start();
        await _audit.Apply(node, receiver);
        var (from, to) = SlotAudit.Window(Seconds);
        var killAt = from.AddMilliseconds(Random.Shared.Next(1_000, Seconds * 500));
        await Eventually.True(() => DateTimeOffset.UtcNow >= killAt, TimeSpan.FromMinutes(5));
        await node.Kill();
        await node.Start();
        await _audit.Passed(node, to);

        Assert.All(receiver.Requests.GroupBy(r => r.Execution), g => Assert.Single(g.Select(r => r.ScheduledAt).Distinct()));
        Assert.Equal(0, receiver.Requests.Count(r => r.At < r.ScheduledAt));
        var late = await _audit.AssertOneDispositionEach(node, from, to, receiver);
        foreach (var (job, at) in late.Take(40))
        {
            var why = await node.Get($"jobs/{job}/why?at={Rfc3339.Format(at)}");
            Assert.NotEqual("no_slot", why.GetProperty("disposition").GetString());
            Assert.Contains(Rfc3339.Format(at), why.GetProperty("sentence").GetString());
        }
    }

    private NodeProcess Node()
    {
        var node = new NodeProcess(_journal.Folder, "--no-demo");
        if (_journal.ConnectionString is { } connection)
        {
            (node.Environment["CHRONOS_STORE"], node.Environment["CHRONOS_POSTGRES"]) = ("postgres", connection);
        }

        return node;
    }
}

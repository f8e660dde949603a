using System.Net;
using System.Text.Json;
using Chronos.Core.Kernel;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cluster;

/// <summary>This build and a later one in one cluster, on one database: forward, back, and forward again.</summary>
[Collection(Alone.Name)]
[Trait("speed", "slow")]
public sealed class MixedVersionTests
{
    private const int Jobs = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_a_later_build_wrote_is_neither_lost_nor_changed_by_this_one_and_who_cannot_read_it_says_so()
    {
        await using var receiver = await Receiver.Start();
        await using var cluster = await TestCluster.Start(2);
        var (early, other) = (cluster.Nodes[0], cluster.Nodes[1]);
        await Create(early, receiver, "plain");
        await Fires(receiver, "plain");
        var from = DateTimeOffset.UtcNow;

        // Forward: one node of two is of the later build, and writes what the other has never seen.
        await Restart(cluster, other, later: true);
        for (var n = 0; n < Jobs; n++)
        {
            await Create(other, receiver, $"job-{n}");
        }

        var createdLater = Names(cluster, "job.created.1", "added_later");
        Assert.NotEmpty(createdLater);
        var switched = createdLater[0];
        var kept = createdLater.Skip(1).ToList();
        Assert.NotEmpty(kept);
        await other.PostPatiently($"jobs/{switched}/disable", new { });
        Assert.Single(cluster.Rows($"SELECT manifest FROM journal WHERE manifest = '{LaterBuild.AddedManifest}'"));

        // The read side of the earlier build stands still at that event and says which it is; the later one's goes on. Both nodes fire.
        await Eventually.True(async () => (await early.Get("projections")).GetRawText().Contains(LaterBuild.AddedManifest, StringComparison.Ordinal), Patience);
        Assert.All(Projections(await early.Get("projections")), p => Assert.Equal("waiting", p.State));
        Assert.All(Projections(await other.Get("projections")), p => Assert.Equal("following", p.State));
        await FireAgain(receiver, kept.Append("plain"));

        // Back: the later node goes, and everything of it lives on the earlier one.
        await Restart(cluster, other, later: false);
        using (var refused = await early.Http.GetAsync($"api/v1/jobs/{switched}"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.True(refused.Headers.RetryAfter?.Delta > TimeSpan.Zero, "there is no Retry-After");
        }

        Assert.Contains(cluster.Nodes.SelectMany(n => n.Output), line => line.Contains(LaterBuild.AddedManifest, StringComparison.Ordinal) && line.Contains("job|", StringComparison.Ordinal));
        await FireAgain(receiver, kept.Append("plain"));

        // What the earlier build does not understand of a job goes with every change that it makes.
        var batches = Batches(cluster);
        await early.PostPatiently($"jobs/{kept[0]}/pause", new { reason = "by the earlier build" });
        await Eventually.True(async () => await Has(early, kept[0], "color", "red"), Patience);
        Assert.Contains(Batches(cluster).Skip(batches.Count), batch => batch.Contains("\"color\":\"red\"", StringComparison.Ordinal) && batch.Contains(JobId.For(TenantId.Default, kept[0]).Value, StringComparison.Ordinal));
        await early.PostPatiently($"jobs/{kept[0]}/resume", new { });

        // Forward again, both: nothing is missing.
        await Restart(cluster, other, later: true);
        await Restart(cluster, early, later: true);
        foreach (var node in cluster.Nodes)
        {
            await Eventually.True(async () => await Has(node, switched, "state", "disabled"), Patience);
            await Eventually.True(async () => await Has(node, kept[0], "color", "red"), Patience);
            await Eventually.True(async () => Projections(await node.Get("projections")).All(p => p.State == "following"), Patience);
            await Eventually.True(async () => (await node.Get("jobs?limit=100")).GetProperty("items").GetArrayLength() == Jobs + 1, Patience);
        }

        await FireAgain(receiver, kept.Append("plain"));
        foreach (var name in Enumerable.Range(0, Jobs).Select(n => $"job-{n}").Append("plain"))
        {
            await early.PostPatiently($"jobs/{name}/disable", new { });
        }

        await Checker.FindsNothing(early, receiver, from, DateTimeOffset.UtcNow, TimeSpan.FromSeconds(30));
    }

    private static Task<JsonElement> Create(NodeProcess node, Receiver receiver, string name) =>
        node.PostPatiently("jobs:apply", new[] { new { name, schedule = "* * * * * *", webhook = new { url = receiver.Url + "/" } } });

    /// <summary>As an update does it: told to stop, and started as the other build.</summary>
    private static async Task Restart(TestCluster cluster, NodeProcess node, bool later)
    {
        Assert.Equal(0, await node.Stop());
        node.Build = later ? LaterBuild.Start : null;
        await node.Start();
        await cluster.Complete(2);
    }

    private static async Task<bool> Has(NodeProcess node, string job, string field, string value)
    {
        using var answer = await node.Http.GetAsync($"api/v1/jobs/{job}");
        return answer.StatusCode != HttpStatusCode.ServiceUnavailable
            && JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty(field).GetString() == value;
    }

    private static async Task FireAgain(Receiver receiver, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            await Fires(receiver, name);
        }
    }

    private static async Task Fires(Receiver receiver, string name)
    {
        var (id, after) = (JobId.For(TenantId.Default, name).Value, DateTimeOffset.UtcNow);
        await Eventually.True(() => receiver.Latest.TryGetValue(id, out var at) && at > after, Patience);
    }

    private static List<string> Names(TestCluster cluster, string manifest, string holding)
    {
        var ids = cluster.Rows($"SELECT persistence_id FROM journal WHERE manifest = '{manifest}' AND convert_from(message, 'UTF8') LIKE '%{holding}%'");
        return [.. Enumerable.Range(0, Jobs).Select(n => $"job-{n}").Where(name => ids.Exists(id => id.EndsWith(JobId.For(TenantId.Default, name).Value, StringComparison.Ordinal)))];
    }

    private static List<string> Batches(TestCluster cluster) =>
        cluster.Rows("SELECT convert_from(message, 'UTF8') FROM journal WHERE manifest = 'timetable.batch.1' ORDER BY ordering");

    private static List<(string Name, string State)> Projections(JsonElement answer) =>
        [.. answer.GetProperty("items").EnumerateArray().Select(p => (p.GetProperty("name").GetString()!, p.GetProperty("state").GetString()!))];
}

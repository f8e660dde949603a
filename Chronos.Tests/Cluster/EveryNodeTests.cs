using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Chronos.Core.Kernel;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cluster;

/// <summary>It does not matter which node is asked.</summary>
[Collection(Alone.Name)]
[Trait("speed", "slow")]
public sealed class EveryNodeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Every_node_serves_every_route_for_jobs_of_all_nodes_and_knows_every_key()
    {
        await using var receiver = await Receiver.Start();
        await using var cluster = await TestCluster.Start(3);
        var nodes = cluster.Nodes;

        // Their timetables and entities are spread over the nodes by their ids.
        foreach (var name in Enumerable.Range(0, 12).Select(i => $"job-{i}"))
        {
            await nodes[0].Post("jobs", new { name, schedule = "0 0 1 1 *", webhook = new { url = receiver.Url + "/" } });
            foreach (var node in nodes)
            {
                Assert.Equal(name, (await node.Get($"jobs/{name}")).GetProperty("name").GetString());
                Assert.True((await node.Get($"jobs/{name}/next?count=1")).GetProperty("items").GetArrayLength() == 1);
            }

            await nodes[1].Post($"jobs/{name}/pause", new { reason = "from another node" });
            await nodes[2].Post($"jobs/{name}/resume", new { });
            var run = (await nodes[2].Post($"jobs/{name}/trigger", new { })).GetProperty("id").GetString()!;
            foreach (var node in nodes)
            {
                await Eventually.True(
                    async () => (await node.Get($"executions/{Uri.EscapeDataString(run)}")).GetProperty("status").GetString() == "succeeded", Patience);
                await Eventually.True(async () => (await node.Get("jobs?limit=50")).GetRawText().Contains($"\"{name}\"", StringComparison.Ordinal), Patience);
                Assert.NotEmpty((await node.Get($"jobs/{name}/why?at={Rfc3339.Format(DateTimeOffset.UtcNow)}")).GetProperty("sentence").GetString()!);
            }
        }

        // What is on its way when its timetable moves is sent again, under the same key.
        Assert.Equal(12, receiver.Requests.Select(r => r.Execution).Distinct().Count());
        var timetables = (await nodes[2].Get("cluster/timetables")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(64, timetables.Count);
        await KeysAreKnownEverywhere(nodes);
        await NodesAndShardsAreShown(nodes);
        await ANodeThatIsToldToLeaveEnds(cluster);
        cluster.AssertNoShardWasStuck();
    }

    /// <summary>Also when it is the oldest, where what has no role of its own would begin.</summary>
    [Fact]
    public async Task A_node_that_only_serves_requests_owns_nothing_and_serves_every_route()
    {
        await using var cluster = await TestCluster.Start(2, "majority", nodes => nodes[0].Environment["CHRONOS_CLUSTER_ROLES"] = "api");
        var (serves, owns) = (cluster.Nodes[0], cluster.Nodes[1]);
        for (var n = 0; n < 8; n++)
        {
            using var made = await serves.Http.PutAsJsonAsync($"api/v1/calendars/calendar-{n}", new { name = $"calendar-{n}", timezone = "UTC", dates = new[] { "12-25" } });
            Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
            await serves.PostPatiently("jobs", new { name = $"job-{n}", schedule = new { cron = "0 0 1 1 *", calendars = new[] { $"calendar-{n}" } }, webhook = new { url = "http://127.0.0.1:1/" } });
        }

        await KeysAreKnownEverywhere([serves, owns, serves]);
        var shards = await serves.Get("cluster/shards");
        Assert.Equal(
            shards.GetProperty("entityTypeKeys").EnumerateArray().Select(t => t.GetString()).Order(),
            shards.GetProperty("items").EnumerateArray().Select(s => s.GetProperty("type").GetString()).Distinct().Order());
        Assert.All(shards.GetProperty("items").EnumerateArray(), s => Assert.EndsWith(Address(owns), s.GetProperty("address").GetString(), StringComparison.Ordinal));
        Assert.Contains("/user/key-ring/", (await owns.Get("admin/actors?path=/user&limit=1000")).GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("/user/key-ring/", (await serves.Get("admin/actors?path=/user&limit=1000")).GetRawText(), StringComparison.Ordinal);
    }

    private static async Task NodesAndShardsAreShown(IReadOnlyList<NodeProcess> nodes)
    {
        foreach (var node in nodes)
        {
            var doctor = await node.Get("doctor");
            var skews = doctor.GetProperty("findings").EnumerateArray().Where(f => f.GetProperty("check").GetString() == "clock_skew").ToList();
            Assert.Equal(3, skews.Select(f => f.GetProperty("node").GetString()).Distinct().Count());
            Assert.Contains(doctor.GetProperty("findings").EnumerateArray(), f => (f.GetProperty("check").GetString(), f.GetProperty("level").GetString()) == ("settings", "ok"));
            IReadOnlyList<JsonElement> shards = [];
            await Eventually.True(
                async () =>
                {
                    // A node that has just joined is handed shards: what is on its way lives nowhere.
                    shards = [.. (await node.Get("cluster/shards")).GetProperty("items").EnumerateArray()];
                    return shards.Where(s => s.GetProperty("type").GetString() == "timetable").DistinctBy(s => s.GetProperty("shard").GetString()).Count() == 64;
                },
                Patience);
            Assert.All(shards, s => Assert.StartsWith("akka.tcp://chronos@127.0.0.1:", s.GetProperty("address").GetString(), StringComparison.Ordinal));
            Assert.Equal("up", (await node.Get($"cluster/members/{Address(nodes[2])}")).GetProperty("status").GetString());
        }

        using var unknown = await nodes[0].Http.PutAsJsonAsync("api/v1/cluster/members/127.0.0.1:1", new { operation = "leave" });
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        using var wrong = await nodes[0].Http.PutAsJsonAsync($"api/v1/cluster/members/{Address(nodes[2])}", new { operation = "explode" });
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Contains("operation", await wrong.Content.ReadAsStringAsync());
    }

    private static async Task ANodeThatIsToldToLeaveEnds(TestCluster cluster)
    {
        var (asked, leaves) = (cluster.Nodes[0], cluster.Nodes[2]);
        using var answer = await asked.Http.PutAsJsonAsync($"api/v1/cluster/members/{Address(leaves)}", new { operation = "leave" });
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);

        await leaves.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(0, leaves.Process.ExitCode);
        await cluster.Complete(2);
    }

    private static string Address(NodeProcess node) => $"127.0.0.1:{node.Environment["CHRONOS_CLUSTER_PORT"]}";

    private static async Task KeysAreKnownEverywhere(IReadOnlyList<NodeProcess> nodes)
    {
        var made = await nodes[1].Post("keys", new { name = "reader", scopes = new[] { "jobs:read" } });
        var key = made.GetProperty("key").GetString()!;
        foreach (var node in nodes)
        {
            await Eventually.True(async () => await Ask(node, key) == HttpStatusCode.OK, Patience);
        }

        using (var revoked = await nodes[2].Http.DeleteAsync($"api/v1/keys/{made.GetProperty("id").GetString()}"))
        {
            Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
        }

        foreach (var node in nodes)
        {
            await Eventually.True(async () => await Ask(node, key) == HttpStatusCode.Unauthorized, Patience);
        }
    }

    private static async Task<HttpStatusCode> Ask(NodeProcess node, string key)
    {
        using var client = new HttpClient { BaseAddress = node.Http.BaseAddress };
        client.DefaultRequestHeaders.Add("X-API-Key", key);
        using var answer = await client.GetAsync("api/v1/jobs");
        return answer.StatusCode;
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Docker;

/// <summary>The compose file on a real engine. Each test leaves the three nodes as it found them.</summary>
[Trait("speed", "slow")]
[Collection(ComposeCollection.Name)]
public sealed class ComposeClusterTests(ComposeCluster cluster)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Three_containers_become_a_cluster_and_are_healthy()
    {
        await cluster.Up();
        TestContext.Current.TestOutputHelper?.WriteLine($"ready {cluster.Took.TotalSeconds:0.0} s after docker-compose up");
        foreach (var node in cluster.Nodes)
        {
            await Eventually.True(async () => await cluster.Inspect(node, "{{.State.Health.Status}}") == "healthy", Patience);
        }
    }

    [Fact]
    public async Task A_job_made_on_the_first_node_is_seen_on_the_third_and_fires()
    {
        await cluster.Up();
        await Create("chronos-1", "seen");
        var watch = Stopwatch.StartNew();
        await Eventually.True(async () => (await cluster.Get("chronos-3", "jobs?limit=500")).GetProperty("items").EnumerateArray().Any(j => j.GetProperty("name").GetString() == "seen"), Patience);
        TestContext.Current.TestOutputHelper?.WriteLine($"in the list of the third node after {watch.ElapsedMilliseconds} ms");
        var listed = await cluster.In("chronos-3", "chronosctl", "job", "get", "seen", "-o", "json");
        Assert.Equal("seen", JsonDocument.Parse(listed.Good).RootElement.GetProperty("name").GetString());
        await Fires("chronos-2", "seen", DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task A_container_has_no_rights_and_can_write_nothing_but_its_data()
    {
        await cluster.Up();
        const string Node = "chronos-2";
        Assert.Equal("1654", (await cluster.In(Node, "id", "-u")).Good.Trim());
        var status = (await cluster.In(Node, "cat", "/proc/1/status")).Good.Split('\n');
        Assert.Contains("CapEff:\t0000000000000000", status);
        Assert.Contains("CapBnd:\t0000000000000000", status);
        Assert.Contains("NoNewPrivs:\t1", status);
        foreach (var place in (string[])["/app/x", "/etc/x", "/x"])
        {
            var refused = await cluster.In(Node, "touch", place);
            Assert.NotEqual(0, refused.Exit);
            Assert.Contains("Read-only file system", refused.Error, StringComparison.Ordinal);
        }

        Assert.Equal(0, (await cluster.In(Node, "touch", "/var/lib/chronos/x", "/tmp/x")).Exit);
        Assert.Equal("1073741824 1000000000 512", await cluster.Inspect(Node, "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}"));
    }

    [Fact]
    public async Task From_the_network_of_the_api_the_cluster_port_cannot_be_reached()
    {
        await cluster.Up();
        var address = await cluster.Inspect("chronos-1", "{{.NetworkSettings.Networks.chronos_default.IPAddress}}");
        Assert.True(IPAddress.TryParse(address, out _), address);
        Assert.Equal(0, (await Knock(address, 8080)).Exit);
        var refused = await Knock(address, 4053);
        Assert.NotEqual(0, refused.Exit);
        Assert.Contains("Connection refused", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_container_of_the_leader_is_killed_the_others_go_on_and_no_slot_is_missed_or_doubled()
    {
        await cluster.Up();
        var from = DateTimeOffset.UtcNow;
        await Create("chronos-1", "survives");
        await Fires("chronos-1", "survives", from);
        var before = await cluster.Get("chronos-1", "cluster");
        var leader = before.GetProperty("leader").GetString()!;
        var others = cluster.Nodes.Where(n => n != leader).ToArray();

        _ = (await cluster.Docker("kill", await cluster.Container(leader))).Good;
        var killed = DateTimeOffset.UtcNow;
        var at = await Fires(others[0], "survives", killed);
        TestContext.Current.TestOutputHelper?.WriteLine($"the first slot after the kill was claimed {(at - killed).TotalSeconds:0.0} s after it");
        await cluster.Complete(others);
        Assert.True((await cluster.Get(others[0], "cluster")).GetProperty("epoch").GetInt64() > before.GetProperty("epoch").GetInt64());
        Assert.Equal("137", await cluster.Inspect(leader, "{{.State.ExitCode}}"));

        _ = (await cluster.Docker("start", await cluster.Container(leader))).Good;
        await cluster.Complete([.. cluster.Nodes]);

        await Fires(leader, "survives", DateTimeOffset.UtcNow);

        // The checker leaves out the last five seconds, however quick all of this was.
        await Eventually.True(() => DateTimeOffset.UtcNow > from.AddSeconds(15), Patience);
        var verdict = await cluster.In(others[1], "chronosctl", "verify", "--job", "survives", "--late", "30s",
            "--from", from.AddSeconds(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), "-o", "json");
        Assert.True(verdict.Exit == 0, verdict.Out + verdict.Error);
        Assert.True(JsonDocument.Parse(verdict.Out).RootElement.GetProperty("slots").GetInt64() > 5, verdict.Out);
    }

    [Fact]
    public async Task A_container_that_is_stopped_ends_with_0_and_the_others_go_on()
    {
        await cluster.Up();
        await Create("chronos-1", "goes-on");
        _ = (await cluster.Docker("stop", await cluster.Container("chronos-3"))).Good;
        Assert.Equal("0 false", await cluster.Inspect("chronos-3", "{{.State.ExitCode}} {{.State.OOMKilled}}"));
        await cluster.Complete("chronos-1", "chronos-2");
        await Fires("chronos-2", "goes-on", DateTimeOffset.UtcNow);
        _ = (await cluster.Docker("start", await cluster.Container("chronos-3"))).Good;
        await cluster.Complete([.. cluster.Nodes]);
    }

    /// <summary>Every second, to whichever node has the name that all share.</summary>
    private async Task Create(string node, string name)
    {
        using var answer = await cluster.Post(node, "jobs", new
        {
            name,
            schedule = "* * * * * *",
            webhook = new { url = "http://chronos:8080/health/live", method = "GET" },
        });
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Waits for an execution that was due after the moment and succeeded; returns when it was claimed.</summary>
    private async Task<DateTimeOffset> Fires(string node, string name, DateTimeOffset after)
    {
        DateTimeOffset? claimed = null;
        await Eventually.True(
            async () =>
            {
                try
                {
                    var from = Uri.EscapeDataString(after.ToString("O", CultureInfo.InvariantCulture));
                    var items = (await cluster.Get(node, $"executions?job={name}&status=succeeded&from={from}&limit=500")).GetProperty("items").EnumerateArray()
                        .Where(e => e.GetProperty("scheduled_at").GetDateTimeOffset() > after).ToList();
                    claimed = items.Count == 0 ? null : items.Min(e => e.GetProperty("claimed_at").GetDateTimeOffset());
                    return claimed is not null;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            Patience);
        return claimed!.Value;
    }

    private Task<ProgramRun> Knock(string address, int port) =>
        cluster.Docker("run", "--rm", "--network", "chronos_default", "local/debian", "bash", "-c", $"exec 3<>/dev/tcp/{address}/{port}");
}

/// <summary>Nothing else runs beside it: what is promised in seconds is promised to a machine that has nothing else to do.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ComposeCollection : ICollectionFixture<ComposeCluster>
{
    public const string Name = "compose cluster";
}

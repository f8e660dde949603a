using System.Text.Json;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cluster;

/// <summary>Processes without seeds, as an operator has them, that find each other and trust nobody else.</summary>
[Collection(Alone.Name)]
[Trait("speed", "slow")]
public sealed class FormationTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TestAuthority _authority = new("cluster");
    private readonly List<TlsFolder> _folders = [];

    public void Dispose()
    {
        _folders.ForEach(f => f.Dispose());
        _authority.Dispose();
    }

    [Fact]
    public async Task Three_that_start_at_once_form_one_cluster_inside_TLS_and_one_that_was_killed_comes_back_to_it()
    {
        await using var receiver = await Receiver.Start();
        await using var cluster = await TestCluster.Start(3, "majority", Form);
        var (first, nodes) = (cluster.Nodes[0], cluster.Nodes);

        foreach (var node in nodes)
        {
            var seen = await node.Get("cluster/members");
            Assert.Equal(3, seen.GetProperty("members").GetArrayLength());
            Assert.All(seen.GetProperty("members").EnumerateArray(), m => Assert.StartsWith("akka.ssl.tcp://", m.GetProperty("node").GetString(), StringComparison.Ordinal));
        }

        // Work goes over the connections between the nodes.
        foreach (var name in Enumerable.Range(0, 6).Select(i => $"job-{i}"))
        {
            await nodes[1].Post("jobs", new { name, webhook = new { url = receiver.Url + "/" } });
            await nodes[2].Post($"jobs/{name}/trigger", new { });
        }

        await Eventually.True(() => receiver.Requests.Count == 6, Patience);

        // Whoever asks is told who can be joined, before he has a key.
        using var open = await first.Http.GetAsync("bootstrap/seed-nodes", TestContext.Current.CancellationToken);
        using var json = JsonDocument.Parse(await open.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(3, json.RootElement.GetProperty("seedNodes").GetArrayLength());
        Assert.EndsWith($":{first.Environment["CHRONOS_CLUSTER_PORT"]}", json.RootElement.GetProperty("selfNode").GetString(), StringComparison.Ordinal);
        Assert.True(json.RootElement.GetProperty("seedNodes")[0].TryGetProperty("observedAt", out _));

        // The one that founded it is killed: when it comes back it joins, though all contact points are the same as at the start.
        var founder = Assert.Single(nodes, n => n.Output.Any(line => line.Contains("Founding the cluster", StringComparison.Ordinal)));
        await founder.Kill();
        await cluster.Complete(2);
        await founder.Start();
        await cluster.Complete(3);
        Assert.Single(nodes, n => n.Output.Any(line => line.Contains("Founding the cluster", StringComparison.Ordinal)));
        var doctor = await first.Get("doctor");
        Assert.Equal(6, doctor.GetProperty("findings").EnumerateArray().Count(f => f.GetProperty("check").GetString() == "certificate"));
        Assert.All(nodes.SelectMany(n => n.Output), line => Assert.DoesNotContain("PRIVATE KEY", line, StringComparison.Ordinal));
    }

    private void Form(IReadOnlyList<NodeProcess> nodes)
    {
        var contacts = string.Join(',', nodes.Select(n => $"127.0.0.1:{n.Port}"));
        foreach (var node in nodes)
        {
            var folder = new TlsFolder(_authority);
            _folders.Add(folder);
            node.Authority = _authority.Pem;
            node.Environment.Remove("CHRONOS_CLUSTER_SEEDS");
            node.Environment["CHRONOS_CLUSTER_DISCOVERY"] = "config";
            node.Environment["CHRONOS_CLUSTER_CONTACTS"] = contacts;
            foreach (var prefix in new[] { "CHRONOS_TLS", "CHRONOS_CLUSTER_TLS" })
            {
                node.Environment[$"{prefix}_CERTIFICATE"] = folder.Certificate;
                node.Environment[$"{prefix}_KEY"] = folder.Key;
                node.Environment[$"{prefix}_CA"] = folder.Authority;
            }
        }
    }
}

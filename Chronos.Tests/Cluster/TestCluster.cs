using Chronos.Actors.Journal;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cluster;

/// <summary>Several nodes as an operator has them: processes on this machine that share a PostgreSQL database.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private const string Key = "administrator-of-the-test-cluster";

    /// <summary>What the toolkit says when an entity does not go, when a node gives up waiting for its last shards, and when a shard goes after all.</summary>
    private static readonly string[] Stuck = ["is not handled by some of the entities", "Graceful shutdown of shard region timed out", "performing late deallocation"];
    private readonly TemporaryFolder _folder = new();
    private readonly PostgresAddress _database;

    private TestCluster(int count, string arbiter, (string Key, string Value)[] settings)
    {
        _database = PostgresServer.NewDatabase();
        var ports = Enumerable.Range(0, count).Select(_ => TestPort.Free()).ToList();
        var seeds = string.Join(',', ports.Select(p => $"127.0.0.1:{p}"));
        Nodes = [.. ports.Select((port, i) => new NodeProcess(Path.Combine(_folder.Location, $"node-{i}"))
        {
            Key = Key,
            Environment =
            {
                ["CHRONOS_STORE"] = "postgres",
                ["CHRONOS_POSTGRES"] = _database.ConnectionString,
                ["CHRONOS_NODE_NAME"] = $"node-{i}",
                ["CHRONOS_CLUSTER_SEEDS"] = seeds,
                ["CHRONOS_CLUSTER_PORT"] = $"{port}",
                ["CHRONOS_CLUSTER_ARBITER"] = arbiter,
                ["CHRONOS_ALLOW_PRIVATE_TARGETS"] = "true",
            },
        })];
        foreach (var node in Nodes)
        {
            foreach (var (key, value) in settings)
            {
                node.Environment[key] = value;
            }
        }
    }

    public IReadOnlyList<NodeProcess> Nodes { get; }

    public static Task<TestCluster> Start(int count) => Start(count, "majority");

    public static Task<TestCluster> Start(int count, string arbiter, params (string Key, string Value)[] settings) => Start(count, arbiter, _ => { }, settings);

    /// <param name="change">What is different, before they start.</param>
    public static async Task<TestCluster> Start(int count, string arbiter, Action<IReadOnlyList<NodeProcess>> change, params (string Key, string Value)[] settings)
    {
        var cluster = new TestCluster(count, arbiter, settings);
        try
        {
            change(cluster.Nodes);
            await Task.WhenAll(cluster.Nodes.Select(n => n.Start()));
            await cluster.Complete(count);
            return cluster;
        }
        catch
        {
            // One that did not start leaves no others behind: they would run for as long as the machine does.
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Every node sees so many members, all up and reachable, and a leader.</summary>
    public async Task Complete(int count)
    {
        foreach (var node in Nodes.Where(n => !n.Process.HasExited))
        {
            await Eventually.True(
                async () =>
                {
                    try
                    {
                        var cluster = await node.Get("cluster");
                        var members = cluster.GetProperty("members").EnumerateArray().ToList();
                        return members.Count == count && members.TrueForAll(m => m.GetProperty("status").GetString() == "up" && m.GetProperty("reachable").GetBoolean())
                            && cluster.GetProperty("leader").GetString()!.Length > 0;
                    }
                    catch (HttpRequestException)
                    {
                        return false;
                    }
                },
                TimeSpan.FromSeconds(60));
        }
    }

    /// <summary>The node on which the tick leader is, as <paramref name="witness"/> sees it.</summary>
    public async Task<NodeProcess> Leader(NodeProcess witness)
    {
        var name = (await witness.Get("cluster")).GetProperty("leader").GetString();
        return Nodes.Single(n => n.Environment["CHRONOS_NODE_NAME"] == name);
    }

    /// <summary>Every shard that moved was let go by what lived in it: none waited for the toolkit to lose its patience, and its jobs with it.</summary>
    public void AssertNoShardWasStuck() => Assert.All(Nodes, node =>
    {
        var stuck = node.Output.Where(line => Stuck.Any(words => line.Contains(words, StringComparison.Ordinal))).ToList();
        Assert.True(stuck.Count == 0, $"{node.Environment["CHRONOS_NODE_NAME"]}: {string.Join('\n', stuck)}");
    });

    /// <summary>Looks into the database behind the back of the nodes.</summary>
    public List<string> Rows(string sql) => Sql.Rows(new PostgresJournalDatabase(_database, Durability.Full), sql);

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }

        PostgresServer.Drop(_database);
        _folder.Dispose();
    }
}

using System.Diagnostics;
using System.Globalization;
using Chronos.Actors.Journal;
using Chronos.Tests.Kit;

namespace Chronos.Tests.Chaos;

/// <summary>Three nodes on three hosts, PostgreSQL that waits for its disk, and the target of their jobs.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    public const string Key = "administrator-of-the-chaos-cluster";
    private const int Size = 3;
    private readonly string? _logs;

    private ChaosCluster(ChaosNetwork network, PostgresServer server, ChaosTarget target, ChaosOptions options)
    {
        (Network, Server, Target, _logs) = (network, server, target, options.Logs);
        Database = server.MakeDatabase();
        Folder = Directory.CreateTempSubdirectory("chronos-chaos-").FullName;
        Nodes = [.. Enumerable.Range(0, Size).Select(host => new SupervisedNode(host, Node(host, options), Tell))];
    }

    public ChaosNetwork Network { get; }

    public PostgresServer Server { get; }

    public PostgresAddress Database { get; }

    public ChaosTarget Target { get; }

    public IReadOnlyList<SupervisedNode> Nodes { get; }

    public string Folder { get; }

    public static async Task<ChaosCluster> Start(ChaosOptions options)
    {
        var network = new ChaosNetwork(Size);
        var cluster = new ChaosCluster(network, PostgresServer.StartOwn(ChaosNetwork.Database), await ChaosTarget.Start(), options);
        await cluster.Whole(TimeSpan.FromSeconds(90));
        return cluster;
    }

    public static void Tell(string text) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.UtcNow:HH:mm:ss.f}  {text}"));

    /// <summary>Every node sees all, up and reachable, and a leader. Returns how long that took.</summary>
    public async Task<TimeSpan> Whole(TimeSpan patience)
    {
        var watch = Stopwatch.StartNew();
        foreach (var node in Nodes)
        {
            await Eventually.True(async () => await Sees(node, Size), patience);
        }

        return watch.Elapsed;
    }

    /// <summary>Every node has its share of the timetables, so that none is killed that has nothing to lose.</summary>
    public Task Balanced() => Eventually.True(
        async () => await Nodes[0].Ask("cluster/shards") is { } shards
            && shards.GetProperty("items").EnumerateArray().Where(s => s.GetProperty("type").GetString() == "timetable")
                .GroupBy(s => s.GetProperty("address").GetString()).Select(g => g.Count()).ToList() is { Count: Size } counts && counts.Min() >= 15,
        TimeSpan.FromSeconds(90));

    /// <summary>The node that leads, as most of them see it.</summary>
    public async Task<SupervisedNode> Leader()
    {
        SupervisedNode? leader = null;
        await Eventually.True(
            async () =>
            {
                var answers = await Task.WhenAll(Nodes.Select(n => n.Ask("cluster")));
                var named = answers.Where(a => a is not null).Select(a => a!.Value.GetProperty("leader").GetString()).GroupBy(n => n).MaxBy(g => g.Count());
                leader = named is null || named.Count() < 2 ? null : Nodes.FirstOrDefault(n => n.Name == named.Key);
                return leader is not null;
            },
            TimeSpan.FromSeconds(30));
        return leader!;
    }

    public async Task Apply(IReadOnlyList<LoadedJob> jobs)
    {
        foreach (var some in jobs.Chunk(500))
        {
            await Nodes[0].Post("jobs:apply", some.Select(j => j.Document));
        }

        await Fired(jobs, DateTimeOffset.UtcNow, TimeSpan.FromSeconds(60));
    }

    /// <summary>Every job has fired for a slot that was due after an instant. Returns how long ago that instant is then.</summary>
    public async Task<TimeSpan> Fired(IReadOnlyList<LoadedJob> jobs, DateTimeOffset after, TimeSpan patience)
    {
        try
        {
            await Eventually.True(() => jobs.All(j => Target.Newest(j) > after), patience + (after - DateTimeOffset.UtcNow));
        }
        catch (TimeoutException)
        {
            var silent = jobs.Where(j => Target.Newest(j) <= after).ToList();
            throw new TimeoutException($"{silent.Count} jobs had not fired {patience} after {after:HH:mm:ss}, among them {string.Join(", ", silent.Take(10).Select(j => $"{j.Name} ({Target.Newest(j):HH:mm:ss})"))}");
        }

        return DateTimeOffset.UtcNow - after;
    }

    /// <summary>All jobs are disabled, and everything has ended.</summary>
    public async Task Quiet(IReadOnlyList<LoadedJob> jobs)
    {
        foreach (var job in jobs)
        {
            await Nodes[0].Post($"jobs/{job.Name}/disable", new { });
        }

        await Eventually.True(async () => await None("running") && await None("pending"), TimeSpan.FromMinutes(2));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
            if (_logs is not null)
            {
                Directory.CreateDirectory(_logs);
                await File.WriteAllLinesAsync(Path.Combine(_logs, node.Name + ".log"), node.Output);
            }
        }

        await Target.DisposeAsync();
        await Server.DisposeAsync();
        Network.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static async Task<bool> Sees(SupervisedNode node, int count) =>
        await node.Ask("cluster") is { } cluster
        && cluster.GetProperty("members").EnumerateArray().ToList() is var members && members.Count == count
        && members.TrueForAll(m => m.GetProperty("status").GetString() == "up" && m.GetProperty("reachable").GetBoolean())
        && cluster.GetProperty("leader").GetString()!.Length > 0;

    private async Task<bool> None(string status) => await Nodes[0].Ask($"executions?status={status}&limit=1") is { } page && page.GetProperty("items").GetArrayLength() == 0;

    private NodeProcess Node(int host, ChaosOptions options) => new(Path.Combine(Folder, $"node-{host}"), ChaosNetwork.AddressOf(host), 8080)
    {
        Key = Key,
        Launcher = Network.Launcher(host),
        Environment =
        {
            ["CHRONOS_STORE"] = "postgres",
            ["CHRONOS_POSTGRES"] = Database.ConnectionString,
            ["CHRONOS_NODE_NAME"] = $"node-{host}",
            ["CHRONOS_CLUSTER_SEEDS"] = string.Join(',', Enumerable.Range(0, Size).Select(h => $"{ChaosNetwork.AddressOf(h)}:4053")),
            ["CHRONOS_CLUSTER_HOST"] = ChaosNetwork.AddressOf(host),
            ["CHRONOS_CLUSTER_PORT"] = "4053",
            ["CHRONOS_CLUSTER_ARBITER"] = options.Arbiter,
            ["CHRONOS_ALLOW_PRIVATE_TARGETS"] = "true",
        },
    };
}

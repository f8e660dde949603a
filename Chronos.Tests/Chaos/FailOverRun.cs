using Chronos.Tests.Kit;

namespace Chronos.Tests.Chaos;

/// <summary>Kills each node in turn, the leader's among them, and measures how long nothing was claimed and until every job had fired again.</summary>
internal static class FailOverRun
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Median = TimeSpan.FromSeconds(3.5);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static async Task<int> Run(ChaosOptions options)
    {
        await using var cluster = await ChaosCluster.Start(options);
        var jobs = JobLoad.Plain(options.Rate, cluster.Target.Url);
        await cluster.Apply(jobs);
        var from = DateTimeOffset.UtcNow;
        var calm = await SurvivePauses(cluster, jobs);
        var (any, all) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var kill = 0; kill < options.Kills; kill++)
        {
            await cluster.Balanced();
            var leader = await cluster.Leader();
            var victim = kill % 2 == 0 ? leader : cluster.Nodes.Where(n => n != leader).ElementAt(kill / 2 % 2);
            var release = await victim.Kill();
            var killed = DateTimeOffset.UtcNow;
            await Eventually.True(() => jobs.Any(j => cluster.Target.Newest(j) > killed), TimeSpan.FromSeconds(60));
            any.Add(DateTimeOffset.UtcNow - killed);
            all.Add(await cluster.Fired(jobs, killed, TimeSpan.FromSeconds(60)));
            ChaosCluster.Tell($"{(victim == leader ? "leader " : "another")} {victim.Name}: next claim after {any[^1].TotalSeconds:0.00} s, every job again after {all[^1].TotalSeconds:0.00} s");
            release();
            await cluster.Whole(TimeSpan.FromSeconds(60));
            await cluster.Fired(jobs, DateTimeOffset.UtcNow, TimeSpan.FromSeconds(30));
        }

        ChaosCluster.Tell($"{options.Kills} kills at {options.Rate}/s, arbiter {options.Arbiter}: next claim {Text(any)}; every job again {Text(all)}");
        var fast = any.Max() < Promised && Middle(any) < Median;
        return await ChaosRun.Rest(cluster, jobs, from) && fast && calm ? 0 : 1;
    }

    /// <summary>Who stands still for a second, in the middle of the load, is not taken for lost.</summary>
    private static async Task<bool> SurvivePauses(ChaosCluster cluster, IReadOnlyList<LoadedJob> jobs)
    {
        var lost = cluster.Nodes.Sum(n => n.Exits.Count);
        foreach (var node in Enumerable.Repeat(cluster.Nodes, 3).SelectMany(n => n))
        {
            await node.Signal("STOP");
            await Task.Delay(Pause);
            await node.Signal("CONT");
            await cluster.Fired(jobs, DateTimeOffset.UtcNow + Pause, TimeSpan.FromSeconds(60));
        }

        lost = cluster.Nodes.Sum(n => n.Exits.Count) - lost;
        ChaosCluster.Tell($"nine SIGSTOPs of {Pause.TotalSeconds:0.0} s: {lost} nodes were taken for lost");
        return lost == 0;
    }

    private static TimeSpan Middle(List<TimeSpan> spans) => spans.Order().ElementAt(spans.Count / 2);

    private static string Text(List<TimeSpan> spans) => $"median {Middle(spans).TotalSeconds:0.00}, {spans.Min().TotalSeconds:0.00} to {spans.Max().TotalSeconds:0.00} s";
}

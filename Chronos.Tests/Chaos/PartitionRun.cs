namespace Chronos.Tests.Chaos;

/// <summary>The partitions that have names, each for 5, 20 and 60 s, and the leader that stands still for 30 s.</summary>
internal static class PartitionRun
{
    public static async Task<int> Run(ChaosOptions options)
    {
        await using var cluster = await ChaosCluster.Start(options);
        var jobs = JobLoad.Mixed(options.Rate, cluster.Target.Url);
        await cluster.Apply(jobs);
        var (from, caughtUp) = (DateTimeOffset.UtcNow, true);
        foreach (var (name, blow, seconds) in Cases(options))
        {
            await cluster.Whole(TimeSpan.FromMinutes(1));
            var leader = (await cluster.Leader()).Host;
            var heal = await blow(cluster, leader).Strike();
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            var held = jobs.Count(j => DateTimeOffset.UtcNow - cluster.Target.Newest(j) > (2 * j.Period) + TimeSpan.FromSeconds(3));
            await heal();
            var healed = DateTimeOffset.UtcNow;
            string outcome;
            try
            {
                var took = await cluster.Fired(jobs, healed, TimeSpan.FromSeconds(90));
                caughtUp &= took < TimeSpan.FromSeconds(30);
                outcome = $"every job again {took.TotalSeconds:0.0} s after healing";
                outcome += $", one cluster after {(await cluster.Whole(TimeSpan.FromMinutes(2)) + took).TotalSeconds:0.0} s";
            }
            catch (TimeoutException e)
            {
                (caughtUp, outcome) = (false, e.Message);
            }

            ChaosCluster.Tell($"{name} for {seconds} s: {held} of {jobs.Count} jobs stood still in the end; {outcome}");
        }

        return await ChaosRun.Rest(cluster, jobs, from) && caughtUp ? 0 : 1;
    }

    private static IEnumerable<(string Name, Func<ChaosCluster, int, ChaosBlow> Blow, int Seconds)> Cases(ChaosOptions options)
    {
        (string Name, Func<ChaosCluster, int, ChaosBlow> Blow)[] all =
        [
            ("leader cut from everything", (c, leader) => ChaosBlow.Cut(c, leader, "", Cuts.FromAll(leader))),
            ("leader cut from the other nodes", (c, leader) => ChaosBlow.Cut(c, leader, "", Cuts.FromPeers(leader))),
            ("leader cut from the database", (c, leader) => ChaosBlow.Cut(c, leader, "", Cuts.FromDatabase(leader))),
            ("database cut from every node", (c, _) => ChaosBlow.Cut(c, -1, "", Cuts.DatabaseFromAll())),
            ("leader is not heard by one other", (c, leader) => ChaosBlow.Cut(c, leader, "", Cuts.OneWay(leader, (leader + 1) % 3))),
            ("one other is not heard by the leader", (c, leader) => ChaosBlow.Cut(c, leader, "", Cuts.OneWay((leader + 1) % 3, leader))),
            ("one follower is not heard by the other", (c, leader) => ChaosBlow.Cut(c, leader, "", Cuts.OneWay((leader + 1) % 3, (leader + 2) % 3))),
        ];
        var cases = all.SelectMany(_ => options.Seconds, (c, seconds) => (c.Name, c.Blow, seconds))
            .Append(("leader stopped by SIGSTOP", (c, leader) => ChaosBlow.Freeze(c, leader), 30));
        return cases.Where(c => c.Item1.Contains(options.Only, StringComparison.Ordinal));
    }
}

using Chronos.Tests.Kit;

namespace Chronos.Tests.Chaos;

/// <summary>Tells each node in turn to stop and starts it again, as an update does, and measures how late that makes what is due meanwhile.</summary>
internal static class LeaveRun
{
    private static readonly TimeSpan Promised = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Tolerated = TimeSpan.FromMilliseconds(500);

    /// <summary>After this a node that left has nothing to do with what is late.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(3);

    public static async Task<int> Run(ChaosOptions options)
    {
        await using var cluster = await ChaosCluster.Start(options);
        var jobs = JobLoad.Spread(options.Rate, cluster.Target.Url);
        await cluster.Apply(jobs);
        await cluster.Balanced();
        var from = DateTimeOffset.UtcNow;
        await cluster.Fired(jobs, from.AddSeconds(10), TimeSpan.FromSeconds(30));
        ChaosCluster.Tell($"before: {Text(Lateness(cluster, from, from.AddSeconds(10)))}");
        var (next, left, back) = (new List<TimeSpan>(), new List<TimeSpan>(), new List<TimeSpan>());
        for (var stop = 0; stop < options.Kills; stop++)
        {
            var leader = await cluster.Leader();
            var victim = stop % 2 == 0 ? leader : cluster.Nodes.Where(n => n != leader).ElementAt(stop / 2 % 2);
            var told = DateTimeOffset.UtcNow;
            var release = await victim.Leave();
            await Eventually.True(() => jobs.Any(j => cluster.Target.Newest(j) > told), TimeSpan.FromSeconds(60));
            next.Add(cluster.Target.Requests.Where(r => r.ScheduledAt > told).Min(r => r.At) - told);
            await victim.Ended;
            var gone = DateTimeOffset.UtcNow;
            await cluster.Fired(jobs, gone + Settled, TimeSpan.FromSeconds(60));
            left.AddRange(Lateness(cluster, told, gone + Settled));
            ChaosCluster.Tell($"{(victim == leader ? "leader " : "another")} {victim.Name} ended {(gone - told).TotalSeconds:0.0} s after SIGTERM: next claim after {next[^1].TotalMilliseconds:0} ms, {Text(Lateness(cluster, told, gone + Settled))}");

            var starts = DateTimeOffset.UtcNow;
            release();
            await cluster.Whole(TimeSpan.FromSeconds(60));
            await cluster.Balanced();
            var whole = DateTimeOffset.UtcNow;
            await cluster.Fired(jobs, whole + Settled, TimeSpan.FromSeconds(60));
            back.AddRange(Lateness(cluster, starts, whole + Settled));
            ChaosCluster.Tell($"  back and balanced after {(whole - starts).TotalSeconds:0.0} s: {Text(Lateness(cluster, starts, whole + Settled))}");
        }

        ChaosCluster.Tell($"{options.Kills} leaves at {options.Rate}/s: next claim after {next.Max().TotalMilliseconds:0} ms at most; while they left {Text(left)}; while they came back {Text(back)}");
        var fast = next.Max() < Promised && left.Concat(back).Max() < Tolerated;
        return await ChaosRun.Rest(cluster, jobs, from) && fast ? 0 : 1;
    }

    private static List<TimeSpan> Lateness(ChaosCluster cluster, DateTimeOffset from, DateTimeOffset to) =>
        [.. cluster.Target.Requests.Where(r => r.ScheduledAt >= from && r.ScheduledAt < to).GroupBy(r => r.Execution).Select(g => g.Min(r => r.At) - g.First().ScheduledAt)];

    private static string Text(List<TimeSpan> late)
    {
        var sorted = late.Order().ToList();
        return $"{sorted.Count} slots, p50 {Milliseconds(sorted, 0.5)}, p99 {Milliseconds(sorted, 0.99)}, worst {Milliseconds(sorted, 1)} ms late";
    }

    private static string Milliseconds(List<TimeSpan> sorted, double share) => $"{sorted[(int)(share * (sorted.Count - 1))].TotalMilliseconds:0}";
}

using System.Diagnostics;
using Chronos.Tests.Kit;

namespace Chronos.Tests.Chaos;

/// <summary>Blows at random, by a seed, under load; then everything is healed, comes to rest, and is judged.</summary>
internal static class ChaosRun
{
    /// <summary>Exit code 1 when a promise was broken.</summary>
    public static async Task<int> Run(ChaosOptions options)
    {
        ChaosCluster.Tell($"chaos for {options.Minutes} minutes, seed {options.Seed}, {options.Rate} executions/s, arbiter {options.Arbiter}");
        await using var cluster = await ChaosCluster.Start(options);
        var jobs = JobLoad.Mixed(options.Rate, cluster.Target.Url);
        await cluster.Apply(jobs);
        var from = DateTimeOffset.UtcNow;
        var (random, active, watch, count) = (new Random(options.Seed), new Dictionary<int, Task>(), Stopwatch.StartNew(), 0);
        using var end = new CancellationTokenSource(TimeSpan.FromMinutes(options.Minutes));
        while (!end.IsCancellationRequested)
        {
            foreach (var over in active.Where(a => a.Value.IsCompleted).ToList())
            {
                await over.Value;
                active.Remove(over.Key);
            }

            // At most two at once, and never two for one: the blows are those of the seed, their times are the machine's.
            if (active.Count == 2)
            {
                await Task.WhenAny(active.Values);
                continue;
            }

            var (blow, length) = ChaosBlow.Any(cluster, random);
            var pause = TimeSpan.FromSeconds(1 + (random.NextDouble() * 9));
            if (active.Remove(blow.Host, out var before))
            {
                await before;
            }

            if (end.IsCancellationRequested)
            {
                break;
            }

            count++;
            active[blow.Host] = Strike(blow, length, end.Token);
            await Pause(pause, end.Token);
        }

        await Task.WhenAll(active.Values);
        ChaosCluster.Tell($"{count} blows in {watch.Elapsed:m\\:ss}; all is healed");
        return await Rest(cluster, jobs, from) ? 0 : 1;
    }

    /// <summary>Everything is healed: it catches up, comes to rest, and is judged.</summary>
    public static async Task<bool> Rest(ChaosCluster cluster, IReadOnlyList<LoadedJob> jobs, DateTimeOffset from)
    {
        var healed = DateTimeOffset.UtcNow;
        var wrong = new List<string>();
        try
        {
            await cluster.Fired(jobs, healed, TimeSpan.FromMinutes(3));
            var last = await InTime(cluster, jobs);
            var took = DateTimeOffset.UtcNow - healed;
            ChaosCluster.Tell($"every job fires in time again {took.TotalSeconds:0.0} s after healing{(last is null ? "" : $", last {last}")}");
            ChaosCluster.Tell($"three nodes are one cluster, {(await cluster.Whole(TimeSpan.FromMinutes(2))).TotalSeconds:0.0} s later");

            // The slots of the moment in which a job is disabled may still fire: its timetable hears of it a little later.
            var to = DateTimeOffset.UtcNow;
            await cluster.Quiet(jobs);
            await LedgersComplete(cluster, jobs);
            wrong.AddRange(await ChaosJudge.Judge(cluster, jobs, from, to));
        }
        catch (TimeoutException e)
        {
            wrong.Add(e.Message);
        }

        foreach (var finding in wrong.Take(50))
        {
            ChaosCluster.Tell(finding);
        }

        ChaosCluster.Tell($"{wrong.Count} findings");
        return wrong.Count == 0;
    }

    /// <summary>Every job fires in time; returns the one that was the last to do so.</summary>
    private static async Task<string?> InTime(ChaosCluster cluster, IReadOnlyList<LoadedJob> jobs)
    {
        string? last = null;
        await Eventually.True(
            () =>
            {
                var late = jobs.FirstOrDefault(j => DateTimeOffset.UtcNow - cluster.Target.Newest(j) >= (3 * j.Period) + TimeSpan.FromSeconds(2));
                last = late?.Name ?? last;
                return late is null;
            },
            TimeSpan.FromMinutes(2));
        return last;
    }

    /// <summary>Every node knows that the last job is disabled, and so everything before it.</summary>
    private static async Task LedgersComplete(ChaosCluster cluster, IReadOnlyList<LoadedJob> jobs)
    {
        foreach (var node in cluster.Nodes)
        {
            await Eventually.True(
                async () => await node.Ask("jobs?enabled=true&limit=1") is { } page && page.GetProperty("items").GetArrayLength() == 0, TimeSpan.FromMinutes(2));
            await Eventually.True(
                async () => await node.Ask("executions?status=running&limit=1") is { } page && page.GetProperty("items").GetArrayLength() == 0, TimeSpan.FromMinutes(2));
        }

        ChaosCluster.Tell($"{jobs.Count} jobs are at rest, {cluster.Target.Requests.Count} requests were received");
    }

    private static async Task Strike(ChaosBlow blow, TimeSpan length, CancellationToken end)
    {
        var heal = await blow.Strike();
        ChaosCluster.Tell($"{blow.Text}, for {length.TotalSeconds:0.0} s");
        await Pause(length, end);
        await heal();
    }

    private static Task Pause(TimeSpan length, CancellationToken end) => Task.Delay(length, end).ContinueWith(_ => { }, TaskScheduler.Default);
}

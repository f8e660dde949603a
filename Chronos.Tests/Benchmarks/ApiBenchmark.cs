using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Chronos.Benchmarks.Kit;
using Chronos.Tests.Kit;

namespace Chronos.Benchmarks;

/// <summary>How long a caller waits, with nothing else to do for the node and while it fires.</summary>
internal sealed class ApiBenchmark : IBenchmark
{
    private const int PerSecond = 160;

    public string Name => "api";

    public string Question => "How long do create, get, list and trigger take, alone and while the node fires?";

    public string Settings => $"the built program in a process of its own, SQLite, durability full; {PerSecond} calls a second at fixed instants, each measured from its instant, in turn create, get, list, trigger";

    public string Headline => "get p99 ms";

    public IReadOnlyList<Variant> Variants(Bench bench)
    {
        var seconds = bench.Pick(20, 2);
        return
        [
            new("alone", () => Measure(0, seconds)),
            new("under 2000 executions/s", () => Measure(bench.Pick(2_000, 100), seconds)),
            new("under 5000 executions/s", () => Measure(bench.Pick(5_000, 200), seconds)),
        ];
    }

    private static async Task<Figures> Measure(int executions, int seconds)
    {
        using var store = new BenchStore(postgres: false);
        using var target = new TargetServer();
        await using var node = new NodeProcess(store.Folder, "--no-demo");
        await node.Start();
        await node.Post("jobs", Document("asked", "0 0 1 1 *", target.Url));
        for (var page = 0; page < executions; page += 500)
        {
            await node.Post("jobs:apply", Enumerable.Range(page, Math.Min(500, executions - page)).Select(i =>
                Document($"load-{i}", new { every = "1s", phase = $"{i * 1_000 / executions}ms" }, target.Url)));
        }

        await Calls(node, target.Url, "warm", 2);
        await target.Take();
        var began = Stopwatch.GetTimestamp();
        var took = await Calls(node, target.Url, "made", seconds);
        var arrivals = await target.Take();
        var figures = new Figures { ["executions/s"] = arrivals.Count / Stopwatch.GetElapsedTime(began).TotalSeconds };
        foreach (var kind in took.GroupBy(t => t.Kind, t => t.Ms))
        {
            var sorted = kind.Order().ToArray();
            figures[$"{kind.Key} p50 ms"] = Spread.At(sorted, 0.5);
            figures[$"{kind.Key} p99 ms"] = Spread.At(sorted, 0.99);
        }

        return figures;
    }

    private static object Document(string name, object schedule, string url) =>
        new { name, schedule, webhook = new { url = url + "/" }, retry = new { max_attempts = 1 } };

    private static async Task<IReadOnlyCollection<(string Kind, double Ms)>> Calls(NodeProcess node, string url, string name, int seconds)
    {
        var (took, began) = (new ConcurrentQueue<(string, double)>(), Stopwatch.GetTimestamp());
        var running = await Task.Factory.StartNew(
            () => Enumerable.Range(0, PerSecond * seconds).Select(AtItsInstant).ToArray(),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        await Task.WhenAll(running);
        return took;

        // A timer of the runtime is late by up to two milliseconds, which would be counted as the node's.
        Task AtItsInstant(int n)
        {
            for (TimeSpan ahead; (ahead = TimeSpan.FromSeconds(n / (double)PerSecond) - Stopwatch.GetElapsedTime(began)) > TimeSpan.Zero;)
            {
                Thread.Sleep(ahead > TimeSpan.FromMilliseconds(2) ? ahead - TimeSpan.FromMilliseconds(2) : TimeSpan.Zero);
            }

            return Call(n);
        }

        async Task Call(int n)
        {
            var (kind, send) = (n % 4) switch
            {
                0 => ("create", node.Http.PostAsJsonAsync("api/v1/jobs", Document(string.Create(CultureInfo.InvariantCulture, $"{name}-{n}"), "0 0 1 1 *", url))),
                1 => ("get", node.Http.GetAsync("api/v1/jobs/asked")),
                2 => ("list", node.Http.GetAsync("api/v1/jobs?limit=50")),
                _ => ("trigger", node.Http.PostAsJsonAsync("api/v1/jobs/asked/trigger", new { force = true })),
            };
            using var answer = await send;
            await answer.Content.ReadAsStringAsync();
            answer.EnsureSuccessStatusCode();
            took.Enqueue((kind, Stopwatch.GetElapsedTime(began).TotalMilliseconds - (n * 1_000.0 / PerSecond)));
        }
    }
}

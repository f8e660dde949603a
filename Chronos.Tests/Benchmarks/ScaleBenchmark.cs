using System.Diagnostics;
using System.Globalization;
using Chronos.Benchmarks.Kit;
using Chronos.Tests.Kit;

namespace Chronos.Benchmarks;

/// <summary>A million jobs on one node.</summary>
internal sealed class ScaleBenchmark : IBenchmark
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    public string Name => "scale";

    public string Question => "What do a million enabled jobs cost one node in memory, and how soon does it fire after a start and after kill -9?";

    public string Settings => "the built program in a process of its own, SQLite, durability full; each job daily, nine of ten by cron, at their minute or second, Kestrel in another process on the same cores; the journal is written by the product's own journal and types, without a million requests; read side made from it by the first start";

    public string Headline => "first fire s";

    public int Rounds => 1;

    public IReadOnlyList<Variant> Variants(Bench bench) =>
    [
        .. bench.Pick<int[]>([100_000, 1_000_000], [20_000]).Select(jobs => new Variant(jobs.ToString("N0", CultureInfo.InvariantCulture), () => Measure(jobs, bench.Pick(30, 5)))),
    ];

    private static async Task<Figures> Measure(int jobs, int settle)
    {
        using var store = new BenchStore(postgres: false);
        using var target = new TargetServer();
        var figures = await SeededJournal.Write(new SeedCase(jobs, target.Url, store.Folder, Snapshots: false));
        await using var node = new NodeProcess(store.Folder, "--no-demo");
        await Start(node, target, figures, "");
        await Settle(node, figures, "", settle);

        // In the middle of what it does beside firing: the read side is made from the journal.
        await node.Kill();
        var began = Stopwatch.GetTimestamp();
        await Start(node, target, figures, " after kill");
        await Eventually.True(async () => await CaughtUp(node), Patience);
        Note(figures, "lists complete s after kill", Stopwatch.GetElapsedTime(began).TotalSeconds);
        await Settle(node, figures, " after kill", settle);
        return figures;
    }

    private static async Task Start(NodeProcess node, TargetServer target, Figures figures, string which)
    {
        await target.Take();
        var first = FirstFire(target, Stopwatch.GetTimestamp());
        Note(figures, $"ready s{which}", (await node.Start()).TotalSeconds);
        Note(figures, $"first fire s{which}", await first);
    }

    /// <summary>A while of its ordinary work: about 350 fires of a million jobs.</summary>
    private static async Task Settle(NodeProcess node, Figures figures, string which, int seconds)
    {
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        Note(figures, $"RSS MB{which}", Kilobytes(node, "VmRSS") / 1024);
        Note(figures, $"peak RSS MB{which}", Kilobytes(node, "VmHWM") / 1024);
    }

    /// <summary>A round takes minutes: what is known is said at once.</summary>
    private static void Note(Figures figures, string name, double value)
    {
        figures[name] = value;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name}: {value:0.##}"));
    }

    private static async Task<double> FirstFire(TargetServer target, long began)
    {
        await Eventually.True(async () => await target.Count() > 0, Patience);
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<bool> CaughtUp(NodeProcess node)
    {
        var all = await node.Get("projections");
        return all.GetProperty("items").EnumerateArray().All(p => p.GetProperty("state").GetString() == "following");
    }

    private static double Kilobytes(NodeProcess node, string name) => double.Parse(
        File.ReadLines($"/proc/{node.Process.Id}/status").First(l => l.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}

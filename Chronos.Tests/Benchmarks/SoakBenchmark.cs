using Chronos.Actors.Journal;
using Chronos.Benchmarks.Kit;

namespace Chronos.Benchmarks;

/// <summary>Whether a node grows while it works.</summary>
internal sealed class SoakBenchmark : IBenchmark
{
    private const int PerSecond = 2_000;
    private static readonly TimeSpan TakenEach = TimeSpan.FromSeconds(20);

    public string Name => "soak";

    public string Question => "Does the memory of a node grow while it brings 2,000 executions a second for --minutes=N (30)?";

    public string Settings => "whole node with ledger, SQLite, durability full, Kestrel in another process on the same cores; growth: median of the last tenth against that of the tenth after a warm-up of a fifth; live: managed memory after a full collection, at that part of the time";

    public string Headline => "RSS growth %";

    public int Rounds => 1;

    public IReadOnlyList<Variant> Variants(Bench bench)
    {
        var seconds = bench.Pick(60 * bench.Minutes, 5);
        return [new($"http sqlite full {PerSecond}/s for {seconds / 60.0:0.#} min", () => Measure(bench.Pick(PerSecond, 200), seconds))];
    }

    private static async Task<Figures> Measure(int perSecond, int seconds)
    {
        using var store = new BenchStore(postgres: false);
        using var target = new TargetServer();
        var running = ChildProcess.Measure(new Case(Load.Rate, perSecond, seconds, false, store.Folder, null, Durability.Full, target.Url, null));

        // The target would grow instead, on the same machine.
        var (lateness, early) = (new List<double>(), 0);
        while (await Task.WhenAny(running, Task.Delay(TakenEach)) != running)
        {
            await Take();
        }

        await Take();
        var figures = await running;
        Spread.Add(figures, "lateness", lateness.Skip(perSecond * 3));
        figures["early"] = early;
        return figures;

        async Task Take()
        {
            var arrivals = await target.Take();
            lateness.AddRange(arrivals.LatenessMs);
            early += arrivals.Early;
        }
    }
}

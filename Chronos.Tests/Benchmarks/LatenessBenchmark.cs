using Chronos.Actors.Journal;
using Chronos.Benchmarks.Kit;

namespace Chronos.Benchmarks;

/// <summary>How late a node is when it has little to do.</summary>
internal sealed class LatenessBenchmark : IBenchmark
{
    public string Name => "lateness";

    public string Question => "At 100 executions a second, how long after its nominal time does a request arrive?";

    public string Settings => "whole node, durability full, Kestrel in another process on the same cores; measured against the nominal time, so nothing late is omitted; exact percentiles";

    public string Headline => "lateness p50 ms";

    public IReadOnlyList<Variant> Variants(Bench bench)
    {
        var seconds = bench.Pick(60, 3);
        return
        [
            new("100/s sqlite", () => Measure(seconds, postgres: false)),
            new("100/s postgres", () => Measure(seconds, postgres: true)),
        ];
    }

    private static async Task<Figures> Measure(int seconds, bool postgres)
    {
        using var store = new BenchStore(postgres);
        using var target = new TargetServer();
        var figures = await ChildProcess.Measure(new Case(Load.Rate, 100, seconds, false, store.Folder, store.Postgres?.ConnectionString, Durability.Full, target.Url, null));
        var arrivals = await target.Take();
        Spread.Add(figures, "lateness", arrivals.LatenessMs.Skip(300));
        figures["early"] = arrivals.Early;
        return figures;
    }
}

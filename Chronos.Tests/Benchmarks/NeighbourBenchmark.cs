using Chronos.Actors.Journal;
using Chronos.Benchmarks.Kit;

namespace Chronos.Benchmarks;

/// <summary>What a target that hangs does to the jobs of another.</summary>
internal sealed class NeighbourBenchmark : IBenchmark
{
    public string Name => "neighbour";

    public string Question => "How much later do 100 executions a second arrive when as many go to a target that hangs for 60 s on every call?";

    public string Settings => "whole node, SQLite, durability full, both targets Kestrels in processes of their own on the same cores; lateness of the well target against the nominal time";

    public string Headline => "lateness p99 ms";

    public IReadOnlyList<Variant> Variants(Bench bench)
    {
        var seconds = bench.Pick(60, 30);
        return
        [
            new("alone", () => Measure(seconds, "")),
            new("beside one that answers", () => Measure(seconds, "/")),
            new("beside one that hangs", () => Measure(seconds, "/hang")),
        ];
    }

    private static async Task<Figures> Measure(int seconds, string beside)
    {
        using var store = new BenchStore(false);
        using var target = new TargetServer();
        using var other = beside.Length == 0 ? null : new TargetServer();
        var figures = await ChildProcess.Measure(
            new Case(Load.Rate, 100, seconds, false, store.Folder, null, Durability.Full, target.Url, null) { Beside = other is null ? null : other.Url + beside });
        var arrivals = await target.Take();
        Spread.Add(figures, "lateness", arrivals.LatenessMs.Skip(300));
        figures["arrived"] = arrivals.Executions;
        return figures;
    }
}

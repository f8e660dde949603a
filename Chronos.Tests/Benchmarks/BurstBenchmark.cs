using Chronos.Actors.Journal;
using Chronos.Benchmarks.Kit;

namespace Chronos.Benchmarks;

/// <summary>Everything at once.</summary>
internal sealed class BurstBenchmark : IBenchmark
{
    public string Name => "burst";

    public string Question => "When many jobs are due at one instant, after how long has the last request arrived, and was any early?";

    public string Settings => "whole node, SQLite, durability full, Kestrel in another process on the same cores; cold: process just restarted on planned jobs; warm: second burst of the process";

    public string Headline => "last request s";

    public IReadOnlyList<Variant> Variants(Bench bench) =>
    [
        .. bench.Pick<int[]>([1_000, 10_000, 100_000], [200]).SelectMany(jobs => new[]
        {
            new Variant($"{jobs} warm", () => Measure(jobs, warm: true)),
            new Variant($"{jobs} cold", () => Measure(jobs, warm: false)),
        }),
    ];

    private static async Task<Figures> Measure(int jobs, bool warm)
    {
        using var store = new BenchStore(postgres: false);
        using var target = new TargetServer();
        var what = new Case(Load.Burst, jobs, 0, warm, store.Folder, null, Durability.Full, target.Url, null);
        if (!warm)
        {
            what = what with { DueAt = Bursts.WholeSecond(TimeSpan.FromSeconds(14 + (jobs / 6_000.0))) };
            await ChildProcess.Measure(what with { Load = Load.PlanBurst });
        }

        var figures = await ChildProcess.Measure(what);
        var arrivals = await target.Take();
        var measured = arrivals.LatenessMs.TakeLast(jobs).ToArray();
        figures["last request s"] = measured.Max() / 1_000;
        Spread.Add(figures, "arrival", measured);
        figures["early"] = arrivals.Early;
        figures["sent twice"] = arrivals.Count - arrivals.Executions;
        figures["missing"] = (warm ? 2 * jobs : jobs) - arrivals.Executions;
        return figures;
    }
}

using Chronos.Actors.Journal;
using Chronos.Benchmarks.Kit;

namespace Chronos.Benchmarks;

/// <summary>How much a node does, with and without a real target.</summary>
internal sealed class ThroughputBenchmark : IBenchmark
{
    public string Name => "throughput";

    public string Question => "How many executions a second does one node bring from accepted schedule to durable end, and how late are they?";

    public string Settings => "whole node with ledger, plans accepted by its timetables; saturation: jobs due at one instant after a warm burst; rate: each job once a second, phases spread, until what was due has ended and is in the ledger; http: Kestrel in another process on the same cores";

    public string Headline => "executions/s";

    public IReadOnlyList<Variant> Variants(Bench bench)
    {
        var (jobs, seconds) = (bench.Pick(100_000, 2_000), bench.Pick(20, 2));
        return
        [
            Saturation("saturation no-op sqlite full", jobs, false, Durability.Full, false),
            Saturation("saturation no-op sqlite relaxed", jobs, false, Durability.Relaxed, false),
            Saturation("saturation no-op postgres full", jobs, true, Durability.Full, false),
            Saturation("saturation http sqlite full", jobs, false, Durability.Full, true),
            Rate("rate no-op sqlite full 10000/s", bench.Pick(10_000, 500), seconds, false, false),
            Rate("rate http sqlite full 2000/s", bench.Pick(2_000, 500), seconds, false, true),
            Rate("rate http sqlite full 5000/s", bench.Pick(5_000, 500), seconds, false, true),
            Rate("rate http sqlite full 10000/s 60 s", bench.Pick(10_000, 500), bench.Pick(60, 2), false, true),
            Rate("rate http sqlite full 15000/s", bench.Pick(15_000, 500), seconds, false, true),
            Rate("rate http postgres full 10000/s", bench.Pick(10_000, 500), seconds, true, true),
        ];
    }

    private static Variant Saturation(string name, int jobs, bool postgres, Durability durability, bool http) => new(name, async () =>
    {
        using var store = new BenchStore(postgres);
        using var target = http ? new TargetServer() : null;
        return await ChildProcess.Measure(
            new Case(Load.Burst, jobs, 0, true, store.Folder, store.Postgres?.ConnectionString, durability, target?.Url, null));
    });

    private static Variant Rate(string name, int perSecond, int seconds, bool postgres, bool http) => new(name, async () =>
    {
        using var store = new BenchStore(postgres);
        using var target = http ? new TargetServer() : null;
        var what = new Case(Load.Rate, perSecond, seconds, false, store.Folder, store.Postgres?.ConnectionString, Durability.Full, target?.Url, null);
        var figures = await ChildProcess.Measure(what);
        if (target is not null)
        {
            var arrivals = await target.Take();
            Spread.Add(figures, "lateness", arrivals.LatenessMs.Skip(perSecond * 3));
            figures["early"] = arrivals.Early;
            figures["not received"] = (what.Jobs * (what.Seconds + what.Settling)) - arrivals.Executions;
        }

        return figures;
    });
}

using Chronos.Benchmarks.Kit;

namespace Chronos.Benchmarks;

/// <summary>What a lost node costs in replay.</summary>
internal sealed class RecoveryBenchmark : IBenchmark
{
    public string Name => "recovery";

    public string Question => "How long does a timetable need until it answers again, from its batches alone, from a snapshot, and from one with as many batches after it as there can be?";

    public string Settings => "1,000,000 jobs over 64 timetables, SQLite; one: a timetable of 15,600 jobs in a process that has recovered others before, as when a node takes over; all: 64 at once in a fresh process";

    public string Headline => "recovered s";

    public IReadOnlyList<Variant> Variants(Bench bench)
    {
        var jobs = bench.Pick(1_000_000, 20_000);
        return
        [
            Of("one from batches", jobs, 1, snapshots: false),
            Of("one from its snapshot", jobs, 1, snapshots: true),
            Of("one that worked up to its next snapshot", jobs, 1, snapshots: true, worked: true),
            Of("all 64 from batches", jobs, 64, snapshots: false),
            Of("all 64 from snapshots", jobs, 64, snapshots: true),
        ];
    }

    private static Variant Of(string name, int jobs, int timetables, bool snapshots, bool worked = false) => new(name, async () =>
    {
        using var store = new BenchStore(postgres: false);
        await SeededJournal.Write(new SeedCase(jobs, "http://127.0.0.1:9", store.Folder, snapshots, Events: false) { Worked = worked });
        return await Recoveries.Measure(new RecoveryCase(store.Folder, timetables));
    });
}

using System.Text.Json;
using Chronos.Benchmarks.Kit;
using Chronos.Benchmarks.Peers;

namespace Chronos.Benchmarks;

/// <summary>Chronos beside the schedulers that a .NET team would take otherwise.</summary>
internal sealed class PeersBenchmark : IBenchmark
{
    public string Name => "peers";

    public string Question => "How many runs of a trivial job does each scheduler bring, and how late do they begin?";

    public string Settings => "one-shot runs of a job that only notes that it ran, each scheduler in a process of its own, 32 threads or workers for the others; databases wait for the disk; executions/s: all due at one instant, to the last run (Chronos: until its end is durable; it claims up to 25 ms ahead; the others: until it has run); processor: until all is in the ledger, which is shown so long after the last run";

    public string Headline => "executions/s";

    public IReadOnlyList<Variant> Variants(Bench bench) =>
    [
        Of("Chronos sqlite", Peer.Chronos, bench.Pick(50_000, 10_000), false, bench),
        Of("Quartz.NET sqlite", Peer.QuartzSqlite, bench.Pick(5_000, 2_000), false, bench),
        Of("Chronos postgres", Peer.Chronos, bench.Pick(50_000, 10_000), true, bench),
        Of("Quartz.NET postgres clustered", Peer.QuartzPostgres, bench.Pick(2_000, 500), true, bench),
        Of("Hangfire postgres", Peer.HangfirePostgres, bench.Pick(2_000, 500), true, bench),
        Of("Quartz.NET memory, not durable", Peer.QuartzMemory, bench.Pick(100_000, 10_000), false, bench),
        Of("Hangfire memory, not durable", Peer.HangfireMemory, bench.Pick(20_000, 2_000), false, bench),
    ];

    private static Variant Of(string name, Peer peer, int runs, bool postgres, Bench bench) => new(name, async () =>
    {
        using var store = new BenchStore(postgres);
        return await ChildProcess.Measure(ChildProcess.PeerMode, JsonSerializer.Serialize(
            new PeerCase(peer, runs, bench.Pick(1_000, 200), bench.Pick(20, 0), store.Folder, store.Postgres?.ConnectionString)));
    });
}

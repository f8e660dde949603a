using System.Globalization;
using Chronos.Actors.Journal;
using Chronos.Benchmarks.Kit;
using Chronos.Benchmarks.Protocols;
using Chronos.Tests.Kit;

namespace Chronos.Benchmarks;

/// <summary>What an attempt takes beside the bare client of its protocol, and whether the server has what the ledger says.</summary>
internal sealed class ProtocolsBenchmark : IBenchmark
{
    private const int PerSecond = 1_000;
    private const string Memory = "/dev/shm";

    public string Name => "protocols";

    public string Question => "At 1,000/s, how long does an attempt take, and how long the client alone that sends the same messages at the same instants?";

    public string Settings =>
        "whole node, SQLite, durability full, servers and bare client in processes of their own on the same cores; the bare client begins each message when the node began it, "
        + "without the first 3 s; from the dispatcher's or the loop's call to the acknowledgement";

    public string Headline => "attempt p99 ms";

    public int Rounds => 3;

    /// <remarks>
    /// Brokers keep their data in memory, so that what is measured is the attempt and not a disk that the node's journal keeps busy and the
    /// bare client does not. With both on one disk they are measured too.
    /// </remarks>
    public IReadOnlyList<Variant> Variants(Bench bench) =>
    [
        .. BenchServer.Protocols.Select(protocol => new Variant(protocol, () => Measure(protocol, Memory, bench.Pick(30, 5)))),
        .. new[] { "nats", "rabbitmq" }.Select(protocol => new Variant(protocol + " on the node's disk", () => Measure(protocol, null, bench.Pick(30, 5)))),
    ];

    private static async Task<Figures> Measure(string protocol, string? data, int seconds)
    {
        Environment.SetEnvironmentVariable(BrokerProgram.DataSetting, Directory.Exists(data) ? data : null);
        using var store = new BenchStore(postgres: false);
        await using var server = await BenchServer.Start(protocol);
        Directory.CreateDirectory(Path.Combine(store.Folder, "secrets"));
        await File.WriteAllTextAsync(Path.Combine(store.Folder, "secrets", BenchServer.SecretName), server.Secret);
        var list = Path.Combine(store.Folder, "attempts.txt");
        var measured = await ChildProcess.Measure(new Case(Load.Rate, PerSecond, seconds, false, store.Folder, null, Durability.Full, null, null)
        {
            Protocol = protocol,
            Section = server.Section(BenchServer.Ours),
            Attempts = list,
        });
        var attempts = (await File.ReadAllLinesAsync(list)).Select(AttemptLine.Parse).ToList();
        var ledger = attempts.Where(attempt => attempt.Succeeded).Select(attempt => attempt.Execution).Distinct().ToHashSet(StringComparer.Ordinal);
        var stored = await server.Stored(BenchServer.Ours);
        var bare = await ChildProcess.Measure(ChildProcess.BareMode, BareCase.Text(new BareCase(protocol, server.Address, server.Secret, list)));
        var ours = attempts.Where(attempt => attempt.Counts).Select(attempt => attempt.Duration.TotalMilliseconds);
        var figures = new Figures
        {
            ["executions"] = ledger.Count,
            ["attempts"] = attempts.Count,
            ["missing"] = ledger.Except(stored).Count(),
            ["not in ledger"] = stored.Distinct().Except(ledger).Count(),
            ["twice"] = stored.Count - stored.Distinct().Count(),
        };
        Spread.Add(figures, "attempt", ours);
        foreach (var (name, value) in bare)
        {
            figures[name] = value;
        }

        figures["times p50"] = figures["attempt p50 ms"] / bare["bare p50 ms"];
        figures["times p99"] = figures["attempt p99 ms"] / bare["bare p99 ms"];
        foreach (var column in new[] { "cores", "GC pause ms/s", "collections", "RSS MB", "RSS growth %" })
        {
            figures[column] = measured[column];
        }

        return figures;
    }
}

/// <summary>One attempt of a run, as the ledger has it.</summary>
/// <param name="Counts">Whether it belongs to what is measured: it began after the first seconds.</param>
internal sealed record AttemptLine(string Execution, DateTimeOffset StartedAt, TimeSpan Duration, bool Succeeded, bool Counts)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Execution}\t{StartedAt.UtcTicks}\t{Duration.Ticks}\t{Succeeded}\t{Counts}");

    public static AttemptLine Parse(string line)
    {
        var parts = line.Split('\t');
        return new AttemptLine(
            parts[0], new DateTimeOffset(long.Parse(parts[1], CultureInfo.InvariantCulture), TimeSpan.Zero), TimeSpan.FromTicks(long.Parse(parts[2], CultureInfo.InvariantCulture)),
            bool.Parse(parts[3]), bool.Parse(parts[4]));
    }
}

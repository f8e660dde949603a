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

    /// <summary>For so long the runtime compiles what is used, in the node and in the clients, and takes a core for it.</summary>
    private const int Settling = 10;

    public string Name => "protocols";

    public string Question =>
        "At 1,000/s, how long from the dispatcher's call to the acknowledgement, and how long for the client alone, on the same cores at the same time?";

    public string Settings =>
        "whole node, SQLite, durability full; server and bare client in processes of their own on the same cores. attempt: from the dispatcher's call, all of its own included, to the acknowledgement. "
        + "slot: from the instant at which it was due, claim and fsync included. beside: the bare client, evenly as many messages a second while the node runs. "
        + "alone: once more afterwards without the node, each message at the instant at which the node began it. "
        + "After 10 s at the rate, which are first: while the runtime compiles what is used";

    public string Headline => "times p99";

    public int Rounds => 3;

    /// <remarks>
    /// Brokers keep their data in memory, so that what is measured is the attempt and not a disk that the node's journal keeps busy and the
    /// bare client does not. With both on one disk they are measured too.
    /// </remarks>
    public IReadOnlyList<Variant> Variants(Bench bench) =>
    [
        .. BenchServer.Protocols.Select(protocol => new Variant(protocol, () => Measure(protocol, Memory, bench.Pick(30, 5)))),
        new("a JetStream on the node's disk", () => Measure("nats", null, bench.Pick(30, 5))),
        new("a quorum queue on the node's disk", () => Measure("rabbitmq", null, bench.Pick(30, 5))),
    ];

    private static async Task<Figures> Measure(string protocol, string? data, int seconds)
    {
        Environment.SetEnvironmentVariable(BrokerProgram.DataSetting, Directory.Exists(data) ? data : null);
        using var store = new BenchStore(postgres: false);
        await using var server = await BenchServer.Start(protocol);
        Directory.CreateDirectory(Path.Combine(store.Folder, "secrets"));
        await File.WriteAllTextAsync(Path.Combine(store.Folder, "secrets", BenchServer.SecretName), server.Secret);
        var (list, beside) = (Path.Combine(store.Folder, "attempts.txt"), Path.Combine(store.Folder, "beside.txt"));
        var bare = new BareCase(protocol, server.Address, server.Secret, null, beside, PerSecond);
        Figures measured;
        using (var client = ChildProcess.Start(ChildProcess.BareMode, BareCase.Text(bare)))
        {
            var ends = client.StandardOutput.ReadToEndAsync();
            measured = await ChildProcess.Measure(new Case(Load.Rate, PerSecond, seconds, false, store.Folder, null, Durability.Full, null, null)
            {
                Settling = Settling,
                Protocol = protocol,
                Section = server.Section(BenchServer.Ours),
                Attempts = list,
            });
            client.StandardInput.Close();
            await ends;
            await client.WaitForExitAsync();
        }

        var attempts = (await File.ReadAllLinesAsync(list)).Select(AttemptLine.Parse).ToList();
        var ledger = attempts.Where(attempt => attempt.Succeeded).Select(attempt => attempt.Execution).Distinct().ToHashSet(StringComparer.Ordinal);
        var stored = (await server.Stored(BenchServer.Ours)).Where(execution => execution.Contains('@', StringComparison.Ordinal)).ToList();
        var counted = attempts.Where(attempt => attempt.Counts).ToList();
        var (from, to) = (counted.Min(attempt => attempt.StartedAt), counted.Max(attempt => attempt.StartedAt));
        var figures = new Figures
        {
            ["executions"] = ledger.Count,
            ["attempts"] = attempts.Count,
            ["missing"] = ledger.Except(stored).Count(),
            ["not in ledger"] = stored.Distinct().Except(ledger).Count(),
            ["twice"] = stored.Count - stored.Distinct().Count(),
        };
        Spread.Add(figures, "attempt", counted.Select(attempt => attempt.Duration.TotalMilliseconds));
        Spread.Add(figures, "slot", counted.Select(attempt => (attempt.StartedAt - attempt.Nominal + attempt.Duration).TotalMilliseconds), tail: false);
        Spread.Add(figures, "beside", (await File.ReadAllLinesAsync(beside)).Select(BareSent.Parse).Where(one => one.At >= from && one.At <= to).Select(one => one.Milliseconds));
        foreach (var (name, value) in await ChildProcess.Measure(ChildProcess.BareMode, BareCase.Text(bare with { Attempts = list, Beside = null })))
        {
            figures[name] = value;
        }

        Spread.Add(figures, "first", attempts.Where(attempt => !attempt.Counts).Select(attempt => attempt.Duration.TotalMilliseconds), tail: false);
        figures["times p50"] = figures["attempt p50 ms"] / figures["beside p50 ms"];
        figures["times p99"] = figures["attempt p99 ms"] / figures["beside p99 ms"];
        figures["times p99 alone"] = figures["attempt p99 ms"] / figures["alone p99 ms"];
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
    /// <summary>When it was due: the id of what a schedule fires says it.</summary>
    public DateTimeOffset Nominal => DateTimeOffset.Parse(Execution[(Execution.IndexOf('@', StringComparison.Ordinal) + 1)..], CultureInfo.InvariantCulture);

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

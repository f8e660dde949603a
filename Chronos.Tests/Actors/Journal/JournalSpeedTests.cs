using System.Diagnostics;
using Akka.Actor;
using Chronos.Actors.Journal;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

/// <summary>How fast, in one run on one machine; the explicit ones only print.</summary>
[Collection(Alone.Name)]
public sealed class JournalSpeedTests(ITestOutputHelper output)
{
    private const string Ours = "";
    private const string Stock = JournalHarness.StockClasses;

    [Fact]
    [Trait("speed", "slow")]
    public async Task Group_commit_is_at_least_three_times_as_fast_as_the_stock_class()
    {
        var ratios = new List<double>();

        // A neighbour on the machine may spoil a round, not all of them.
        for (var round = 0; round < 5 && !ratios.Exists(r => r >= 3); round++)
        {
            var ours = await EventsPerSecond(Store.Sqlite, Ours, Durability.Relaxed);
            var stock = await EventsPerSecond(Store.Sqlite, Stock, Durability.Relaxed);
            ratios.Add(ours / stock);
            output.WriteLine($"ours {ours:F0}/s, stock {stock:F0}/s, ratio {ours / stock:F1}");
        }

        Assert.True(ratios.Max() >= 3, $"ratios {string.Join(' ', ratios.Select(r => $"{r:F1}"))}");
    }

    [Theory(Explicit = true)]
    [InlineData(Store.Sqlite, Ours, Durability.Full)]
    [InlineData(Store.Postgres, Ours, Durability.Full)]
    [InlineData(Store.Sqlite, Ours, Durability.Relaxed)]
    [InlineData(Store.Postgres, Ours, Durability.Relaxed)]
    [InlineData(Store.Sqlite, Stock, Durability.Full)]
    [InlineData(Store.Postgres, Stock, Durability.Full)]
    [InlineData(Store.Sqlite, Stock, Durability.Relaxed)]
    [InlineData(Store.Postgres, Stock, Durability.Relaxed)]
    public async Task Rates(Store store, string hocon, Durability durability)
    {
        var rates = new List<double>();
        for (var round = 0; round < 5; round++)
        {
            rates.Add(await EventsPerSecond(store, hocon, durability));
        }

        output.WriteLine($"{store} {Name(hocon)} {durability}: {Median(rates):F0} events/s with 500 actors");
    }

    [Theory(Explicit = true)]
    [InlineData(Store.Sqlite, Ours, Durability.Full, 100)]
    [InlineData(Store.Postgres, Ours, Durability.Full, 100)]
    [InlineData(Store.Sqlite, Ours, Durability.Relaxed, 100)]
    [InlineData(Store.Postgres, Ours, Durability.Relaxed, 100)]
    [InlineData(Store.Sqlite, Ours, Durability.Full, 20_000)]
    [InlineData(Store.Postgres, Ours, Durability.Full, 20_000)]
    [InlineData(Store.Sqlite, Stock, Durability.Full, 100)]
    [InlineData(Store.Postgres, Stock, Durability.Full, 100)]
    [InlineData(Store.Sqlite, Stock, Durability.Relaxed, 100)]
    [InlineData(Store.Postgres, Stock, Durability.Relaxed, 100)]
    public async Task Latency_of_64_writes_at_one_instant(Store store, string hocon, Durability durability, int size)
    {
        using var journal = new TestJournal(store);
        await using var harness = await journal.Start(durability, hocon);
        var writers = await Writers(harness, 64);
        var text = new string('x', size);
        var (each, all) = (new List<double>(), new List<double>());
        for (var round = 0; round < 220; round++)
        {
            var started = Stopwatch.GetTimestamp();
            var times = await Task.WhenAll(writers.Select(async w =>
            {
                await w.Ask<NotesActor.Done>(new NotesActor.Note(text));
                return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            }));
            if (round >= 20)
            {
                each.AddRange(times);
                all.Add(times.Max());
            }
        }

        output.WriteLine($"{store} {Name(hocon)} {durability} {size} B: one write p50 {Rank(each, 0.5):F2} p99 {Rank(each, 0.99):F2} ms; last of 64 p50 {Rank(all, 0.5):F2} p99 {Rank(all, 0.99):F2} ms");
    }

    [Theory(Explicit = true)]
    [InlineData(Store.Sqlite, Ours)]
    [InlineData(Store.Postgres, Ours)]
    [InlineData(Store.Sqlite, Stock)]
    [InlineData(Store.Postgres, Stock)]
    public async Task Recoveries(Store store, string hocon)
    {
        using var journal = new TestJournal(store);
        await using var harness = await journal.Start(Durability.Relaxed, hocon);
        await Task.WhenAll((await Writers(harness, 2000)).Select(w => w.Ask<NotesActor.Done>(new NotesActor.Note("a", "b", "c"))));
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(n =>
            harness.System.ActorOf(Props.Create(() => new NotesActor($"notes|{n}", false))).Ask<NotesActor.State>(new NotesActor.Ask(), TimeSpan.FromSeconds(60))));

        output.WriteLine($"{store} {Name(hocon)}: {2000 / Stopwatch.GetElapsedTime(started).TotalSeconds:F0} recoveries/s without snapshot");
        started = Stopwatch.GetTimestamp();
        await Writers(harness, 2000);
        output.WriteLine($"{store} {Name(hocon)}: {2000 / Stopwatch.GetElapsedTime(started).TotalSeconds:F0} recoveries/s that look for a snapshot");
    }

    private static async Task<double> EventsPerSecond(Store store, string hocon, Durability durability)
    {
        const int Actors = 500;
        const int Each = 12;
        using var journal = new TestJournal(store);
        await using var harness = await journal.Start(durability, hocon);
        var writers = await Writers(harness, Actors);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(writers.Select(async w =>
        {
            for (var n = 0; n < Each; n++)
            {
                await w.Ask<NotesActor.Done>(new NotesActor.Note("0123456789012345678901234567890123456789"), TimeSpan.FromSeconds(60));
            }
        }));
        return Actors * Each / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<List<IActorRef>> Writers(JournalHarness harness, int count)
    {
        var writers = Enumerable.Range(0, count).Select(n => harness.Writer($"notes|{n}")).ToList();
        await Task.WhenAll(writers.Select(w => w.Ask<NotesActor.State>(new NotesActor.Ask(), TimeSpan.FromSeconds(60))));
        return writers;
    }

    private static string Name(string hocon) => hocon.Length == 0 ? "ours" : "stock";

    private static double Median(List<double> values) => Rank(values, 0.5);

    private static double Rank(List<double> values, double part)
    {
        var sorted = values.Order().ToList();
        return sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * part))];
    }
}

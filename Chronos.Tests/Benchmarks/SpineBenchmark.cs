using System.Globalization;
using Chronos.Benchmarks.Kit;
using Chronos.Core.Kernel;
using Chronos.Tests.Kit;

namespace Chronos.Benchmarks;

/// <summary>The first minute of the built program: nothing is warm in it.</summary>
internal sealed class SpineBenchmark : IBenchmark
{
    private const int Jobs = 200;

    /// <summary>Names the <c>Chronos.Host.dll</c> of another build, to be measured in turn with this one.</summary>
    private const string OtherBuild = "CHRONOS_OTHER_BUILD";

    public string Name => "spine";

    public string Question => "200 jobs due each second, the first minute of a fresh process: how late are they, is each slot received once, is any early?";

    public string Settings =>
        "the built program in dev mode, SQLite, durability full, Kestrel in another process on the same cores, which has served others before; every slot from the first on counts, against its nominal time; exact percentiles";

    public string Headline => "lateness p99 ms";

    public IReadOnlyList<Variant> Variants(Bench bench)
    {
        var seconds = bench.Pick(60, 10);
        var other = Environment.GetEnvironmentVariable(OtherBuild);
        return
        [
            new("bare client, undisturbed", () => Bare(seconds)),
            .. Of(null, ""),
            .. other is null ? [] : Of(other, ", other build"),
        ];

        Variant[] Of(string? program, string suffix) =>
        [
            new("undisturbed" + suffix, () => Measure(seconds, program, fresh: false, kill: false)),
            new("target just started" + suffix, () => Measure(seconds, program, fresh: true, kill: false)),
            new("kill -9 in the middle" + suffix, () => Measure(seconds, program, fresh: false, kill: true)),
        ];
    }

    /// <summary>
    /// What the machine allows in this hour: a client without a scheduler sends the same requests at the same instants. Where it is late, so is everybody.
    /// </summary>
    private static async Task<Figures> Bare(int seconds)
    {
        using var target = new TargetServer();
        await target.WarmUp();
        using var client = new HttpClient();
        var from = Bursts.WholeSecond(TimeSpan.FromSeconds(1));
        for (var second = 0; second < seconds; second++)
        {
            var nominal = from.AddSeconds(second);
            while (nominal - DateTimeOffset.UtcNow is { Ticks: > 0 } ahead)
            {
                // A timer of the runtime may be a millisecond off; the last one is waited for awake.
                await (ahead > TimeSpan.FromMilliseconds(2) ? Task.Delay(ahead - TimeSpan.FromMilliseconds(2)) : Task.CompletedTask);
            }

            await Task.WhenAll(Enumerable.Range(0, Jobs).Select(_ => Send(client, target, nominal)));
        }

        var arrivals = await target.Take();
        return Of(arrivals.Requests, from, new Figures());

        static async Task Send(HttpClient client, TargetServer target, DateTimeOffset nominal)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, target.Url + "/");
            request.Headers.Add("X-Chronos-Scheduled-Time", Rfc3339.Format(nominal));
            using var answer = await client.SendAsync(request);
        }
    }

    private static async Task<Figures> Measure(int seconds, string? program, bool fresh, bool kill)
    {
        using var store = new BenchStore(postgres: false);
        using var target = new TargetServer();
        if (!fresh)
        {
            await target.WarmUp();
        }

        await using var node = program is null ? new NodeProcess(store.Folder, "--no-demo") : new NodeProcess(store.Folder, "--no-demo") { Program = program };
        var figures = new Figures { ["ready s"] = (await node.Start()).TotalSeconds };
        var (from, to) = await Apply(node, target, seconds);
        var (dead, back) = (to, to);
        if (kill)
        {
            await Eventually.True(() => DateTimeOffset.UtcNow >= from.AddSeconds(seconds / 2.0), TimeSpan.FromMinutes(2));
            dead = DateTimeOffset.UtcNow;
            await node.Kill();
            figures["ready s"] = (await node.Start()).TotalSeconds;
            back = DateTimeOffset.UtcNow;
        }

        await Eventually.True(() => DateTimeOffset.UtcNow >= to.AddSeconds(2), TimeSpan.FromMinutes(2));
        var arrivals = await target.Take();

        // What came due while no process lived is late for that reason, and so is the first second after it.
        var counted = arrivals.Requests.Where(r => r.Nominal < dead.AddSeconds(-0.5) || r.Nominal > back.AddSeconds(1)).ToList();
        Of(counted, from, figures);
        figures["early"] = arrivals.Early;
        figures["missing"] = (Jobs * seconds) - arrivals.Executions;
        figures["sent again"] = arrivals.Count - arrivals.Executions;
        return figures;
    }

    private static Figures Of(IReadOnlyList<Arrival> requests, DateTimeOffset from, Figures figures)
    {
        Spread.Add(figures, "lateness", requests.Select(r => r.LatenessMs));
        figures["p90 ms"] = Spread.At([.. requests.Select(r => r.LatenessMs).Order()], 0.9);
        figures["first burst max ms"] = requests.Where(r => r.Nominal == from).Select(r => r.LatenessMs).DefaultIfEmpty().Max();
        figures["p99 after it ms"] = Spread.At([.. requests.Where(r => r.Nominal > from).Select(r => r.LatenessMs).Order()], 0.99);
        return figures;
    }

    /// <summary>The same jobs as anybody would make them. They begin together, when all are there.</summary>
    private static async Task<(DateTimeOffset From, DateTimeOffset To)> Apply(NodeProcess node, TargetServer target, int seconds)
    {
        var from = Bursts.WholeSecond(TimeSpan.FromSeconds(3));
        var to = from.AddSeconds(seconds);
        await node.Post("jobs:apply", Enumerable.Range(0, Jobs).Select(i => new
        {
            name = string.Create(CultureInfo.InvariantCulture, $"job-{i}"),
            schedule = new { cron = "* * * * * *", starts_at = Rfc3339.Format(from), ends_at = Rfc3339.Format(to) },
            webhook = new { url = target.Url + "/" },
            retry = new { max_attempts = 1 },
        }));
        return DateTimeOffset.UtcNow < from ? (from, to) : throw new InvalidOperationException("making the jobs took too long");
    }
}

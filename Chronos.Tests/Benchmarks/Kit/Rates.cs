using Chronos.Core.Scheduling;
using Chronos.Tests.Kit;

namespace Chronos.Benchmarks.Kit;

/// <summary>A steady stream of due slots.</summary>
internal static class Rates
{
    /// <summary>How often, in a run of <see cref="LongSeconds"/> or more, everything dead is collected to see what lives.</summary>
    private const int Looks = 10;
    private const int LongSeconds = 600;
    private static readonly TimeSpan SettlesWithin = TimeSpan.FromMinutes(2);

    public static async Task<Figures> Run(BenchNode node, Case what)
    {
        var (endedBefore, skippedBefore) = (node.Ended, node.Skipped);

        // Each job once a second, its phase its place in the second; the first slots come when all are planned.
        var first = Bursts.WholeSecond(TimeSpan.FromSeconds(2 + what.Jobs / 8_000.0));
        var (from, to) = (first.AddSeconds(what.Settling), first.AddSeconds(what.Settling + what.Seconds));
        await node.Plan(Enumerable.Range(0, what.Jobs).Select(i => ($"rate-{i}", new ScheduleSpec
        {
            Every = TimeSpan.FromSeconds(1),
            Phase = TimeSpan.FromTicks(TimeSpan.TicksPerSecond * i / what.Jobs),
            StartsAt = first,
            EndsAt = to,
        })));
        if (what.Beside is { } beside)
        {
            await node.Plan(
                Enumerable.Range(0, what.Jobs).Select(i => ($"beside-{i}", new ScheduleSpec
                {
                    Every = TimeSpan.FromSeconds(1),
                    Phase = TimeSpan.FromTicks(TimeSpan.TicksPerSecond * ((2 * i) + 1) / (2 * what.Jobs)),
                    StartsAt = first,
                    EndsAt = to,
                })),
                beside);
        }

        await Eventually.True(() => DateTimeOffset.UtcNow >= from, TimeSpan.FromMinutes(2));
        node.Dispatcher?.Take();
        var (paused, collected) = (GC.GetTotalPauseDuration(), GC.CollectionCount(0));
        var (ended, skipped, spent, lag, resident, live) = (node.Ended, node.Skipped, new Spent(node), 0.0, new List<double>(), new List<double>());
        await Eventually.True(() =>
        {
            lag = Math.Max(lag, node.LedgerLagSeconds);
            resident.Add(Environment.WorkingSet / (1024.0 * 1024.0));
            if (what.Seconds >= LongSeconds && DateTimeOffset.UtcNow >= from.AddSeconds(what.Seconds * (live.Count + 1.0) / (Looks + 1)))
            {
                live.Add(GC.GetTotalMemory(forceFullCollection: true) / (1024.0 * 1024.0));
            }

            return DateTimeOffset.UtcNow >= to;
        }, TimeSpan.FromSeconds(what.Seconds) + TimeSpan.FromMinutes(5));
        var done = node.Ended - ended;
        var figures = new Figures
        {
            ["executions/s"] = done / (double)what.Seconds,
            ["behind"] = (what.Jobs * (double)what.Seconds) - done,
            ["not run"] = node.Skipped - skipped,
            ["ledger lag s"] = lag,
            ["RSS growth %"] = Growth(resident),
        };
        for (var look = 0; look < live.Count; look++)
        {
            figures[$"live MB {100 * (look + 1) / (Looks + 1)} %"] = live[look];
        }

        spent.Add(figures, Math.Max(1, done));
        if (what.Beside is null)
        {
            // What was due and has not ended yet: it is waited for, and what never comes is missing.
            var due = what.Jobs * ((long)what.Seconds + what.Settling);
            while (Settled() < due && DateTimeOffset.UtcNow < to + SettlesWithin)
            {
                await Task.Delay(20);
            }

            figures["all ended s after"] = Math.Max(0, (node.LastEnded - to).TotalSeconds);
            figures["missing"] = Math.Max(0, due - Settled());
            await node.LedgerComplete();
            figures["ledger complete s after"] = (DateTimeOffset.UtcNow - to).TotalSeconds;

            long Settled() => node.Ended - endedBefore + node.Skipped - skippedBefore;
        }

        if (what.Attempts is { } file)
        {
            figures["GC pause ms/s"] = (GC.GetTotalPauseDuration() - paused).TotalMilliseconds / what.Seconds;
            figures["collections"] = GC.CollectionCount(0) - collected;

            // The last ones are still on their way.
            await Eventually.True(() => DateTimeOffset.UtcNow >= to.AddSeconds(2), TimeSpan.FromMinutes(1));
            await node.LedgerComplete();
            await node.WriteAttempts(file, first.AddSeconds(-1), from);
        }

        if (node.Dispatcher is { } dispatcher)
        {
            var lateness = dispatcher.Take();
            Spread.Add(figures, "lateness", lateness);
            figures["early"] = lateness.Count(l => l < 0);
        }

        return figures;
    }

    /// <summary>The last tenth against the tenth after the warm-up, which is the first fifth.</summary>
    private static double Growth(List<double> samples)
    {
        var tenth = samples.Count / 10;
        var before = Spread.Median(samples.Skip(2 * tenth).Take(tenth));
        return 100 * (Spread.Median(samples.TakeLast(tenth)) - before) / before;
    }
}

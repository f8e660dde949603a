using Chronos.Core.Scheduling;
using Chronos.Tests.Kit;

namespace Chronos.Benchmarks.Kit;

/// <summary>Many jobs at one instant.</summary>
internal static class Bursts
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public static async Task<Figures> Plan(BenchNode node, Case what)
    {
        await PlanAt(node, what.Jobs, what.DueAt!.Value, "cold");
        return [];
    }

    public static async Task<Figures> Run(BenchNode node, Case what)
    {
        if (what.Warm)
        {
            await Fire(node, what, await Soon(node, what, "warm-up"));
        }

        return await Fire(node, what, what.DueAt ?? await Soon(node, what, "burst"));
    }

    /// <summary>An instant that leaves time to plan the jobs; planned for it they are when this returns.</summary>
    private static async Task<DateTimeOffset> Soon(BenchNode node, Case what, string name)
    {
        var due = WholeSecond(TimeSpan.FromSeconds(3 + what.Jobs / 8_000.0));
        await PlanAt(node, what.Jobs, due, name);
        if (DateTimeOffset.UtcNow > due)
        {
            throw new InvalidOperationException($"planning {what.Jobs} jobs took too long: {DateTimeOffset.UtcNow - due} beyond the instant at which they are due");
        }

        return due;
    }

    public static DateTimeOffset WholeSecond(TimeSpan ahead) =>
        DateTimeOffset.FromUnixTimeSeconds((DateTimeOffset.UtcNow + ahead).ToUnixTimeSeconds() + 1);

    private static Task PlanAt(BenchNode node, int jobs, DateTimeOffset due, string name) =>
        node.Plan(Enumerable.Range(0, jobs).Select(i => ($"{name}-{i}", new ScheduleSpec { At = due })));

    private static async Task<Figures> Fire(BenchNode node, Case what, DateTimeOffset due)
    {
        var before = node.Ended;
        await Eventually.True(() => DateTimeOffset.UtcNow >= due.AddMilliseconds(-200), Patience);
        var spent = new Spent(node);
        await Eventually.True(() => node.Ended - before >= what.Jobs, Patience);
        var durable = (node.LastEnded - due).TotalSeconds;
        var figures = new Figures { ["executions/s"] = what.Jobs / durable, ["last durable s"] = durable };
        await node.LedgerComplete();
        figures["ledger complete s"] = (DateTimeOffset.UtcNow - due).TotalSeconds;

        // With the ledger, whose work may come last.
        spent.Add(figures, what.Jobs);
        if (node.Dispatcher is { } dispatcher)
        {
            var lateness = dispatcher.Take();
            Spread.Add(figures, "lateness", lateness);
            figures["early"] = lateness.Count(l => l < 0);
        }

        return figures;
    }
}

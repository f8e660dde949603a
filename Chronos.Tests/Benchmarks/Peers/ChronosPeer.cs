using Chronos.Actors.Journal;
using Chronos.Benchmarks.Kit;
using Chronos.Core.Scheduling;

namespace Chronos.Benchmarks.Peers;

/// <summary>A whole node with its ledger. A run has ended when its end is durable.</summary>
internal sealed class ChronosPeer(BenchNode node) : IPeer
{
    public static async Task<IPeer> Start(string folder, string? connection) =>
        new ChronosPeer(await BenchNode.Start(new Case(Load.Burst, 0, 0, false, folder, connection, Durability.Full, null, null)));

    public (long Count, DateTimeOffset Last) Ended => (node.Ended, node.LastEnded);

    public Task Complete() => node.LedgerComplete();

    public double[] TakeLateness() => node.Dispatcher!.Take();

    public Task Plan(string name, IReadOnlyList<DateTimeOffset> due) =>
        node.Plan(due.Select((at, i) => ($"{name}-{i}", new ScheduleSpec { At = at })));

    public ValueTask DisposeAsync() => node.DisposeAsync();
}

using System.Collections.Concurrent;

namespace Chronos.Benchmarks.Peers;

/// <summary>A scheduler with the same trivial job as the others: it notes that it ran.</summary>
internal interface IPeer : IAsyncDisposable
{
    /// <summary>Plans one run for each instant; when it returns, all are accepted, and durable where the scheduler is.</summary>
    Task Plan(string name, IReadOnlyList<DateTimeOffset> due);

    /// <summary>How many runs have ended, and when the last did.</summary>
    (long Count, DateTimeOffset Last) Ended { get; }

    /// <summary>Ends when everything that the scheduler shows of the runs is there.</summary>
    Task Complete() => Task.CompletedTask;

    /// <summary>How late each run since the last call began, in milliseconds.</summary>
    double[] TakeLateness();
}

/// <summary>What the trivial job of a peer does: notes in memory that it ran. Chronos has its own, a dispatcher that sends nothing.</summary>
internal static class Runs
{
    private static ConcurrentQueue<double> _lateness = [];
    private static long _count;
    private static long _last;

    public static (long Count, DateTimeOffset Last) Ended => (Interlocked.Read(ref _count), new DateTimeOffset(Interlocked.Read(ref _last), TimeSpan.Zero));

    public static double[] TakeLateness() => [.. Interlocked.Exchange(ref _lateness, [])];

    public static void Note(DateTimeOffset due)
    {
        var now = DateTimeOffset.UtcNow;
        _lateness.Enqueue((now - due).TotalMilliseconds);
        Interlocked.Exchange(ref _last, now.UtcTicks);
        Interlocked.Increment(ref _count);
    }
}

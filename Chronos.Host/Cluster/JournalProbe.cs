using Chronos.Actors.Journal;

namespace Chronos.Host.Cluster;

/// <summary>
/// How long the journal takes to answer the smallest question, asked so that it holds up nobody: a database that hangs would have the node
/// taken for one that does not answer itself, and somebody would take it out of the cluster.
/// </summary>
internal sealed class JournalProbe(IJournalReader journal, TimeProvider time)
{
    private readonly Lock _lock = new();
    private Task<long>? _asked;

    /// <summary>In milliseconds; null when it failed or there was no answer in time. A question that hangs is not asked a second time beside it.</summary>
    public double? Ask(TimeSpan patience)
    {
        var began = time.GetTimestamp();
        Task<long> asked;
        lock (_lock)
        {
            asked = _asked = _asked is { IsCompleted: false } hangs ? hangs : Task.Factory.StartNew(journal.Highest, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        try
        {
            return asked.Wait(patience) ? time.GetElapsedTime(began).TotalMilliseconds : null;
        }
        catch (AggregateException)
        {
            // Whatever the reason is: the log has it, where the journal is needed.
            return null;
        }
    }
}

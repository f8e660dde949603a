using Chronos.Actors.Journal;
using Chronos.Actors.Projections;

namespace Chronos.Host.Http;

/// <summary>How fresh the read models are, and how to wait for them where an answer must not be older than a moment ago.</summary>
internal sealed class ReadSide(ProjectionRunner projections, IJournalReader journal, ReadSideOptions options, TimeProvider time)
{
    /// <summary>Longer than a usual lag, short enough for somebody who waits.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Dispositions from before this instant may have been removed.</summary>
    public DateTimeOffset KeptFrom => time.GetUtcNow() - options.LedgerMaxAge;

    /// <summary>Of the projection that is furthest behind. To be taken before what it is told of is read.</summary>
    public double LagSeconds => projections.Health.IsEmpty ? 0 : Math.Round(projections.Health.Max(h => h.LagSeconds), 3);

    /// <summary>Waits until the models hold what is in the journal now, but not for long: a stale answer is better than none.</summary>
    public Task<bool> CatchUp(CancellationToken cancellation) => projections.WaitUntil(journal.Highest(), Patience, cancellation);
}

using System.Collections.Immutable;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Projections;

/// <summary>Reads the execution ledger: what ran, what did not, and why.</summary>
/// <remarks>
/// As fresh as <see cref="ProjectionRunner.Health"/> says. Lists answer null when the filter or cursor is wrong, with the reasons
/// added to <c>violations</c>. <see cref="ReadModelUnavailableException"/> means that the read database is being replaced: 503.
/// </remarks>
public sealed class LedgerQueries
{
    /// <summary>Executions, newest first.</summary>
    public Page<ExecutionView>? List(ExecutionFilter filter, ICollection<Violation> violations) => throw new NotImplementedException();

    /// <summary>Executions that failed for good (failed, timed out, lost), newest first; the filter's statuses are ignored.</summary>
    public Page<ExecutionView>? DeadLetters(ExecutionFilter filter, ICollection<Violation> violations) => throw new NotImplementedException();

    public ExecutionView? Find(TenantId tenant, ExecutionId id) => throw new NotImplementedException();

    /// <summary>The dispositions of a job's slots, oldest first; a range of slots is one item.</summary>
    public Page<SlotView>? Slots(SlotFilter filter, ICollection<Violation> violations) => throw new NotImplementedException();

    /// <summary>What became of the slot at this nominal time; null when the ledger has nothing for it (no slot, not due yet, or before the retention window).</summary>
    public SlotView? DispositionOf(TenantId tenant, JobId job, DateTimeOffset nominal) => throw new NotImplementedException();

    /// <summary>How schedule and state of a job changed, oldest first.</summary>
    public ImmutableArray<PlanInterval> PlanHistory(TenantId tenant, JobId job) => throw new NotImplementedException();

    /// <summary>Counts since an instant (by claim, rounded down to the hour).</summary>
    public LedgerStats Stats(TenantId tenant, DateTimeOffset from) => throw new NotImplementedException();

    /// <summary>The backfills of a job, newest first.</summary>
    public ImmutableArray<TimetableReplies.BackfillView> Backfills(TenantId tenant, JobId job) => throw new NotImplementedException();
}

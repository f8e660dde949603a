using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Core.Contracts;

/// <summary>What became of a slot.</summary>
public enum SlotDisposition
{
    /// <summary>Claimed in its time.</summary>
    Fired,

    /// <summary>Claimed later, because nobody could in its time.</summary>
    CaughtUp,

    /// <summary>Waits its turn.</summary>
    Queued,
    NotRun,
}

/// <summary>The disposition of one slot, or of a range of slots that were not run for one reason.</summary>
/// <param name="Nominal">The slot; of a range the first (in a look-up by time: the time that was asked for).</param>
/// <param name="First">First slot of the range; of a single slot the slot itself.</param>
/// <param name="Last">Last slot of the range.</param>
/// <param name="Count">How many slots this stands for.</param>
/// <param name="At">When it was decided.</param>
/// <param name="ExecutionId">The execution, for a single slot.</param>
public sealed record SlotView(
    JobId Job,
    DateTimeOffset Nominal,
    SlotDisposition Disposition,
    SkipReason? Reason,
    string? Detail,
    ExecutionId? ExecutionId,
    ExecutionStatus? Status,
    double? LatenessMs,
    DateTimeOffset? At,
    DateTimeOffset First,
    DateTimeOffset Last,
    long Count);

using Chronos.Actors.Projections;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Host.Http;

namespace Chronos.Host.Executions;

/// <summary>Finds an execution wherever it is: alive in its timetable, ended in the ledger, or just between the two.</summary>
internal sealed class ExecutionFinder(Regions regions, LedgerQueries ledger, ReadSide reads)
{
    /// <summary>The execution; null when nobody knows it.</summary>
    public async Task<ExecutionBody?> Find(HttpContext http, ExecutionId id, CancellationToken cancellation)
    {
        if (await regions.Ask(new TimetableCommands.GetExecution(id.Job, id), cancellation) is TimetableReplies.Live live)
        {
            // The ledger also knows what a timetable forgets while it runs: payload, source, who asked.
            var body = ExecutionBody.Of(live.Execution);
            return ledger.Find(http.Tenant(), id) is { } known && known.Status is ExecutionStatus.Pending or ExecutionStatus.Running
                ? ExecutionBody.Of(known) with { Status = body.Status, Attempts = body.Attempts, RetryAt = body.RetryAt, Node = body.Node, StartedAt = body.StartedAt }
                : body;
        }

        if (ledger.Find(http.Tenant(), id) is { } found && IsFinal(found))
        {
            return ExecutionBody.Of(found);
        }

        // It may have ended a moment ago: then it is in the journal, and the ledger will have it soon.
        await reads.CatchUp(cancellation);
        return ledger.Find(http.Tenant(), id) is { } late ? ExecutionBody.Of(late) : null;
    }

    private static bool IsFinal(ExecutionView e) => e.Status is not (ExecutionStatus.Pending or ExecutionStatus.Running);
}

using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>How much a recovery has to replay: whoever takes a timetable over lets its jobs wait for that.</summary>
public sealed class SnapshotCadenceTests
{
    [Theory]
    [InlineData(1, 500)]
    [InlineData(2_000, 1_000)]
    public void A_snapshot_comes_after_so_many_batches_and_seldom_enough_for_the_jobs_in_it(int jobs, int batches)
    {
        var table = new DurableTimetable<string>(7, "n1");
        var definition = TimetableBench.Definition("0 0 1 1 *");
        for (var i = 0; i < jobs; i++)
        {
            var job = JobId.For(TenantId.Default, $"job-{i}");
            table.Decide("ann", new TimetablePlanning.SetPlan(TenantId.Default, job, 1, 1, PlanState.Active, null, TimetableBench.Start, definition, null), TimetableBench.Start);
        }

        Commit(table);
        var after = 1;
        for (; table.TakeSnapshot() is null; after++)
        {
            table.Decide("ann", new TimetablePlanning.RemovePlan(JobId.For(TenantId.Default, $"gone-{after}"), 1), TimetableBench.Start);
            Commit(table);
        }

        Assert.Equal(batches, after);
    }

    private static void Commit(DurableTimetable<string> table)
    {
        while (table.Next(TimetableBench.Start).Write is { } batch)
        {
            table.Committed(batch);
        }
    }
}

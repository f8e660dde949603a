using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Wire;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>What this build does with a timetable that a later one has written to.</summary>
public sealed class LaterBuildTests
{
    [Theory]
    [InlineData(null, true)]
    [InlineData(WireLevel.Current, true)]
    [InlineData(WireLevel.Current + 1, false)]
    public void No_snapshot_is_taken_over_what_a_later_build_wrote(int? level, bool isTaken)
    {
        var table = new DurableTimetable<string>(7, "n1") { SnapshotAfterBatches = 2 };
        table.Replay(new TimetableBatch(7, 1, TimetableBench.Start, []) { Level = level });
        table.Recovered(TimetableBench.Start);
        Assert.Equal(!isTaken, table.IsOfLaterBuild);
        Assert.Equal(isTaken, Commit(table) is not null);

        // Nor after a snapshot of the later build.
        var next = new DurableTimetable<string>(7, "n1") { SnapshotAfterBatches = 1 };
        next.Restore(table.Table.State.Snapshot(7, 1) with { Level = level });
        next.Recovered(TimetableBench.Start);
        Assert.Equal(isTaken, Commit(next) is not null);
    }

    [Fact]
    public void What_is_written_says_by_which_build()
    {
        var table = new DurableTimetable<string>(7, "n1") { SnapshotAfterBatches = 1 };
        table.Decide("ann", new TimetablePlanning.RemovePlan(TimetableBench.Job, 1), TimetableBench.Start);
        var batch = table.Next(TimetableBench.Start).Write!;
        table.Committed(batch);
        Assert.Equal((WireLevel.Current, WireLevel.Current), (batch.Level, table.TakeSnapshot()!.Level));
    }

    private static TimetableSnapshot? Commit(DurableTimetable<string> table)
    {
        table.Committed(table.Next(TimetableBench.Start).Write!);
        return table.TakeSnapshot();
    }
}

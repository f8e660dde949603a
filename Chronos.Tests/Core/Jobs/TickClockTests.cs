using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>What leader and timetable make of clocks that differ.</summary>
public sealed class TickClockTests
{
    private static readonly DateTimeOffset Now = TimetableBench.Start;
    private readonly TickClock _clock = new(1);
    private readonly DurableTimetable<object> _table = new(0, "n1");

    public TickClockTests()
    {
        _clock.Risen(_clock.Rise("n1", Now));
        _table.Decide(new object(), new TimetablePlanning.SetPlan(
            TenantId.Default, TimetableBench.Job, 1, 1, PlanState.Active, null, Now, TimetableBench.Definition("*/10 * * * * *"), null), Now);
        Commit(Now);
        Tick(Now, Now);
    }

    [Fact]
    public void A_leader_whose_clock_is_ahead_has_nothing_claimed_and_does_not_tick_again_and_again()
    {
        var ahead = Now.AddSeconds(20);
        Assert.Empty(Tick(ahead, Now).OfType<ExecutionStarted>());
        Assert.Empty(_clock.Sweep(ahead));
        Assert.Equal(TimeSpan.FromMilliseconds(500), _clock.Sleep(ahead));
        Assert.Single(_clock.Sweep(ahead.AddMilliseconds(500)));
    }

    [Fact]
    public void A_timetable_that_was_ticked_too_early_wakes_itself_by_its_own_clock()
    {
        Tick(Now.AddSeconds(20), Now);
        var ahead = Now.AddSeconds(10) - ClaimAhead.Lead;
        Assert.Equal(ahead - Now, _table.OwnWake(Now));
        _table.Wake(ahead);
        Assert.Equal(Now.AddSeconds(10), Assert.IsType<ExecutionStarted>(Assert.Single(Commit(ahead))).Nominal);

        // The leader's clock says that the next one is due as well.
        Assert.Equal(TimeSpan.FromSeconds(10), _table.OwnWake(ahead));
    }

    [Fact]
    public void A_timetable_that_was_ticked_in_time_does_not_wake_itself()
    {
        var ahead = Now.AddSeconds(10) - ClaimAhead.Lead;
        Assert.Single(Tick(ahead, ahead).OfType<ExecutionStarted>());
        Assert.Null(_table.OwnWake(ahead));
        Assert.Equal(TimeSpan.FromSeconds(1), _clock.Sleep(ahead));
    }

    [Fact]
    public void A_leader_whose_epoch_is_over_is_refused_and_told_so()
    {
        var due = Now.AddSeconds(10);
        Assert.False(_table.Tick(new TimetablePlanning.Tick(0, _clock.Epoch - 1, due), due));
        Assert.Empty(Commit(due));
        var stale = new TickClock(1);
        Assert.False(stale.Note(_table.Report(_clock.Epoch - 1), due));
    }

    [Fact]
    public void A_report_that_crosses_a_tick_leaves_its_repetition_in_place()
    {
        var due = Now.AddSeconds(10) - ClaimAhead.Lead;
        Assert.Single(_clock.Sweep(due));
        _clock.Note(_table.Report(1), due);
        Assert.Empty(_clock.Sweep(due));
        Assert.Single(_clock.Sweep(due.AddMilliseconds(500)));
    }

    /// <summary>What the timetable decides by its clock at a tick that the leader sent by its own, and the leader is told.</summary>
    private IReadOnlyList<TimetableItem> Tick(DateTimeOffset leader, DateTimeOffset here)
    {
        var tick = Assert.Single(_clock.Sweep(leader));
        Assert.True(_table.Tick(tick, here));
        var items = Commit(here);
        _clock.Note(_table.Report(tick.Epoch), leader);
        return items;
    }

    private IReadOnlyList<TimetableItem> Commit(DateTimeOffset now)
    {
        if (_table.Next(now).Write is not { } batch)
        {
            return [];
        }

        _table.Committed(batch);
        return batch.Items;
    }
}

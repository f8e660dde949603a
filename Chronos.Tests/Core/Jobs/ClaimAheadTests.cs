using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>Slots are claimed shortly before they are due, and never sent before.</summary>
public sealed class ClaimAheadTests
{
    private static readonly JobDefinition EveryTenSeconds = TimetableBench.Definition("*/10 * * * * *");
    private static readonly DateTimeOffset Due = TimetableBench.Start.AddSeconds(10);
    private static readonly DateTimeOffset Ahead = Due - ClaimAhead.Lead;
    private readonly TimetableBench _bench = new();

    [Fact]
    public void A_slot_is_claimed_the_lead_before_it_is_due_and_its_attempt_waits_until_then()
    {
        _bench.Planned(EveryTenSeconds);
        Assert.Equal(Ahead, _bench.Table.State.NextDueAt);
        TickAt(Ahead.AddTicks(-1));
        Assert.Empty(_bench.Offered);
        TickAt(Ahead);
        var claim = Assert.Single(_bench.Journal.OfType<ExecutionStarted>());
        Assert.Equal((Ahead, Due, Due), (claim.At, claim.Nominal, claim.Begins));
        Assert.Equal(Due, Assert.Single(_bench.Offered).NotBefore);
        TickAt(Due);
        Assert.Single(_bench.Offered);
    }

    [Fact]
    public void A_slot_that_is_claimed_when_it_is_due_or_later_waits_for_nothing()
    {
        _bench.Planned(EveryTenSeconds);
        TickAt(Due.AddSeconds(1));
        Assert.Null(Assert.Single(_bench.Offered).NotBefore);
    }

    [Theory]
    [InlineData(OverlapPolicy.Forbid)]
    [InlineData(OverlapPolicy.Queue)]
    [InlineData(OverlapPolicy.Replace)]
    public void While_an_earlier_run_may_still_end_in_time_nothing_is_decided_ahead(OverlapPolicy overlap)
    {
        _bench.Planned(EveryTenSeconds with { Concurrency = new ConcurrencyPolicy(overlap, null, 10) });
        TickAt(Due);
        Assert.Equal(Due.AddSeconds(10), _bench.Table.State.NextDueAt);
        TickAt(Ahead.AddSeconds(10));
        Assert.Single(_bench.Offered);

        // It ends in time after all: the next one is claimed in what is left of the lead.
        _bench.SetClock(Due.AddSeconds(10).AddMilliseconds(-3));
        _bench.Finish();
        Assert.True(_bench.Table.State.NextDueAt <= _bench.Now);
        _bench.Tick();
        Assert.Equal((2, Due.AddSeconds(10)), (_bench.Offered.Count, _bench.Offered[1].NotBefore));
    }

    [Fact]
    public void What_still_runs_when_the_slot_is_due_forbids_it()
    {
        _bench.Planned(EveryTenSeconds with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Forbid, null, 10) });
        TickAt(Due);
        TickAt(Ahead.AddSeconds(10));
        Assert.Empty(_bench.Journal.OfType<SlotsSkipped>());
        TickAt(Due.AddSeconds(10));
        Assert.Equal(SkipReason.Overlap, Assert.Single(_bench.Journal.OfType<SlotsSkipped>()).Reason);
    }

    [Fact]
    public void A_limit_that_has_room_left_does_not_keep_a_slot_from_being_claimed_ahead()
    {
        _bench.Planned(EveryTenSeconds with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Allow, 2, 10) });
        TickAt(Ahead);
        TickAt(Ahead.AddSeconds(10));
        Assert.Equal(2, _bench.Offered.Count);
        TickAt(Ahead.AddSeconds(20));
        Assert.Equal(2, _bench.Offered.Count);
    }

    [Fact]
    public void A_cancel_before_it_is_due_keeps_it_from_leaving_at_once_and_ends_it()
    {
        var held = Claimed();
        Assert.True(_bench.Table.MayLeave(held));
        _bench.Table.Cancel(new TimetableCommands.Cancel(held.Job, held.Execution, new Principal("ann")), _bench.Now);
        Assert.False(_bench.Table.MayLeave(held));
        Assert.Contains(held.Execution, Withdrawn(held));
        Assert.Equal(ExecutionStatus.Cancelled, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
    }

    [Fact]
    public void A_job_that_is_disabled_or_deleted_before_the_slot_is_due_does_not_send_it()
    {
        var held = Claimed();
        _bench.Planned(EveryTenSeconds, 2, PlanState.Disabled);
        Assert.False(_bench.Table.MayLeave(held));
        Assert.Contains(held.Execution, Withdrawn(held));

        var other = new TimetableBench();
        var claimed = Claimed(other);
        other.Do(t => t.RemovePlan(new TimetablePlanning.RemovePlan(claimed.Job, 2), other.Now));
        Assert.False(other.Table.MayLeave(claimed));
        Assert.Contains(claimed.Execution, other.Stopped);
    }

    [Fact]
    public void Disabling_stops_nothing_that_is_on_its_way()
    {
        Claimed();
        _bench.SetClock(Due);
        _bench.Planned(EveryTenSeconds, 2, PlanState.Disabled);
        Assert.Empty(_bench.Stopped);
    }

    [Fact]
    public void A_pause_or_a_change_lets_go_what_was_claimed_and_no_slot_is_decided_twice()
    {
        var held = Claimed();
        _bench.Planned(EveryTenSeconds, 2, PlanState.Paused);
        Assert.True(_bench.Table.MayLeave(held));
        _bench.Planned(TimetableBench.Definition("*/5 * * * * *"), 3);
        Assert.True(_bench.Table.MayLeave(held));
        _bench.Pass(TimeSpan.FromSeconds(12));
        Assert.Equal(["10:00:10", "10:00:15", "10:00:20"], _bench.ClaimedAt);
        Assert.Empty(_bench.Journal.OfType<SlotsSkipped>());
    }

    [Fact]
    public void A_pause_that_ends_within_the_lead_is_looked_at_when_it_ends()
    {
        var until = Due.AddMilliseconds(-10);
        _bench.Planned(EveryTenSeconds, state: PlanState.Paused, until: until);
        Assert.Equal(until, _bench.Table.State.NextDueAt);
        TickAt(Ahead);
        Assert.Empty(_bench.Offered);
        TickAt(until);
        Assert.Equal(Due, Assert.Single(_bench.Offered).NotBefore);
    }

    [Fact]
    public void The_deadline_counts_from_when_the_slot_is_due()
    {
        _bench.Planned(EveryTenSeconds with { Schedule = new ScheduleSpec { At = Due }, Deadline = TimeSpan.FromSeconds(5) });
        TickAt(Ahead);
        Assert.Equal(Due.AddSeconds(5), _bench.Table.State.NextDueAt);
        TickAt(Ahead.AddSeconds(5));
        Assert.Empty(_bench.Stopped);
        TickAt(Due.AddSeconds(5));
        Assert.Single(_bench.Stopped);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_claimed_ahead_is_offered_again_after_a_crash_and_waits_until_it_is_due(bool fromSnapshot)
    {
        var held = Claimed();
        _bench.SetClock(Due.AddMilliseconds(-5));
        _bench.Crash(fromSnapshot);
        var again = Assert.Single(_bench.Offered);
        Assert.Equal((held.Execution, 2, Due), (again.Execution, again.Attempt, again.NotBefore));

        // Nothing in the journal says that anything was sent before its time.
        Assert.Equal(Due, Assert.Single(_bench.Journal.OfType<AttemptEnded>()).StartedAt);
        _bench.SetClock(Due.AddSeconds(3));
        _bench.Crash(fromSnapshot);
        Assert.Null(Assert.Single(_bench.Offered).NotBefore);
    }

    [Fact]
    public void A_clock_that_was_set_back_by_an_hour_holds_nothing_for_an_hour()
    {
        Claimed();
        _bench.SetClock(Due.AddHours(-1));
        _bench.Crash();
        Assert.Null(Assert.Single(_bench.Offered).NotBefore);
        _bench.Pass(TimeSpan.FromHours(1));
        Assert.Equal(["10:00:10"], _bench.ClaimedAt);
    }

    [Fact]
    public void With_jitter_the_lead_counts_from_when_the_slot_fires()
    {
        var definition = EveryTenSeconds with { Schedule = EveryTenSeconds.Schedule! with { Jitter = TimeSpan.FromSeconds(5) } };
        var fires = Schedule.Compile(definition.Schedule, "UTC", TenantId.Default, definition.Name, [])!.FireAt(Due);
        Assert.True(fires > Due);
        _bench.Planned(definition);
        TickAt(fires - ClaimAhead.Lead);
        Assert.Equal((fires, fires), (Assert.Single(_bench.Offered).NotBefore, Assert.Single(_bench.Journal.OfType<ExecutionStarted>()).Begins));
        _bench.Crash();
        Assert.Equal(fires, Assert.Single(_bench.Offered).NotBefore);
    }

    [Fact]
    public void A_fixed_delay_is_claimed_ahead_when_its_run_has_ended()
    {
        _bench.Planned(EveryTenSeconds with { Schedule = new ScheduleSpec { Every = TimeSpan.FromSeconds(10), AfterCompletion = true } });
        TickAt(Due);
        TickAt(Due.AddSeconds(20));
        Assert.Single(_bench.Offered);
        _bench.Finish();
        var next = _bench.Now.AddSeconds(10);
        Assert.Equal(next - ClaimAhead.Lead, _bench.Table.State.NextDueAt);
        TickAt(next - ClaimAhead.Lead);
        Assert.Equal(next, _bench.Offered[1].NotBefore);
    }

    [Fact]
    public void What_somebody_asks_for_is_not_held()
    {
        _bench.Planned(EveryTenSeconds);
        _bench.Do(t => t.RunNow(new TimetablePlanning.RunNow(
            TimetableBench.Job, ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "x")), null, TriggerForce.Respect, ExecutionTrigger.Manual, null, new Principal("ann"), null), _bench.Now));
        Assert.Null(Assert.Single(_bench.Offered).NotBefore);
    }

    private AttemptRequest Claimed() => Claimed(_bench);

    private static AttemptRequest Claimed(TimetableBench bench)
    {
        bench.Planned(EveryTenSeconds);
        bench.SetClock(Ahead);
        bench.Tick();
        bench.SetClock(Ahead.AddMilliseconds(5));
        return Assert.Single(bench.Offered);
    }

    /// <summary>What the shell does when it is told to stop what it holds.</summary>
    private List<ExecutionId> Withdrawn(AttemptRequest held)
    {
        _bench.Finish(held, FailureClass.Cancelled);
        return _bench.Stopped;
    }

    private void TickAt(DateTimeOffset now)
    {
        _bench.SetClock(now);
        _bench.Tick();
    }
}

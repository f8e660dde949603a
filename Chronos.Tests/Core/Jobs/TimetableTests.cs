using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>Slots and what becomes of them: claims, misfires, overlap, attempts, crashes and clocks.</summary>
public sealed class TimetableTests
{
    private static readonly JobDefinition EveryTenSeconds = TimetableBench.Definition("*/10 * * * * *");
    private readonly TimetableBench _bench = new();

    [Fact]
    public void A_due_slot_is_claimed_under_its_nominal_time_and_offered_once()
    {
        _bench.Planned(EveryTenSeconds).Pass(TimeSpan.FromSeconds(35));
        Assert.Equal(["10:00:10", "10:00:20", "10:00:30"], _bench.ClaimedAt);
        Assert.Equal(3, _bench.Offered.Count);
        Assert.Equal($"{TimetableBench.Job}@2026-03-02T10:00:10Z", _bench.Offered[0].Execution.Value);
        Assert.All(_bench.Offered, o => Assert.Equal(1, o.Attempt));
    }

    [Fact]
    public void Nothing_is_claimed_a_tick_before_the_lead()
    {
        _bench.Planned(EveryTenSeconds);
        _bench.SetClock(TimetableBench.Start.AddSeconds(10).AddTicks(-1) - ClaimAhead.Lead);
        _bench.Tick();
        Assert.Empty(_bench.Offered);
    }

    [Fact]
    public void A_second_wake_for_the_same_due_time_starts_nothing()
    {
        _bench.Planned(EveryTenSeconds).Pass(TimeSpan.FromSeconds(10));
        _bench.Tick();
        _bench.Tick();
        Assert.Single(_bench.Offered);
    }

    [Theory]
    [InlineData(MisfireRule.None, 0)]
    [InlineData(MisfireRule.Last, 1)]
    [InlineData(MisfireRule.All, 17)]
    public void Three_hours_down_gives_what_the_misfire_policy_says_one_after_another_in_due_order(MisfireRule rule, int expected)
    {
        _bench.Planned(TimetableBench.Definition("*/10 * * * *") with { Misfire = MisfirePolicy.Default with { Rule = rule } });
        _bench.Sleep(TimeSpan.FromHours(2) + TimeSpan.FromMinutes(55));
        _bench.Tick();
        for (var i = 0; i < expected; i++)
        {
            Assert.Equal(i + 1, _bench.Offered.Count);
            _bench.Finish();
        }

        Assert.Equal(expected, _bench.Triggers.Count(t => t == ExecutionTrigger.CatchUp));
        Assert.Equal(_bench.ClaimedAt.Order(), _bench.ClaimedAt);
        _bench.AssertEveryDueSlotHasOneDisposition(TimetableBench.Definition("*/10 * * * *"));
    }

    [Fact]
    public void Slots_within_the_grace_are_fired_late_not_caught_up()
    {
        _bench.Planned(TimetableBench.Definition("* * * * * *"));
        _bench.Sleep(TimeSpan.FromSeconds(4));
        _bench.Tick();
        Assert.Equal(["10:00:01", "10:00:02", "10:00:03", "10:00:04"], _bench.ClaimedAt);
        Assert.All(_bench.Triggers, t => Assert.Equal(ExecutionTrigger.Schedule, t));
    }

    [Fact]
    public void Catching_up_all_keeps_to_the_cap_and_the_window_and_records_the_rest()
    {
        _bench.Planned(TimetableBench.Definition("* * * * *") with { Misfire = new MisfirePolicy(MisfireRule.All, 5, TimeSpan.FromMinutes(3), TimeSpan.FromSeconds(1)) });
        _bench.Sleep(TimeSpan.FromMinutes(30.5));
        _bench.Tick();
        Assert.Equal(3, _bench.Plan.Waiting.Count + _bench.Offered.Count);
        var range = Assert.Single(_bench.Journal.OfType<SlotsSkipped>());
        Assert.Equal((27, SkipReason.Misfire), (range.Count, range.Reason));
    }

    [Fact]
    public void Years_of_missed_seconds_are_one_entry_and_take_no_time()
    {
        _bench.Planned(TimetableBench.Definition("* * * * * *") with { Misfire = MisfirePolicy.Default with { Rule = MisfireRule.All, Max = 10 } });
        _bench.Sleep(TimeSpan.FromDays(3 * 365));
        _bench.Tick();
        Assert.Equal(10, _bench.Plan.Waiting.Count + _bench.Plan.Running.Values.Count(e => e.Trigger == ExecutionTrigger.CatchUp));
        Assert.Equal(-1, Assert.Single(_bench.Journal.OfType<SlotsSkipped>()).Count);
    }

    [Fact]
    public void Forbid_skips_what_overlaps_and_says_whom_it_met()
    {
        _bench.Planned(EveryTenSeconds with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Forbid, null, 100) }).Pass(TimeSpan.FromSeconds(30));
        Assert.Single(_bench.Offered);
        var skipped = _bench.Journal.OfType<SlotsSkipped>().ToList();
        Assert.Equal(2, skipped.Count);
        Assert.All(skipped, s => Assert.Equal(SkipReason.Overlap, s.Reason));
        Assert.Contains(_bench.Offered[0].Execution.Value, skipped[0].Detail);
    }

    [Fact]
    public void Forbid_holds_across_a_crash()
    {
        _bench.Planned(EveryTenSeconds with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Forbid, null, 100) }).Pass(TimeSpan.FromSeconds(12));
        _bench.Crash();
        _bench.Pass(TimeSpan.FromSeconds(20));
        var again = Assert.Single(_bench.Offered);
        Assert.Equal((2, "10:00:10"), (again.Attempt, again.ScheduledAt.ToString("HH:mm:ss")));
    }

    [Fact]
    public void Replace_stops_the_old_one_and_starts_the_new_one_only_when_it_has_ended()
    {
        _bench.Planned(EveryTenSeconds with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Replace, null, 100) }).Pass(TimeSpan.FromSeconds(20));
        var first = Assert.Single(_bench.Offered);
        Assert.Equal([first.Execution], _bench.Stopped);
        _bench.Finish(first, FailureClass.Cancelled);
        Assert.Equal("10:00:20", _bench.Offered[^1].ScheduledAt.ToString("HH:mm:ss"));
        Assert.Contains(_bench.Journal.OfType<ExecutionEnded>(), e => e.Execution == first.Execution && e.Status == ExecutionStatus.Cancelled);
    }

    /// <summary>The misfire policy has chosen them: that newer slots come must not take them away again, whatever the period.</summary>
    [Theory]
    [InlineData(MisfireRule.All, new[] { "10:00:40", "10:00:50", "10:01:00", "10:01:40" })]
    [InlineData(MisfireRule.Last, new[] { "10:01:00", "10:01:40" })]
    public void Replace_takes_the_place_of_no_catch_up_and_the_newest_slot_comes_after_them(MisfireRule rule, string[] claimed)
    {
        var job = EveryTenSeconds with
        {
            Concurrency = new ConcurrencyPolicy(OverlapPolicy.Replace, null, 100),
            Misfire = EveryTenSeconds.Misfire with { Rule = rule, Grace = TimeSpan.FromSeconds(15), Max = 3 },
        };
        _bench.Planned(job).Sleep(TimeSpan.FromSeconds(85));
        _bench.Tick();
        _bench.Pass(TimeSpan.FromSeconds(10));
        _bench.Crash();
        _bench.Pass(TimeSpan.FromSeconds(5));
        Assert.Empty(_bench.Stopped);
        for (var ended = 0; ended < claimed.Length; ended++)
        {
            _bench.Finish(_bench.Offered[^1]);
        }

        Assert.Equal(claimed, _bench.ClaimedAt);
        Assert.Empty(_bench.Plan.Running);
        _bench.AssertEveryDueSlotHasOneDisposition(job);
    }

    [Fact]
    public void Of_slots_that_wait_to_replace_only_the_newest_stays()
    {
        _bench.Planned(EveryTenSeconds with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Replace, null, 100) }).Pass(TimeSpan.FromSeconds(40));
        _bench.Finish(_bench.Offered[0], FailureClass.Cancelled);
        Assert.Equal("10:00:40", _bench.Offered[^1].ScheduledAt.ToString("HH:mm:ss"));
        Assert.Equal(2, _bench.Journal.OfType<SlotsSkipped>().Count(s => s.Reason == SkipReason.Replaced));
        _bench.AssertEveryDueSlotHasOneDisposition(EveryTenSeconds);
    }

    [Fact]
    public void Queue_keeps_the_order_and_drops_beyond_its_limit_with_a_reason()
    {
        _bench.Planned(EveryTenSeconds with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Queue, null, 2) }).Pass(TimeSpan.FromSeconds(50));
        Assert.Equal(2, _bench.Journal.OfType<SlotsSkipped>().Count(s => s.Reason == SkipReason.QueueFull));
        _bench.Finish();
        _bench.Finish();
        _bench.Finish();
        Assert.Equal(["10:00:10", "10:00:20", "10:00:30"], _bench.ClaimedAt);
        _bench.AssertEveryDueSlotHasOneDisposition(EveryTenSeconds);
    }

    [Fact]
    public void A_failed_attempt_is_tried_again_under_the_same_identity_after_its_pause_until_the_attempts_are_used_up()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *") with { Retry = RetryPolicy.Default with { InitialInterval = TimeSpan.FromSeconds(4), Jitter = 0 } });
        _bench.Pass(TimeSpan.FromHours(1));
        _bench.Finish(FailureClass.ServerError);
        Assert.Equal(_bench.Now.AddSeconds(4), _bench.Plan.Running.Values.Single().RetryAt);
        _bench.Pass(TimeSpan.FromSeconds(4));
        Assert.Equal(2, _bench.Offered.Count);
        _bench.Finish(FailureClass.Timeout);
        _bench.Pass(TimeSpan.FromSeconds(8));
        _bench.Finish(FailureClass.ServerError);
        Assert.Equal([1, 2, 3], _bench.Offered.Select(o => o.Attempt));
        Assert.Single(_bench.Offered.Select(o => o.Execution).Distinct());
        Assert.Equal(ExecutionStatus.Failed, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
    }

    [Fact]
    public void A_terminal_failure_is_not_tried_again()
    {
        _bench.Planned(EveryTenSeconds).Pass(TimeSpan.FromSeconds(10));
        _bench.Finish(FailureClass.ClientError);
        Assert.Empty(_bench.Plan.Running);
    }

    [Fact]
    public void The_target_may_ask_for_a_longer_pause_but_not_beyond_the_policy()
    {
        _bench.Planned(EveryTenSeconds).Pass(TimeSpan.FromSeconds(10));
        _bench.Finish(FailureClass.TooManyRequests, TimeSpan.FromHours(2));
        Assert.Equal(_bench.Now + RetryPolicy.Default.MaxInterval, _bench.Plan.Running.Values.Single().RetryAt);
    }

    [Fact]
    public void The_deadline_stops_an_execution_and_lets_no_retry_pass_it()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *") with { Deadline = TimeSpan.FromSeconds(30) });
        _bench.Pass(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(30));
        Assert.Single(_bench.Stopped);
        _bench.Finish(FailureClass.Cancelled);
        Assert.Equal(ExecutionStatus.TimedOut, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
    }

    [Fact]
    public void A_shorter_deadline_reaches_what_runs_already()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *") with { Deadline = TimeSpan.FromHours(9) }).Pass(TimeSpan.FromHours(1));
        _bench.Planned(TimetableBench.Definition("0 * * * *") with { Deadline = TimeSpan.FromMinutes(1) }, 2).Pass(TimeSpan.FromMinutes(1));
        Assert.Single(_bench.Stopped);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_in_flight_at_a_crash_is_offered_again_with_the_next_attempt_number(bool fromSnapshot)
    {
        _bench.Planned(EveryTenSeconds).Pass(TimeSpan.FromSeconds(20));
        var before = _bench.Offered.Select(o => o.Execution).ToList();
        _bench.Crash(fromSnapshot);
        Assert.Equal(before, _bench.Offered.Select(o => o.Execution));
        Assert.All(_bench.Offered, o => Assert.Equal(2, o.Attempt));
        _bench.Pass(TimeSpan.FromSeconds(10));
        Assert.Equal(3, _bench.ClaimedAt.Count());
    }

    /// <summary>What a node that stops begins could not be sent: the next incarnation begins it.</summary>
    [Fact]
    public void A_timetable_that_leaves_notes_what_was_lost_and_begins_nothing()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *") with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Queue, null, 10) }).Pass(TimeSpan.FromHours(2));
        var (running, started) = (Assert.Single(_bench.Offered), _bench.Journal.OfType<AttemptStarted>().Count());
        Assert.Single(_bench.Plan.Waiting);

        _bench.Table.IsLeaving = true;
        _bench.Finish(running, FailureClass.Lost);
        Assert.Same(running, Assert.Single(_bench.Offered));
        Assert.Equal(started, _bench.Journal.OfType<AttemptStarted>().Count());
        Assert.Single(_bench.Journal.OfType<AttemptEnded>());

        _bench.Crash();
        _bench.Tick();
        Assert.Equal((running.Execution, 2), (Assert.Single(_bench.Offered).Execution, _bench.Offered[0].Attempt));
        _bench.Table.IsLeaving = true;
        _bench.Finish();
        Assert.Single(_bench.Offered);

        _bench.Crash();
        Assert.NotEqual(running.Execution, Assert.Single(_bench.Offered).Execution);
        Assert.Empty(_bench.Plan.Waiting);
    }

    [Fact]
    public void An_execution_that_takes_its_node_down_again_and_again_is_given_up_as_lost()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *")).Pass(TimeSpan.FromHours(1));
        for (var i = 0; i < 20 && !_bench.Plan.Running.IsEmpty; i++)
        {
            _bench.Crash();
        }

        Assert.Equal(ExecutionStatus.Lost, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
    }

    [Fact]
    public void An_outcome_that_comes_twice_or_of_an_older_attempt_changes_nothing()
    {
        _bench.Planned(EveryTenSeconds).Pass(TimeSpan.FromSeconds(10));
        var first = _bench.Offered[0];
        _bench.Crash();
        _bench.Finish(first);
        Assert.Single(_bench.Plan.Running);
        _bench.Finish();
        var items = _bench.Journal.Count;
        _bench.Finish(_bench.Offered[0]);
        Assert.Equal(items, _bench.Journal.Count);
    }

    [Fact]
    public void A_clock_that_is_set_back_an_hour_fires_no_slot_again()
    {
        _bench.Planned(EveryTenSeconds).Pass(TimeSpan.FromSeconds(30));
        _bench.SetClock(TimetableBench.Start.AddHours(-1));
        _bench.Pass(TimeSpan.FromSeconds(30));
        Assert.Equal(3, _bench.ClaimedAt.Count());
    }

    [Fact]
    public void A_clock_that_is_set_forward_an_hour_disposes_of_the_hour_in_one_entry_and_fires_nothing_twice()
    {
        _bench.Planned(EveryTenSeconds).Pass(TimeSpan.FromSeconds(30));
        _bench.Finish();
        _bench.SetClock(TimetableBench.Start.AddHours(1));
        _bench.Pass(TimeSpan.FromSeconds(20));
        Assert.Equal(_bench.ClaimedAt.Count(), _bench.ClaimedAt.Distinct().Count());
        var range = Assert.Single(_bench.Journal.OfType<SlotsSkipped>());
        Assert.Equal((SkipReason.Misfire, "10:00:40"), (range.Reason, range.First.ToString("HH:mm:ss")));
        _bench.AssertEveryDueSlotHasOneDisposition(EveryTenSeconds);
    }

    [Fact]
    public void A_fixed_delay_counts_from_the_end_of_the_previous_execution()
    {
        _bench.Planned(TimetableBench.Definition("") with { Schedule = new ScheduleSpec { Every = TimeSpan.FromSeconds(10), AfterCompletion = true } }).Pass(TimeSpan.FromSeconds(25));
        Assert.Single(_bench.Offered);
        _bench.Finish();
        _bench.Pass(TimeSpan.FromSeconds(9));
        Assert.Single(_bench.Offered);
        _bench.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(2, _bench.Offered.Count);
    }

    [Fact]
    public void What_a_fixed_delay_has_next_is_told_as_it_fires()
    {
        _bench.Planned(TimetableBench.Definition("") with { Schedule = new ScheduleSpec { Every = TimeSpan.FromSeconds(10), AfterCompletion = true } }).Pass(TimeSpan.FromSeconds(25));
        Assert.Null(NextAt());
        _bench.Finish();
        var next = _bench.Now.AddSeconds(10);
        _bench.Pass(TimeSpan.FromSeconds(7));
        Assert.Equal(next, NextAt());
        _bench.Pass(TimeSpan.FromSeconds(3));
        Assert.Equal(next, _bench.Journal.OfType<ExecutionStarted>().Last().Nominal);
    }

    [Theory]
    [InlineData(60, 60)]
    [InlineData(59.9999997, 60)]
    [InlineData(13, 20)]
    public void A_fixed_delay_goes_on_when_its_pause_ends_and_is_not_late_by_it(double pause, int goesOn)
    {
        var delay = TimetableBench.Definition("") with { Schedule = new ScheduleSpec { Every = TimeSpan.FromSeconds(10), AfterCompletion = true } };
        var until = TimetableBench.Start.AddSeconds(pause);
        _bench.Planned(delay).Planned(delay, version: 2, state: PlanState.Paused, until: until);
        Assert.Equal(TimetableBench.Start.AddSeconds(goesOn), NextAt());
        Assert.Equal(NextAt(), new Agenda(_bench.Table.State.Agenda(TenantId.Default), TimetableBench.Start, TimetableBench.Start.AddDays(1)).Next()!.FiresAt);
        _bench.Pass(TimeSpan.FromSeconds(70));
        Assert.Equal(TimetableBench.Start.AddSeconds(goesOn), Assert.Single(_bench.Journal.OfType<ExecutionStarted>()).Nominal);
        var missed = Assert.Single(_bench.Journal.OfType<SlotsSkipped>());
        Assert.Equal((TimetableBench.Start.AddSeconds(10), 1, SkipReason.Paused), (missed.First, missed.Count, missed.Reason));
    }

    [Theory]
    [InlineData(MisfireRule.None, ExecutionTrigger.Schedule, 60)]
    [InlineData(MisfireRule.Last, ExecutionTrigger.CatchUp, 10)]
    public void A_fixed_delay_that_is_resumed_goes_on_at_once(MisfireRule rule, ExecutionTrigger trigger, int nominal)
    {
        var delay = TimetableBench.Definition("") with { Schedule = new ScheduleSpec { Every = TimeSpan.FromSeconds(10), AfterCompletion = true } };
        _bench.Planned(delay).Planned(delay, version: 2, state: PlanState.Paused).Pass(TimeSpan.FromSeconds(60));
        _bench.Planned(delay, version: 3, catchUp: rule).Pass(TimeSpan.FromSeconds(1));
        var claim = Assert.Single(_bench.Journal.OfType<ExecutionStarted>());
        Assert.Equal((TimetableBench.Start.AddSeconds(nominal), trigger), (claim.Nominal, claim.Trigger));
        Assert.Equal(rule == MisfireRule.None ? 1 : 0, _bench.Journal.OfType<SlotsSkipped>().Count());
    }

    private DateTimeOffset? NextAt() => ((TimetableReplies.Plan)_bench.Table.GetPlan(new TimetableCommands.GetPlan(TimetableBench.Job), 0)).NextAt;
}

using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

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
        AssertEveryDueSlotHasOneDisposition(TimetableBench.Definition("*/10 * * * *"));
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

    [Fact]
    public void Of_slots_that_wait_to_replace_only_the_newest_stays()
    {
        _bench.Planned(EveryTenSeconds with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Replace, null, 100) }).Pass(TimeSpan.FromSeconds(40));
        _bench.Finish(_bench.Offered[0], FailureClass.Cancelled);
        Assert.Equal("10:00:40", _bench.Offered[^1].ScheduledAt.ToString("HH:mm:ss"));
        Assert.Equal(2, _bench.Journal.OfType<SlotsSkipped>().Count(s => s.Reason == SkipReason.Replaced));
        AssertEveryDueSlotHasOneDisposition(EveryTenSeconds);
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
        AssertEveryDueSlotHasOneDisposition(EveryTenSeconds);
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

    [Theory]
    [InlineData(MisfireRule.None, 0)]
    [InlineData(MisfireRule.Last, 1)]
    [InlineData(MisfireRule.All, 6)]
    public void A_resume_says_what_was_missed_and_catches_up_what_was_chosen(MisfireRule rule, int caughtUp)
    {
        var definition = TimetableBench.Definition("*/10 * * * *");
        _bench.Planned(definition).Planned(definition, 2, PlanState.Paused).Pass(TimeSpan.FromMinutes(65));
        Assert.Empty(_bench.Offered);
        var note = (TimetablePlanning.PlanNoted)_bench.Do(t => t.SetPlan(new TimetablePlanning.SetPlan(
            TenantId.Default, TimetableBench.Job, 3, 1, PlanState.Active, null, _bench.Now, definition, rule), _bench.Now));
        Assert.Equal((6, caughtUp), (note.Missed, note.CaughtUp));
        Assert.Equal(caughtUp, _bench.Plan.Waiting.Count + _bench.Plan.Running.Count);
        Assert.Equal(6 - caughtUp, _bench.Journal.OfType<SlotsSkipped>().Where(s => s.Reason == SkipReason.Paused).Sum(s => s.Count));
    }

    [Fact]
    public void A_pause_with_an_end_is_over_by_itself_and_its_slots_are_recorded()
    {
        _bench.Planned(EveryTenSeconds).Planned(EveryTenSeconds, 2, PlanState.Paused, until: TimetableBench.Start.AddSeconds(35)).Pass(TimeSpan.FromSeconds(60));
        Assert.Equal(["10:00:40", "10:00:50", "10:01:00"], _bench.ClaimedAt);
        Assert.Equal((3, SkipReason.Paused), _bench.Journal.OfType<SlotsSkipped>().Select(s => (s.Count, s.Reason)).Single());
    }

    [Fact]
    public void The_slot_at_the_very_end_of_a_pause_fires()
    {
        var until = TimetableBench.Start.AddSeconds(30);
        _bench.Planned(EveryTenSeconds).Planned(EveryTenSeconds, 2, PlanState.Paused, until: until);
        Assert.Equal(until, ((TimetableReplies.Plan)_bench.Table.GetPlan(new TimetableCommands.GetPlan(TimetableBench.Job), 0)).NextAt);
        _bench.Pass(TimeSpan.FromSeconds(40));
        Assert.Equal(["10:00:30", "10:00:40"], _bench.ClaimedAt);
        Assert.Equal((2, SkipReason.Paused), _bench.Journal.OfType<SlotsSkipped>().Select(s => (s.Count, s.Reason)).Single());
    }

    [Fact]
    public void What_came_due_between_a_resume_and_the_late_arrival_of_its_plan_was_not_paused()
    {
        var definition = TimetableBench.Definition("*/10 * * * *") with { Misfire = MisfirePolicy.Default with { Rule = MisfireRule.All } };
        _bench.Planned(definition).Planned(definition, 2, PlanState.Paused).Sleep(TimeSpan.FromMinutes(35));
        var resumed = _bench.Now;
        _bench.Sleep(TimeSpan.FromHours(3));
        var note = (TimetablePlanning.PlanNoted)_bench.Do(t => t.SetPlan(new TimetablePlanning.SetPlan(
            TenantId.Default, TimetableBench.Job, 3, 1, PlanState.Active, null, resumed, definition, MisfireRule.None), _bench.Now));
        Assert.Equal((3, 0), (note.Missed, note.CaughtUp));
        _bench.Tick();
        Assert.Equal((3, SkipReason.Paused), _bench.Journal.OfType<SlotsSkipped>().Select(s => (s.Count, s.Reason)).Single());
        Assert.Equal(18, _bench.Journal.OfType<SlotQueued>().Count(s => s.Nominal > resumed));
    }

    [Fact]
    public void A_disabled_job_has_no_slots_and_does_not_make_up_for_them()
    {
        _bench.Planned(EveryTenSeconds).Planned(EveryTenSeconds, 2, PlanState.Disabled).Pass(TimeSpan.FromSeconds(60));
        _bench.Planned(EveryTenSeconds, 3).Pass(TimeSpan.FromSeconds(10));
        Assert.Equal(["10:01:10"], _bench.ClaimedAt);
        Assert.Empty(_bench.Journal.OfType<SlotsSkipped>());
    }

    [Fact]
    public void A_new_schedule_counts_from_its_own_beginning_and_the_old_one_settles_its_due_slots_first()
    {
        _bench.Planned(EveryTenSeconds).Sleep(TimeSpan.FromSeconds(12));
        _bench.Planned(TimetableBench.Definition("5/10 * * * * *"), 2).Pass(TimeSpan.FromSeconds(10));
        Assert.Equal(["10:00:10", "10:00:15"], _bench.ClaimedAt);
    }

    [Fact]
    public void An_older_plan_that_arrives_late_is_noted_without_effect_also_after_a_deletion()
    {
        _bench.Planned(EveryTenSeconds, 5);
        _bench.Planned(TimetableBench.Definition("* * * * * *"), 4);
        Assert.Equal("*/10 * * * * *", _bench.Plan.Definition.Schedule!.Cron);
        _bench.Do(t => t.RemovePlan(new TimetablePlanning.RemovePlan(TimetableBench.Job, 6), _bench.Now));
        _bench.Planned(EveryTenSeconds, 5);
        Assert.Equal(0, _bench.Table.State.JobCount);
        _bench.Planned(EveryTenSeconds, 7);
        Assert.Equal(1, _bench.Table.State.JobCount);
    }

    [Fact]
    public void A_deleted_job_stops_what_runs_and_drops_what_waits_with_a_reason()
    {
        _bench.Planned(EveryTenSeconds with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Queue, null, 9) }).Pass(TimeSpan.FromSeconds(20));
        _bench.Do(t => t.RemovePlan(new TimetablePlanning.RemovePlan(TimetableBench.Job, 2), _bench.Now));
        Assert.Equal([_bench.Offered[0].Execution], _bench.Stopped);
        Assert.Equal(SkipReason.Deleted, Assert.Single(_bench.Journal.OfType<SlotsSkipped>()).Reason);
        _bench.Finish(FailureClass.Cancelled);
        Assert.Equal((0, 0), (_bench.Table.State.JobCount, _bench.Table.State.InFlight));
    }

    [Fact]
    public void A_deletion_that_arrives_late_ends_the_slots_at_its_own_instant_and_the_job_made_anew_has_those_after_it()
    {
        var deleted = TimetableBench.Start.AddSeconds(25);
        _bench.Planned(EveryTenSeconds).Pass(TimeSpan.FromSeconds(10));
        _bench.Sleep(TimeSpan.FromSeconds(23));
        _bench.Do(t => t.RemovePlan(new TimetablePlanning.RemovePlan(TimetableBench.Job, 2) { At = deleted }, _bench.Now));
        var range = Assert.Single(_bench.Journal.OfType<SlotsSkipped>());
        Assert.Equal(("10:00:20", "10:00:20", SkipReason.Deleted), (range.First.ToString("HH:mm:ss"), range.Last.ToString("HH:mm:ss"), range.Reason));
        _bench.Finish(FailureClass.Cancelled);
        _bench.Planned(EveryTenSeconds, 3, from: deleted.AddSeconds(2)).Pass(TimeSpan.FromSeconds(3));
        Assert.Equal(["10:00:10", "10:00:30"], _bench.ClaimedAt);
    }

    [Fact]
    public void A_job_made_anew_does_not_decide_again_what_was_decided_before_its_deletion_arrived_also_after_a_snapshot()
    {
        var deleted = TimetableBench.Start.AddSeconds(15);
        _bench.Planned(EveryTenSeconds).Pass(TimeSpan.FromSeconds(40));
        _bench.Offered.ToList().ForEach(o => _bench.Finish(o));
        _bench.Do(t => t.RemovePlan(new TimetablePlanning.RemovePlan(TimetableBench.Job, 2) { At = deleted }, _bench.Now));
        Assert.Equal(0, _bench.Table.State.JobCount);
        _bench.Crash(fromSnapshot: true);
        _bench.Planned(EveryTenSeconds, 3, from: deleted.AddSeconds(2)).Pass(TimeSpan.FromSeconds(10));
        Assert.Equal(_bench.ClaimedAt.Distinct(), _bench.ClaimedAt);
        Assert.Equal("10:00:50", _bench.ClaimedAt.Last());
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
        AssertEveryDueSlotHasOneDisposition(EveryTenSeconds);
    }

    [Fact]
    public void A_manual_run_is_started_once_per_idempotency_key()
    {
        _bench.Planned(EveryTenSeconds);
        var ask = new TimetablePlanning.RunNow(
            TimetableBench.Job, ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "a")), """{"a":1}""", TriggerForce.Respect, ExecutionTrigger.Manual, null,
            new Principal("ann"), new RequestMark("key", "print"));
        var first = (TimetableReplies.Started)_bench.Do(t => t.RunNow(ask, _bench.Now));
        _bench.Crash();
        var second = (TimetableReplies.Started)_bench.Do(t => t.RunNow(ask with { Execution = ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "b")) }, _bench.Now));
        Assert.Equal((false, true, first.Execution.Id), (first.Replayed, second.Replayed, second.Execution.Id));
        var other = _bench.Do(t => t.RunNow(ask with { Request = new RequestMark("key", "other") }, _bench.Now));
        Assert.Equal(RejectionCode.Conflict, Assert.IsType<JobReplies.Refused>(other).Rejection.Code);
        Assert.Equal("""{"a":1}""", Assert.Single(_bench.Offered).Payload);
    }

    /// <summary>The same message a second time, or late.</summary>
    [Fact]
    public void A_run_of_a_job_that_was_deleted_is_not_claimed_for_the_next_of_its_name()
    {
        _bench.Planned(EveryTenSeconds);
        var ask = new TimetablePlanning.RunNow(
            TimetableBench.Job, ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "a")), null, TriggerForce.Respect, ExecutionTrigger.Manual, null, Principal.System, null)
        {
            Version = 1,
        };
        Assert.IsType<TimetableReplies.Started>(_bench.Do(t => t.RunNow(ask, _bench.Now)));
        _bench.Do(t => t.RemovePlan(new TimetablePlanning.RemovePlan(TimetableBench.Job, 2), _bench.Now));
        _bench.Planned(EveryTenSeconds, version: 3);

        Assert.Equal(RejectionCode.NotFound, Assert.IsType<JobReplies.Refused>(_bench.Do(t => t.RunNow(ask, _bench.Now))).Rejection.Code);
        var next = ask with { Execution = ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "b")), Version = 3 };
        Assert.IsType<TimetableReplies.Started>(_bench.Do(t => t.RunNow(next, _bench.Now)));
    }

    [Fact]
    public void A_manual_run_of_a_paused_job_wants_force()
    {
        _bench.Planned(EveryTenSeconds, state: PlanState.Paused);
        var ask = new TimetablePlanning.RunNow(
            TimetableBench.Job, ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "a")), null, TriggerForce.Respect, ExecutionTrigger.Manual, null, Principal.System, null);
        Assert.Contains("paused", Assert.IsType<JobReplies.Refused>(_bench.Do(t => t.RunNow(ask, _bench.Now))).Rejection.Message);
        Assert.IsType<TimetableReplies.Started>(_bench.Do(t => t.RunNow(ask with { Force = TriggerForce.Override }, _bench.Now)));
    }

    [Fact]
    public void A_cancelled_execution_ends_at_once_between_attempts_and_with_its_attempt_otherwise()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *")).Pass(TimeSpan.FromHours(1));
        var id = _bench.Offered[0].Execution;
        _bench.Finish(FailureClass.ServerError);
        _bench.Do(t => t.Cancel(new TimetableCommands.Cancel(TimetableBench.Job, id, new Principal("ann")), _bench.Now));
        Assert.Equal(ExecutionStatus.Cancelled, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
        Assert.Empty(_bench.Stopped);
        _bench.Pass(TimeSpan.FromHours(1));
        _bench.Do(t => t.Cancel(new TimetableCommands.Cancel(TimetableBench.Job, _bench.Offered[^1].Execution, new Principal("ann")), _bench.Now));
        Assert.Single(_bench.Stopped);
        _bench.Finish(FailureClass.Cancelled);
        Assert.Equal(2, _bench.Journal.OfType<ExecutionEnded>().Count());
    }

    [Fact]
    public void A_backfill_from_the_beginning_of_time_or_of_too_many_slots_is_refused_and_named()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *"));
        string Refused(DateTimeOffset from) => Assert.IsType<JobReplies.Refused>(_bench.Do(t => t.StartBackfill(
            new TimetableCommands.StartBackfill(TimetableBench.Job, from, TimetableBench.Start, 2, Principal.System, null), _bench.Now))).Rejection.Violations.Single().Field;
        Assert.Equal("from", Refused(DateTimeOffset.MinValue));
        Assert.Equal("to", Refused(TimetableBench.Start.AddYears(-100)));
        Assert.Equal("to", Refused(TimetableBench.Start.AddTicks(-1)));
        Assert.Empty(_bench.Offered);
    }

    [Fact]
    public void A_backfill_runs_every_slot_of_its_range_within_its_bound_and_survives_a_crash()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *"));
        var view = (TimetableReplies.BackfillView)_bench.Do(t => t.StartBackfill(
            new TimetableCommands.StartBackfill(TimetableBench.Job, TimetableBench.Start.AddDays(-1), TimetableBench.Start, 2, Principal.System, null), _bench.Now));
        Assert.Equal((24, 2), (view.Total, _bench.Offered.Count));
        _bench.Finish(_bench.Offered[0]);
        _bench.Crash();
        while (_bench.Plan.Running.Values.FirstOrDefault() is { } running)
        {
            Assert.True(_bench.Plan.Running.Count <= 2);
            _bench.Finish(_bench.Offered.Last(o => o.Execution == running.Id));
        }

        var end = (TimetableReplies.BackfillView)_bench.Do(t => t.GetBackfill(new TimetableCommands.GetBackfill(TimetableBench.Job, view.Operation)));
        Assert.Equal(("done", 24, 24), (end.Status, end.Started, end.Succeeded));
        Assert.Equal(24, _bench.Journal.OfType<ExecutionStarted>().Select(e => e.Nominal).Distinct().Count());
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

    /// <summary>P1, over whatever the test did: from the start to the last tick, each nominal time has exactly one disposition.</summary>
    private void AssertEveryDueSlotHasOneDisposition(JobDefinition definition)
    {
        var schedule = Schedule.Compile(definition.Schedule!, definition.Timezone, TenantId.Default, definition.Name, [])!;
        for (var next = schedule.Next(TimetableBench.Start); next <= _bench.Now; next = schedule.Next(next.Value))
        {
            var nominal = next.Value;
            var claims = _bench.Journal.OfType<ExecutionStarted>().Count(c => c.Execution is null && c.Nominal == nominal);
            var skips = _bench.Journal.OfType<SlotsSkipped>().Count(s => s.First <= nominal && s.Last >= nominal);
            var waits = _bench.Plan.Waiting.Count(w => w.Nominal == nominal);
            Assert.True(claims + skips + waits == 1, $"{nominal:HH:mm:ss}: {claims} claims, {skips} skips, {waits} waiting");
        }
    }
}

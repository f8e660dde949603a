using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>Plans that come, change and go: pauses, other schedules, deletions, in whatever order they arrive.</summary>
public sealed class TimetablePlanTests
{
    private static readonly JobDefinition EveryTenSeconds = TimetableBench.Definition("*/10 * * * * *");
    private readonly TimetableBench _bench = new();


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

    /// <summary>The answer to the first telling was lost, or the resume itself is asked for again.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_plan_of_a_resume_that_is_told_again_is_answered_as_the_first_time_also_after_a_crash_and_later_plans(bool fromSnapshot)
    {
        var definition = TimetableBench.Definition("*/10 * * * *");
        _bench.Planned(definition).Planned(definition, 2, PlanState.Paused).Pass(TimeSpan.FromMinutes(65));
        var resume = new TimetablePlanning.SetPlan(TenantId.Default, TimetableBench.Job, 3, 1, PlanState.Active, null, _bench.Now, definition, MisfireRule.Last);
        var first = (TimetablePlanning.PlanNoted)_bench.Do(t => t.SetPlan(resume, _bench.Now));
        Assert.Equal((6, 1), (first.Missed, first.CaughtUp));
        _bench.Planned(definition, 4, PlanState.Paused).Pass(TimeSpan.FromMinutes(25));
        _bench.Planned(definition, 5, catchUp: MisfireRule.None);
        _bench.Crash(fromSnapshot);
        var items = _bench.Journal.Count;
        Assert.Equal(first, _bench.Do(t => t.SetPlan(resume, _bench.Now)));
        Assert.Equal(new TimetablePlanning.PlanNoted(TimetableBench.Job, 5, 3, 0), _bench.Do(t => t.SetPlan(resume with { Version = 5 }, _bench.Now)));
        Assert.Equal(items, _bench.Journal.Count);
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
    public void The_slots_of_a_schedule_whose_plan_came_late_have_a_disposition_although_the_one_before_had_decided_up_to_then()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *")).Sleep(TimeSpan.FromMinutes(5));
        var changed = _bench.Now;
        _bench.Sleep(TimeSpan.FromHours(3));
        _bench.Tick();
        var decided = _bench.Plan.Cursor;
        _bench.Planned(TimetableBench.Definition("*/20 * * * *"), version: 2, from: changed);
        _bench.Pass(TimeSpan.FromMinutes(20));

        // 10:05 to 13:25: every twenty minutes, and once each; those of the full hours were the old schedule's too.
        var skipped = _bench.Journal.OfType<SlotsSkipped>().SelectMany(s => s.Count == 1 ? [s.First] : Enumerable.Range(0, (int)s.Count).Select(i => s.First.AddHours(i)));
        var disposed = skipped.Concat(_bench.Journal.OfType<ExecutionStarted>().Select(s => s.Nominal)).Concat(_bench.Journal.OfType<SlotQueued>().Select(s => s.Nominal).Except(
            _bench.Journal.OfType<ExecutionStarted>().Select(s => s.Nominal))).Order().ToList();
        Assert.Equal(Enumerable.Range(1, 10).Select(i => TimetableBench.Start.AddMinutes(20 * i)), disposed);
        Assert.All(_bench.Journal.OfType<SlotsSkipped>().Where(s => s.First < decided && s.First.Minute != 0), s => Assert.Equal(SkipReason.Misfire, s.Reason));
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
}

using Chronos.Core.Calendars;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>The bench starts on Monday 2026-03-02 at 10:00 UTC.</summary>
public sealed class TimetableCalendarTests
{
    private static readonly CalendarDefinition Lunch = Read("""{"name":"lunch","weekly":[{"days":["mon-sun"],"from":"10:05","to":"10:10"}]}""");
    private readonly TimetableBench _bench = new();

    [Fact]
    public void Excluded_slots_are_recorded_as_skipped_by_their_calendar_and_the_others_fire()
    {
        var job = Set(Lunch).With("* * * * *");
        _bench.Planned(job).Pass(TimeSpan.FromMinutes(12));
        Assert.Equal(["10:01:00", "10:02:00", "10:03:00", "10:04:00", "10:10:00", "10:11:00", "10:12:00"], _bench.ClaimedAt);
        var skipped = Assert.Single(_bench.Journal.OfType<SlotsSkipped>());
        Assert.Equal((5, SkipReason.Calendar, "calendar lunch: skipped"), (skipped.Count, skipped.Reason, skipped.Detail));
        _bench.AssertEveryDueSlotHasOneDisposition(job, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Slots_that_move_to_one_opening_each_keep_their_identity_and_each_have_their_disposition()
    {
        var job = Set(Lunch with { OnExcluded = OnExcluded.NextOpen }).With("*/2 * * * *") with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Forbid, null, 100) };
        _bench.Planned(job);
        for (var i = 0; i < 9 * 60; i++)
        {
            _bench.Pass(TimeSpan.FromSeconds(1));
            if (_bench.Plan.Running.Count > 0)
            {
                _bench.Finish();
            }
        }

        Assert.Equal(["10:02:00", "10:04:00"], _bench.ClaimedAt);
        _bench.Pass(TimeSpan.FromMinutes(1));
        var moved = Assert.Single(_bench.Journal.OfType<ExecutionStarted>(), c => c.Due is not null);
        Assert.Equal(("10:06:00", "10:10:00", "10:10:00"), (Clock(moved.Nominal), Clock(moved.Due!.Value), Clock(moved.At)));
        Assert.Equal("calendar lunch: moved from 10:06 to 10:10", moved.Note);
        Assert.Equal($"{TimetableBench.Job}@2026-03-02T10:06:00Z", moved.Id.Value);

        // 10:08 and 10:10 meet the run of 10:06.
        Assert.Equal(["10:08:00", "10:10:00"], _bench.Journal.OfType<SlotsSkipped>().Select(s => Clock(s.First)));
        _bench.AssertEveryDueSlotHasOneDisposition(job, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_slot_that_moves_back_fires_before_the_close_and_never_again()
    {
        var job = Set(Lunch with { OnExcluded = OnExcluded.PreviousOpen }).With("7 10 * * *");
        _bench.Planned(job).Pass(TimeSpan.FromMinutes(30));
        var moved = Assert.Single(_bench.Journal.OfType<ExecutionStarted>());
        Assert.Equal(("10:07:00", "10:04:00"), (Clock(moved.Nominal), Clock(moved.At)));
    }

    /// <summary>Dispositions are given in nominal order, so that a slot that is moved back waits for those before it; the preview knows of that.</summary>
    [Theory]
    [InlineData("""{"cron":"*/10 * * * * *"}""", "10:05:00", "10:04:50")]
    [InlineData("""{"every":"20s"}""", "10:05:00", "10:04:40")]
    [InlineData("""{"cron":"30 * * * * *"}""", "10:05:30", "10:04:30")]
    [InlineData("""{"cron":"0 */2 * * * *"}""", "10:06:00", "10:04:00")]
    [InlineData("""{"cron":"* * * * *","jitter":"50s"}""", "10:05:00", null)]
    public void A_slot_that_moves_back_fires_when_the_preview_says_and_is_not_late(string schedule, string slot, string? at)
    {
        Change(Lunch with { OnExcluded = OnExcluded.PreviousOpen }, 1);
        using var document = System.Text.Json.JsonDocument.Parse(schedule);
        var spec = ScheduleJson.Read(document.RootElement, "schedule", [])! with { Calendars = ["lunch"] };
        var compiled = Schedule.Compile(spec, "UTC", TenantId.Default, "report", Calendars.Calendars.Lookup(Lunch with { OnExcluded = OnExcluded.PreviousOpen }), [])!;
        var last = compiled.Last(TimetableBench.Start, TimetableBench.Start.AddMinutes(5).AddTicks(-1))!.Value;
        _bench.Planned(TimetableBench.Definition("") with { Schedule = spec });
        var nominal = TimetableBench.Start.Date.Add(TimeSpan.Parse(slot, System.Globalization.CultureInfo.InvariantCulture));
        var row = SchedulePreview.Row(compiled, new DateTimeOffset(nominal, TimeSpan.Zero));
        Assert.Equal(at ?? Clock(compiled.FireAt(last)), Clock(row.FiresAt!.Value));
        Assert.True(compiled.FireAt(last) <= row.FiresAt && row.FiresAt < TimetableBench.Start.AddMinutes(5));
        _bench.Pass(TimeSpan.FromMinutes(6));
        var moved = Assert.Single(_bench.Journal.OfType<ExecutionStarted>(), c => c.Nominal == nominal);
        Assert.Equal(row.FiresAt, moved.Due);
        Assert.InRange(moved.At, row.FiresAt.Value - ClaimAhead.Lead, row.FiresAt.Value.AddSeconds(1));
        Assert.Equal(row.Notes[^1], moved.Note);
    }

    [Fact]
    public void What_was_to_be_moved_back_to_before_the_plan_began_is_recorded_and_not_foretold()
    {
        Change(Lunch with { OnExcluded = OnExcluded.PreviousOpen }, 1);
        _bench.Pass(TimeSpan.FromSeconds((4 * 60) + 25.7));
        var job = TimetableBench.Definition("* * * * *") with { Schedule = new ScheduleSpec { Cron = "* * * * *", Calendars = ["lunch"] } };
        _bench.Planned(job);
        Assert.EndsWith("which had passed when this was planned", Assert.Single(_bench.Journal.OfType<SlotsSkipped>()).Detail, StringComparison.Ordinal);
        var compiled = Schedule.Compile(job.Schedule, "UTC", TenantId.Default, "report", Calendars.Calendars.Lookup(Lunch with { OnExcluded = OnExcluded.PreviousOpen }), [])!;
        Assert.Equal("10:10:00", Clock(SchedulePreview.Coming(compiled, _bench.Plan.Cursor, _bench.Now).First().At));
        Assert.Equal("10:10:00", Clock(SchedulePreview.NextShown(compiled, _bench.Now)!.Value));
    }

    /// <summary>A calendar that never opens again would send the slots of a whole year.</summary>
    [Fact]
    public void Of_the_slots_after_a_close_for_good_a_hundred_are_moved_back_and_the_others_are_recorded()
    {
        Change(Lunch with { OnExcluded = OnExcluded.PreviousOpen, Weekly = [], Ranges = [new CalendarRange(new DateTime(2026, 3, 2, 10, 5, 0), new DateTime(9998, 1, 1), null)] }, 1);
        var job = TimetableBench.Definition("* * * * *") with { Schedule = new ScheduleSpec { Cron = "* * * * *", Calendars = ["lunch"] } };
        _bench.Planned(job).Pass(TimeSpan.FromMinutes(5));
        Assert.Equal(100, _bench.Journal.OfType<ExecutionStarted>().Count(c => c.Due == TimetableBench.Start.AddMinutes(4)));
        Assert.Empty(_bench.Journal.OfType<SlotsSkipped>());
        _bench.Pass(TimeSpan.FromHours(4));
        Change(Lunch, 2);
        Assert.Equal(104, _bench.Journal.OfType<ExecutionStarted>().Count());
        var skipped = _bench.Journal.OfType<SlotsSkipped>().ToList();
        Assert.Equal("11:45:00", Clock(skipped[0].First));
        Assert.All(skipped, s => Assert.Equal((SkipReason.Calendar, "calendar lunch: skipped, no more than the 100 slots next to the opening are moved to it"), (s.Reason, s.Detail)));
        _bench.AssertEveryDueSlotHasOneDisposition(job, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_slot_that_moves_back_over_skipped_ones_is_not_kept_waiting_by_them()
    {
        Change(Lunch with { OnExcluded = OnExcluded.PreviousOpen, Weekly = [new CalendarWeekly(0x7F, 605, 620)] }, 1);
        Change(Lunch with { Name = "holidays", Weekly = [new CalendarWeekly(0x7F, 608, 612)] }, 1);
        var job = TimetableBench.Definition("*/3 * * * *") with { Schedule = new ScheduleSpec { Cron = "*/3 * * * *", Calendars = ["lunch", "holidays"] } };
        _bench.Planned(job).Pass(TimeSpan.FromMinutes(4.5));
        Assert.Equal(["10:03:00", "10:06:00", "10:12:00", "10:15:00", "10:18:00"], _bench.ClaimedAt);
        Assert.Equal(["10:09:00"], _bench.Journal.OfType<SlotsSkipped>().Select(s => Clock(s.First)));
        _bench.Pass(TimeSpan.FromMinutes(20));
        _bench.AssertEveryDueSlotHasOneDisposition(job, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_new_schedule_does_not_claim_again_what_was_decided_ahead_of_its_time()
    {
        var job = Set(Lunch with { OnExcluded = OnExcluded.PreviousOpen }).With("7,9 10 * * *");
        _bench.Planned(job).Pass(TimeSpan.FromMinutes(4.5));
        Assert.Equal(["10:07:00", "10:09:00"], _bench.ClaimedAt);
        var next = TimetableBench.Definition("6-9 10 * * *");
        _bench.Planned(next, version: 2).Pass(TimeSpan.FromMinutes(20));
        Assert.Equal(["10:07:00", "10:09:00"], _bench.ClaimedAt);
        Assert.Equal(["10:06:00", "10:08:00"], _bench.Journal.OfType<SlotsSkipped>().Where(s => s.Reason == SkipReason.Calendar).Select(s => Clock(s.First)));
        _bench.AssertEveryDueSlotHasOneDisposition(next, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void An_edit_plans_the_jobs_anew_and_what_was_due_before_it_keeps_the_old_rule()
    {
        var job = Set(Lunch).With("* * * * *");
        _bench.Planned(job).Pass(TimeSpan.FromMinutes(7.5));
        Change(Lunch with { Weekly = [new CalendarWeekly(0x7F, 615, 620)] }, 2);
        Assert.Equal(["10:05:00/10:07:00"], _bench.Journal.OfType<SlotsSkipped>().Select(s => $"{Clock(s.First)}/{Clock(s.Last)}"));
        _bench.Pass(TimeSpan.FromMinutes(14));
        Assert.Equal(
            ["10:01:00", "10:02:00", "10:03:00", "10:04:00", "10:08:00", "10:09:00", "10:10:00", "10:11:00", "10:12:00", "10:13:00", "10:14:00", "10:20:00", "10:21:00"], _bench.ClaimedAt);
        _bench.AssertEveryDueSlotHasOneDisposition(job, TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Calendars_survive_a_crash_in_the_journal_and_in_the_snapshot(bool fromSnapshot)
    {
        var job = Set(Lunch).With("* * * * *");
        _bench.Planned(job).Pass(TimeSpan.FromMinutes(4.5));
        _bench.Crash(fromSnapshot);
        _bench.Pass(TimeSpan.FromMinutes(6));
        Assert.Equal(["10:01:00", "10:02:00", "10:03:00", "10:04:00", "10:10:00"], _bench.ClaimedAt);
        _bench.AssertEveryDueSlotHasOneDisposition(job, TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(MisfireRule.None, 0)]
    [InlineData(MisfireRule.Last, 1)]
    [InlineData(MisfireRule.All, 9)]
    public void After_an_outage_what_a_calendar_skips_is_not_missed_and_not_caught_up(MisfireRule rule, int caughtUp)
    {
        var job = Set(Lunch).With("* * * * *") with { Misfire = MisfirePolicy.Default with { Rule = rule } };
        _bench.Planned(job);
        _bench.Sleep(TimeSpan.FromMinutes(14.5));
        _bench.Tick();
        for (var i = 0; i < 20 && _bench.Plan.Running.Count > 0; i++)
        {
            _bench.Finish();
        }

        Assert.Equal(caughtUp, _bench.Triggers.Count(t => t == ExecutionTrigger.CatchUp));
        Assert.Equal(5, _bench.Journal.OfType<SlotsSkipped>().Where(s => s.Reason == SkipReason.Calendar).Sum(s => s.Count));
        Assert.Equal(9 - caughtUp, _bench.Journal.OfType<SlotsSkipped>().Where(s => s.Reason == SkipReason.Misfire).Sum(s => s.Count));
        _bench.AssertEveryDueSlotHasOneDisposition(job, TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_catch_up_waits_until_its_calendars_are_open(bool crash)
    {
        var job = Set(Lunch).With("* * * * *") with { Misfire = MisfirePolicy.Default with { Rule = MisfireRule.Last } };
        _bench.Planned(job);
        _bench.Sleep(TimeSpan.FromMinutes(6.5));
        _bench.Tick();
        Assert.Empty(_bench.ClaimedAt);
        Assert.Equal("10:04:00", Clock(Assert.Single(_bench.Plan.Waiting).Nominal));
        if (crash)
        {
            _bench.Crash();
        }

        _bench.Pass(TimeSpan.FromMinutes(3.5));
        Assert.Equal(["10:04:00", "10:10:00"], _bench.ClaimedAt.Order());
        _bench.AssertEveryDueSlotHasOneDisposition(job, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_job_whose_calendar_is_not_there_stands_still_and_a_calendar_that_comes_wakes_it()
    {
        var job = TimetableBench.Definition("* * * * *") with { Schedule = new ScheduleSpec { Cron = "* * * * *", Calendars = ["lunch"] } };
        _bench.Planned(job).Pass(TimeSpan.FromMinutes(2));
        Assert.Empty(_bench.Offered);
        Assert.Contains("lunch", Assert.Single(_bench.Table.State.Faults).Value, StringComparison.Ordinal);
        Change(Lunch, 1);
        _bench.Pass(TimeSpan.FromMinutes(1));
        Assert.Empty(_bench.Table.State.Faults);
        Assert.NotEmpty(_bench.Offered);
    }

    [Fact]
    public void A_deletion_that_meets_a_job_leaves_it_the_calendar_and_who_lists_it_is_told()
    {
        _bench.Planned(Set(Lunch).With("* * * * *"));
        Assert.Equal(["report"], _bench.Do(t => t.GetCalendarUse(new CalendarPlanning.GetCalendarUse(0, TenantId.Default, "lunch"))).Jobs);
        _bench.Do(t => t.SetCalendar(new CalendarPlanning.SetCalendar(0, TenantId.Default, "lunch", 9, null), _bench.Now));
        _bench.Pass(TimeSpan.FromMinutes(6));
        Assert.Equal(4, _bench.ClaimedAt.Count());
        Assert.Empty(_bench.Table.State.Faults);
    }

    [Fact]
    public void An_older_version_of_a_calendar_changes_nothing()
    {
        _bench.Planned(Set(Lunch).With("* * * * *"));
        Change(Lunch with { Weekly = [] }, 3);
        Change(Lunch, 2);
        _bench.Pass(TimeSpan.FromMinutes(6));
        Assert.Equal(6, _bench.ClaimedAt.Count());
    }

    [Fact]
    public void A_job_of_every_second_writes_one_line_for_an_hour_of_closed_time()
    {
        var job = Set(Lunch with { Weekly = [new CalendarWeekly(0x7F, 600, 720)] }).With("* * * * * *");
        _bench.Planned(job).Pass(TimeSpan.FromHours(2) + TimeSpan.FromMinutes(1));
        Assert.InRange(_bench.Journal.OfType<SlotsSkipped>().Count(), 2, 3);
        _bench.AssertEveryDueSlotHasOneDisposition(job, TimeSpan.FromSeconds(1));
    }

    private static string Clock(DateTimeOffset at) => at.ToString("HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);

    private static CalendarDefinition Read(string json) => Calendars.Calendars.Valid(json);

    private JobWith Set(CalendarDefinition calendar)
    {
        Change(calendar, 1);
        return new JobWith(calendar.Name);
    }

    private void Change(CalendarDefinition calendar, long version) =>
        _bench.Do(t => t.SetCalendar(new CalendarPlanning.SetCalendar(0, TenantId.Default, calendar.Name, version, calendar), _bench.Now));

    private sealed record JobWith(string Calendar)
    {
        public JobDefinition With(string cron) => TimetableBench.Definition(cron) with { Schedule = new ScheduleSpec { Cron = cron, Calendars = [Calendar] } };
    }
}

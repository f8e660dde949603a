using Chronos.Core.Calendars;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Tests.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Calendars;

public sealed class CalendarScheduleTests
{
    private static readonly CalendarDefinition Hours =
        Calendars.Valid("""{"name":"business-hours","timezone":"Europe/Berlin","mode":"include","on_excluded":"next_open","weekly":[{"days":["mon-fri"],"from":"09:00","to":"17:00"}]}""");

    private static readonly CalendarDefinition Holidays = Calendars.Valid("""{"name":"holidays","timezone":"Europe/Berlin","dates":["12-25","2026-11-26"]}""");

    [Fact]
    public void A_preview_says_what_calendars_do_and_keeps_the_nominal_times()
    {
        var rows = SchedulePreview.Rows(Calendars.Schedule("0 3 * * *", "Europe/Berlin", Hours, Holidays), Given.Time("2026-11-25T00:00:00Z"), null, 4);
        Assert.Equal(
            [
                "calendar business-hours: moved from 03:00 to 09:00", "calendar holidays: skipped", "calendar business-hours: moved from 03:00 to 09:00",
                "calendar business-hours: moved from 2026-11-28 03:00 to 2026-11-30 09:00",
            ],
            rows.Select(r => Assert.Single(r.Notes)));
        Assert.Equal(["2026-11-25T02:00:00Z", "2026-11-26T02:00:00Z", "2026-11-27T02:00:00Z", "2026-11-28T02:00:00Z"], rows.Select(r => Chronos.Core.Kernel.Rfc3339.Format(r.At)));
        Assert.Equal([Given.Time("2026-11-25T08:00:00Z"), null, Given.Time("2026-11-27T08:00:00Z"), Given.Time("2026-11-30T08:00:00Z")], rows.Select(r => r.FiresAt));
    }

    [Fact]
    public void A_slot_moved_back_fires_in_the_last_minute_in_which_all_are_open()
    {
        var schedule = Calendars.Schedule("0 3 * * *", "Europe/Berlin", Hours with { OnExcluded = OnExcluded.PreviousOpen }, Holidays);
        Assert.Equal(Given.Time("2026-11-25T15:59:00Z"), schedule.FireAt(Given.Time("2026-11-27T02:00:00Z")));
    }

    [Fact]
    public void What_has_no_opening_within_a_year_is_skipped_and_lint_says_never()
    {
        var never = Calendars.Valid("""{"name":"never","mode":"include","on_excluded":"next_open","dates":["1999-01-01"]}""");
        var schedule = Calendars.Schedule("0 3 * * *", "UTC", never);
        Assert.Equal(SlotFate.Skipped, schedule.Treat(Given.Time("2026-11-27T03:00:00Z")).Fate);
        Assert.Null(schedule.NextFiring(Given.Time("2026-11-27T03:00:00Z")));
        Assert.Contains(ScheduleLint.Warnings(schedule, Given.Time("2026-11-27T03:00:00Z"), TimeSpan.FromMinutes(1)), w => w.Code == "never");
    }

    [Fact]
    public void Jitter_does_not_carry_a_run_into_closed_time()
    {
        var spec = new ScheduleSpec { Cron = "* 9-16 * * *", Jitter = TimeSpan.FromHours(2), Calendars = ["business-hours"] };
        var schedule = Schedule.Compile(spec, "Europe/Berlin", TenantId.Default, "job", Calendars.Lookup(Hours), [])!;
        Assert.All(Given.Between(schedule, Given.Time("2026-11-02T08:00:00Z"), Given.Time("2026-11-06T18:00:00Z")), n => Assert.True(schedule.IsOpenAt(schedule.FireAt(n)), $"{n}"));
    }

    /// <summary>A weekend of a job of every minute is not 3,840 executions at one instant.</summary>
    [Theory]
    [InlineData(OnExcluded.NextOpen, 0)]
    [InlineData(OnExcluded.PreviousOpen, 0)]
    [InlineData(OnExcluded.NextOpen, 20)]
    [InlineData(OnExcluded.PreviousOpen, 20)]
    public void No_more_than_the_hundred_slots_next_to_the_opening_are_moved_to_it(OnExcluded action, int jitter)
    {
        var spec = new ScheduleSpec { Cron = "* * * * *", Jitter = jitter == 0 ? null : TimeSpan.FromSeconds(jitter), Calendars = ["business-hours"] };
        var schedule = Schedule.Compile(spec, "UTC", TenantId.Default, "job", Calendars.Lookup(Hours with { OnExcluded = action }), [])!;
        var (close, open) = (Given.Time("2026-11-27T16:00:00Z"), Given.Time("2026-11-30T08:00:00Z"));
        var slots = Given.Between(schedule, close, open).ToList();
        var moved = slots.Where(n => schedule.Treat(n).Fate == SlotFate.Moved).ToList();
        Assert.Equal(action == OnExcluded.NextOpen ? slots.TakeLast(100) : slots.Take(100), moved);
        Assert.Single(moved.Select(schedule.FireAt).Distinct());
        var skipped = slots.Except(moved).ToList();
        Assert.All(skipped, n => Assert.Equal(
            new SlotTreatment(SlotFate.Skipped, n, "calendar business-hours: skipped, no more than the 100 slots next to the opening are moved to it"), schedule.Treat(n)));
        Assert.Equal([(skipped[0], skipped[^1]), (moved[0], moved[^1])], schedule.Runs(close.AddTicks(-1), open.AddTicks(-1)).Select(r => (r.First, r.Last)).OrderBy(r => r.Last - r.First).Reverse());
        Assert.Equal(100, schedule.CountFiring(close.AddTicks(-1), open.AddTicks(-1)));
        var firing = SchedulePreview.Coming(schedule, close.AddHours(-1), close.AddHours(-1)).TakeWhile(r => r.At < open).Where(r => r.FiresAt is not null).Select(r => r.At);
        Assert.Equal(moved, firing.Where(n => n >= close));
    }

    /// <summary>Slots that are further from the opening than a year are skipped, and those of the same closed time that are not are not.</summary>
    [Theory]
    [InlineData(OnExcluded.NextOpen, "2027-03-29T12:00:00Z", "2028-02-29T12:00:00Z")]
    [InlineData(OnExcluded.PreviousOpen, "2027-01-01T12:00:00Z", "2028-01-01T12:00:00Z")]
    public void A_closed_time_of_more_than_a_year_is_in_reach_from_its_nearer_end(OnExcluded action, string firstMoved, string lastMoved)
    {
        var shut = Calendars.Valid("""{"name":"shut","ranges":[{"from":"2027-01-01","to":"2028-02-29"}]}""") with { OnExcluded = action };
        var (from, to) = (Given.Time("2026-12-20T00:00:00Z"), Given.Time("2028-03-10T00:00:00Z"));
        var (first, last) = (Given.Time(firstMoved), Given.Time(lastMoved));
        var monthly = Calendars.Schedule(action == OnExcluded.NextOpen ? "0 12 29 * *" : "0 12 1 * *", "UTC", shut);
        var moved = Given.Between(monthly, from, to).Where(n => monthly.Treat(n).Fate == SlotFate.Moved).ToList();
        Assert.Equal((first, last), (moved[0], moved[^1]));
        Assert.Equal(moved, monthly.Runs(from, to).Where(r => r.Treatment.Fate == SlotFate.Moved).SelectMany(r => Given.Between(monthly, r.First, r.Last.AddTicks(1))));
        var fires = monthly.FireAt(moved[0]);
        var agenda = new Agenda(
            [new AgendaSource(JobId.For(TenantId.Default, "job"), "job", monthly, from, null)], fires, fires.AddTicks(1));
        Assert.Equal(moved, Enumerable.Range(0, 100).Select(_ => agenda.Next()).OfType<AgendaRow>().Select(r => r.Nominal));
        var walk = new List<DateTimeOffset>();
        for (var next = monthly.NextFiring(from); next is { } slot && slot.Nominal < to; next = monthly.NextFiring(slot.Nominal))
        {
            walk.Add(slot.Nominal);
        }

        Assert.Equal(Given.Between(monthly, from.AddTicks(1), to).Where(n => monthly.Treat(n).Fate != SlotFate.Skipped), walk);
    }

    /// <summary>Runs are the slots, and the last one due is the last of those due: compared with a walk over the slots.</summary>
    [Theory]
    [InlineData(OnExcluded.Skip)]
    [InlineData(OnExcluded.NextOpen)]
    [InlineData(OnExcluded.PreviousOpen)]
    public void Runs_and_the_last_slot_due_agree_with_a_walk_over_the_slots(OnExcluded action)
    {
        var schedule = Calendars.Schedule("*/20 * * * *", "Europe/Berlin", Holidays, Hours with { OnExcluded = action });
        var (from, to) = (Given.Time("2026-11-24T00:00:00Z"), Given.Time("2026-12-03T00:00:00Z"));
        var slots = Given.Between(schedule, from.AddTicks(1), to.AddTicks(1)).ToList();
        var runs = schedule.Runs(from, to).ToList();
        Assert.Equal(slots, runs.SelectMany(r => Given.Between(schedule, r.First, r.Last.AddTicks(1))));
        Assert.All(runs, r => Assert.All(Given.Between(schedule, r.First, r.Last.AddTicks(1)), n => Assert.Equal(
            (r.Treatment.Fate, r.Treatment.Fate == SlotFate.Moved ? r.Treatment.FireAt : n), (schedule.Treat(n).Fate, schedule.FireAt(n)))));
        Assert.Equal(slots.Count(n => schedule.Treat(n).Fate != SlotFate.Skipped), schedule.CountFiring(from, to));
        for (var at = from; at < to.AddDays(-4); at = at.AddMinutes(47))
        {
            // In the order of nominal times: a slot counts when all before it are due, or never fire.
            var due = slots.TakeWhile(n => schedule.FireAt(n) <= at || schedule.Treat(n).Fate == SlotFate.Skipped).Where(n => schedule.FireAt(n) <= at);
            Assert.Equal(due.Select(n => (DateTimeOffset?)n).LastOrDefault(), schedule.LastDue(from, at));
        }
    }
}

using Chronos.Core.Calendars;
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
        var schedule = Schedule.Compile(spec, "Europe/Berlin", Chronos.Core.Kernel.TenantId.Default, "job", Calendars.Lookup(Hours), [])!;
        Assert.All(Given.Between(schedule, Given.Time("2026-11-02T08:00:00Z"), Given.Time("2026-11-06T18:00:00Z")), n => Assert.True(schedule.IsOpenAt(schedule.FireAt(n)), $"{n}"));
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

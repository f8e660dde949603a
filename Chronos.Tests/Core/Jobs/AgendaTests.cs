using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Tests.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

public sealed class AgendaTests
{
    private static readonly DateTimeOffset Begin = Given.Time("2026-11-24T00:00:00Z");

    private static readonly AgendaSource[] Sources =
    [
        Source("a", Given.Valid("*/7 * * * *")),
        Source("b", Given.Valid("""{"cron":"0 * * * *","jitter":"50m"}""", job: "b")),
        Source("c", Given.Valid("30 2 * * *", "Europe/Berlin")),
        Source("d", Calendars.Calendars.Schedule("*/30 * * * *", "UTC", Calendars.Calendars.Valid("""{"name":"night","on_excluded":"next_open","weekly":[{"days":["mon-sun"],"from":"22:00","to":"06:00"}]}"""))),
        Source("e", Calendars.Calendars.Schedule("*/20 * * * *", "UTC", Calendars.Calendars.Valid("""{"name":"noon","weekly":[{"days":["mon-sun"],"from":"11:00","to":"13:00"}]}"""))),
        Source("f", Given.Valid("* * * * *")) with { QuietUntil = Begin.AddHours(40) },
        Source("g", Given.Valid("""{"at":"2026-11-25T10:00:00Z"}""")),
    ];

    [Theory]
    [InlineData(0, 24)]
    [InlineData(13.51, 30)]
    [InlineData(26, 26.1)]
    [InlineData(46, 49)]
    public void The_rows_are_all_slots_that_fire_in_the_window_in_order(double fromHour, double toHour)
    {
        var (from, to) = (Begin.AddHours(fromHour), Begin.AddHours(toHour));
        var expected = Sources.SelectMany(s => Given.Between(s.Schedule, s.After.AddTicks(1), to)
                .Where(n => s.Schedule.Treat(n).Fate != SlotFate.Skipped && !(s.Schedule.FireAt(n) < s.QuietUntil))
                .Select(n => new AgendaRow(s.Schedule.FireAt(n), n, s.Job, s.Name, s.Schedule.Treat(n).Note)))
            .Where(r => r.FiresAt >= from && r.FiresAt < to).Order().ToList();
        Assert.NotEmpty(expected);
        var agenda = new Agenda(Sources, from, to);
        var rows = new List<AgendaRow>();
        while (agenda.Next() is { } row)
        {
            rows.Add(row);
        }

        Assert.Equal(expected, rows);
        Assert.True(agenda.IsAtEnd);
    }

    /// <summary>How far away a window is does not matter: a few steps for each job, however many weeks of open and closed time lie before it.</summary>
    [Theory]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z", 0)]
    [InlineData("2031-11-25T00:00:00Z", "2031-11-26T00:00:00Z", 180)]
    [InlineData("2490-02-28T00:00:00Z", "2490-03-07T00:00:00Z", 360)]
    [InlineData("9998-01-01T11:00:00Z", "9998-01-02T11:00:00Z", 0)]
    [InlineData("9998-12-31T00:00:00Z", "9999-12-31T00:00:00Z", 0)]
    public void A_window_in_a_far_year_begins_at_once(string from, string to, int rows)
    {
        var shut = Calendars.Calendars.Valid("""{"name":"shut","timezone":"Europe/Berlin","on_excluded":"previous_open","weekly":[{"days":["mon-sun"],"from":"12:00","to":"14:00"},{"days":["sat-sun"]}],"dates":["02-29"]}""");
        var hours = Calendars.Calendars.Valid("""{"name":"hours","timezone":"America/New_York","mode":"include","on_excluded":"next_open","weekly":[{"days":["mon-fri"],"from":"08:00","to":"18:00"}]}""");
        var sources = Enumerable.Range(0, 90).SelectMany(i => new[] { Source($"s{i}", Calendars.Calendars.Schedule("30 12 * * *", "UTC", shut)), Source($"h{i}", Calendars.Calendars.Schedule("0 12 * * *", "UTC", hours, shut)) });
        var agenda = new Agenda(sources, Given.Time(from), Given.Time(to));
        var (steps, found) = (180 * 12, 0);
        Assert.True(agenda.Search(ref steps));
        while (agenda.Next() is not null)
        {
            found++;
        }

        Assert.InRange(found, rows, rows * 5);
    }

    /// <summary>`30 * * * * *` is moved from 21:02:30 to 21:01:30, behind the slot of 21:01.</summary>
    [Fact]
    public void A_window_that_ends_within_the_last_open_minute_has_what_was_moved_there()
    {
        var shut = Calendars.Calendars.Valid("""{"name":"shut","on_excluded":"previous_open","ranges":[{"from":"2026-11-24T21:02","to":"2026-11-24T21:03"}]}""");
        var half = Calendars.Calendars.Schedule("30 * * * * *", "UTC", shut);
        var even = Calendars.Calendars.Schedule("30 */2 * * * *", "UTC", shut);
        var agenda = new Agenda([Source("half", half), Source("even", even)], Given.Time("2026-11-24T21:01:00Z"), Given.Time("2026-11-24T21:01:31Z"));
        var rows = Enumerable.Range(0, 4).Select(_ => agenda.Next()).ToList();
        Assert.Equal(
            [("even", "21:01:00", "21:02:30"), ("half", "21:01:30", "21:01:30"), ("half", "21:01:30", "21:02:30")],
            rows.OfType<AgendaRow>().OrderBy(r => r.Name).Select(r => (r.Name, r.FiresAt.ToString("HH:mm:ss"), r.Nominal.ToString("HH:mm:ss"))));
        Assert.Equal(rows.OfType<AgendaRow>().Order(), rows.OfType<AgendaRow>());
    }

    [Fact]
    public void Disabled_and_paused_jobs_fire_nothing_and_a_fixed_delay_is_foretold_once()
    {
        var bench = new TimetableBench();
        bench.Planned(TimetableBench.Definition("* * * * *"), state: PlanState.Paused);
        Assert.Empty(bench.Table.State.Agenda(TenantId.Default));
        bench.Planned(TimetableBench.Definition("* * * * *"), version: 2, state: PlanState.Disabled);
        Assert.Empty(bench.Table.State.Agenda(TenantId.Default));
        bench.Planned(TimetableBench.Definition("") with { Schedule = new ScheduleSpec { Every = TimeSpan.FromMinutes(1), AfterCompletion = true } }, version: 3);
        var agenda = new Agenda(bench.Table.State.Agenda(TenantId.Default), TimetableBench.Start, TimetableBench.Start.AddDays(1));
        Assert.Equal(TimetableBench.Start.AddMinutes(1), agenda.Next()!.FiresAt);
        Assert.Null(agenda.Next());
        Assert.Empty(bench.Table.State.Agenda(new TenantId("other")));
    }

    private static AgendaSource Source(string name, Schedule schedule) => new(JobId.For(TenantId.Default, name), name, schedule, Begin.AddHours(-1), null);
}

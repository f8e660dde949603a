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
        Source("d", Calendars.Calendars.Schedule("*/30 * * * *", "UTC", Calendars.Calendars.Valid("""{"name":"night","on_excluded":"next_open","weekly":[{"from":"22:00","to":"06:00"}]}"""))),
        Source("e", Calendars.Calendars.Schedule("*/20 * * * *", "UTC", Calendars.Calendars.Valid("""{"name":"noon","weekly":[{"from":"11:00","to":"13:00"}]}"""))),
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
                .Where(n => s.Schedule.Treat(n).Fate != SlotFate.Skipped && !(s.Schedule.FireAt(n) <= s.QuietUntil))
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

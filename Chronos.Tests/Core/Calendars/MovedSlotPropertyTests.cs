using Chronos.Core.Calendars;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Tests.Core.Jobs;
using Chronos.Tests.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Calendars;

/// <summary>What is foretold is what happens, whatever the calendars are: the schedule, its preview, the timetable and the agenda are compared.</summary>
public sealed class MovedSlotPropertyTests
{
    private static readonly DateTimeOffset Start = Given.Time("2026-03-02T10:00:00Z");
    private static readonly TimeSpan Span = TimeSpan.FromHours(3);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 12)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_timetable_fires_what_the_preview_and_the_agenda_foretell(int part)
    {
        for (var seed = part * 10; seed < (part + 1) * 10; seed++)
        {
            var random = new RandomCalendars(seed, Start);
            var calendars = random.Calendars();
            var definition = TimetableBench.Definition("") with { Schedule = random.Schedule(calendars), Concurrency = new ConcurrencyPolicy(OverlapPolicy.Forbid, null, 100) };
            var what = $"seed {seed}: {definition.Schedule.Cron ?? definition.Schedule.Every.ToString()} jitter {definition.Schedule.Jitter}, {string.Join(", ", calendars.Select(CalendarDocument.ToJson))}";
            var (begin, end) = (random.Within(TimeSpan.FromMinutes(20)), Start + Span);
            var table = Planned(definition, calendars, begin);
            var schedule = Schedule.Compile(definition.Schedule, definition.Timezone, TenantId.Default, definition.Name, Calendars.Lookup(calendars), [])!;
            var cursor = table.State.Find(TimetableBench.Job)!.Cursor;
            var foretold = SchedulePreview.Coming(schedule, cursor, begin).TakeWhile(r => r.At < end.AddDays(1) && !(r.FiresAt >= end)).Where(r => r.FiresAt is not null)
                .Select(r => (r.At, r.FiresAt!.Value)).ToList();
            var windows = Enumerable.Range(0, 8).Select(_ => random.Within(Span)).Select(from => (From: from, To: random.After(from))).Append((From: begin, To: end)).ToList();
            var sources = table.State.Agenda(TenantId.Default);
            var agendas = windows.Select(w => Rows(new Agenda(sources, w.From, w.To))).ToList();

            // Where everything has closed for good, the slots of a year are moved back.
            var fired = Run(table, end).Where(f => f.Nominal < end.AddDays(1)).ToList();
            Assert.True(foretold.SequenceEqual(fired.Where(f => f.At < end)), $"{what}\nforetold {Text(foretold)}\nfired    {Text(fired)}");
            for (var i = 0; i < windows.Count; i++)
            {
                var (from, to) = windows[i];
                Assert.Equal(agendas[i].Order(), agendas[i]);
                var expected = fired.Where(f => f.At >= from && f.At < to && f.At < end);
                Assert.True(
                    expected.SequenceEqual(agendas[i].Select(r => (r.Nominal, r.FiresAt)).Where(r => r.FiresAt < end && r.Nominal < end.AddDays(1))),
                    $"{what}\n{from:o} to {to:o}\nfired  {Text(expected)}\nagenda {Text(agendas[i].Select(r => (r.Nominal, r.FiresAt)))}");
            }
        }
    }

    /// <summary>Against the slow way to say the same: all slots one by one, each not before the one before it.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_slot_that_is_moved_back_fires_with_the_last_slot_before_it_or_in_the_last_open_minute(int part)
    {
        for (var seed = part * 20; seed < (part + 1) * 20; seed++)
        {
            var random = new RandomCalendars(1_000 + seed, Start);
            var calendars = random.Calendars();
            var spec = random.Schedule(calendars);
            var schedule = Schedule.Compile(spec, "UTC", TenantId.Default, "job", Calendars.Lookup(calendars), [])!;
            var (first, latest) = (Start.AddHours(-5), DateTimeOffset.MinValue);
            var closes = Closes(schedule, first, 8 * 3600);
            foreach (var nominal in Given.Between(schedule, first, Start + Span))
            {
                var treatment = schedule.Treat(nominal);
                if (treatment.Fate == SlotFate.Skipped)
                {
                    continue;
                }

                var by = calendars.FirstOrDefault(c => !CalendarTimes.Of(c).IsOpen(nominal.UtcTicks));
                var alone = by is null ? nominal + schedule.JitterOf(nominal) : by.OnExcluded == OnExcluded.NextOpen ? treatment.FireAt : MovedBack(schedule, closes[(int)(nominal - first).TotalSeconds]);
                if (alone is not { } own)
                {
                    // Moved back to before the slots that are looked at here.
                    latest = latest > treatment.FireAt ? latest : treatment.FireAt;
                    continue;
                }

                latest = latest > own ? latest : own;
                Assert.True(treatment.FireAt == latest, $"seed {seed}, slot {nominal:o}: fires at {treatment.FireAt:o}, not {latest:o}");
                Assert.True(by?.OnExcluded != OnExcluded.NextOpen || schedule.IsOpenAt(own));
            }
        }
    }

    /// <summary>Of each second from <paramref name="from"/> on: the end of the last open one up to it. Nothing begins or ends within a second.</summary>
    private static DateTimeOffset?[] Closes(Schedule schedule, DateTimeOffset from, int seconds)
    {
        var closes = new DateTimeOffset?[seconds];
        for (var i = 0; i < seconds; i++)
        {
            closes[i] = schedule.IsOpenAt(from.AddSeconds(i)) ? from.AddSeconds(i + 1) : i > 0 ? closes[i - 1] : null;
        }

        return closes;
    }

    private static DateTimeOffset? MovedBack(Schedule schedule, DateTimeOffset? close) =>
        close is not { } at || at < Start.AddHours(-4) ? null : schedule.IsOpenAt(at.AddMinutes(-1)) ? at.AddMinutes(-1) : at.AddSeconds(-1);

    private static Timetable Planned(JobDefinition definition, CalendarDefinition[] calendars, DateTimeOffset begin)
    {
        var table = new Timetable("n1") { Lead = TimeSpan.Zero };
        foreach (var calendar in calendars)
        {
            table.SetCalendar(new CalendarPlanning.SetCalendar(0, TenantId.Default, calendar.Name, 1, calendar), begin);
        }

        table.SetPlan(new TimetablePlanning.SetPlan(TenantId.Default, TimetableBench.Job, 1, 1, PlanState.Active, null, begin, definition, null), begin);
        return table;
    }


    /// <summary>
    /// The clock goes from one instant at which the timetable wants to be woken to the next. The first run never ends, so that all others come
    /// out as overlaps, each at its time: thousands can be moved to one instant.
    /// </summary>
    private static List<(DateTimeOffset Nominal, DateTimeOffset At)> Run(Timetable table, DateTimeOffset end)
    {
        var fired = new List<(DateTimeOffset, DateTimeOffset)>();
        for (var wakes = 0; table.State.NextDueAt is { } now && now < end; wakes++)
        {
            Assert.True(wakes < 20_000, "the timetable wakes for nothing");
            table.Tick(now);
            foreach (var item in table.Outbox.Take().Items)
            {
                switch (item)
                {
                    case ExecutionStarted { Execution: null } claim:
                        Assert.True(claim.Due is null || claim.Due == claim.At);
                        fired.Add((claim.Nominal, claim.At));
                        break;
                    case SlotsSkipped { Reason: SkipReason.Overlap } slot:
                        fired.Add((slot.First, now));
                        break;
                }
            }
        }

        return fired;
    }

    private static List<AgendaRow> Rows(Agenda agenda)
    {
        var rows = new List<AgendaRow>();
        while (agenda.Next() is { } row)
        {
            rows.Add(row);
        }

        return rows;
    }

    private static string Text(IEnumerable<(DateTimeOffset Nominal, DateTimeOffset At)> slots) => string.Join(' ', slots.Select(s => $"{s.Nominal:HH:mm:ss}>{s.At:HH:mm:ss.fff}"));
}

using Chronos.Core.Calendars;
using Chronos.Core.Scheduling;
using Chronos.Tests.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Calendars;

public sealed class CalendarTimesTests
{
    private static readonly string[] Shapes =
    [
        """{"name":"a","timezone":"Europe/Berlin","mode":"include","weekly":[{"days":["mon-fri"],"from":"09:00","to":"17:00"}]}""",
        """{"name":"b","timezone":"America/New_York","weekly":[{"days":["fri-sun"],"from":"22:00","to":"06:00"}],"dates":["11-01","2026-03-08"]}""",
        """{"name":"c","timezone":"Australia/Lord_Howe","mode":"include","weekly":[{"days":["mon-sun"],"from":"01:45","to":"02:20"},{"days":["sun"]}]}""",
        """{"name":"d","timezone":"Europe/Dublin","ranges":[{"from":"2026-03-29T01:30","to":"2026-03-29T02:30"},{"from":"2026-10-24","to":"2026-10-25"},{"from":"2026-10-25T01:15","to":"2026-10-25T01:30"}]}""",
        """{"name":"e","timezone":"Asia/Tokyo","dates":["02-29"],"weekly":[{"days":["wed"],"from":"00:00","to":"24:00"}]}""",
        """{"name":"f","timezone":"America/Sao_Paulo","mode":"include","ranges":[{"from":"2026-03-01T00:00","to":"2026-03-30T12:00"},{"from":"2026-10-20","to":"2026-11-03"}]}""",
    ];

    public static TheoryData<string> All => [.. Shapes];

    /// <summary>Against the slowest way to say the same: look at every minute of the wall clock.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public void Stretches_begin_and_end_where_a_walk_over_the_minutes_finds_them(string json)
    {
        var definition = Calendars.Valid(json);
        var times = CalendarTimes.Of(definition);
        foreach (var start in (string[])["2026-03-05T00:00:00Z", "2026-10-21T00:00:00Z"])
        {
            var (from, minutes) = (Given.Time(start), 14 * 24 * 60);
            var open = Enumerable.Range(0, minutes).Select(i => IsOpen(definition, from.AddMinutes(i))).ToArray();
            for (var i = 0; i < minutes; i += 7)
            {
                var at = from.AddMinutes(i).UtcTicks;
                Assert.True(open[i] == times.IsOpen(at), $"{definition.Name} at {from.AddMinutes(i):u}");
                var until = i;
                while (until < minutes && open[until] == open[i])
                {
                    until++;
                }

                var since = i;
                while (since >= 0 && open[since] == open[i])
                {
                    since--;
                }

                Assert.True(until == minutes || times.Until(at) == from.AddMinutes(until).UtcTicks, $"{definition.Name}: until, from {from.AddMinutes(i):u}");
                Assert.True(since < 0 || times.Since(at) == from.AddMinutes(since + 1).UtcTicks, $"{definition.Name}: since, from {from.AddMinutes(i):u}");
            }
        }
    }

    [Fact]
    public void A_calendar_that_lists_nothing_is_open_or_closed_for_ever()
    {
        var closed = CalendarTimes.Of(new CalendarDefinition { Name = "never", Mode = CalendarMode.Include });
        Assert.False(closed.IsOpen(Given.Time("2026-03-05T00:00:00Z").UtcTicks));
        Assert.Equal(TimeSource.Never, closed.Until(Given.Time("2026-03-05T00:00:00Z").UtcTicks));
        Assert.Equal(TimeSource.Never, CalendarTimes.Of(Calendars.Valid("""{"name":"always"}""")).Since(Given.Time("2026-03-05T00:00:00Z").UtcTicks));
        Assert.Equal(TimeSource.Never, CalendarTimes.Of(Calendars.Valid("""{"name":"week","weekly":[{"days":["mon-sun"]}]}""")).Until(Given.Time("2026-03-05T00:00:00Z").UtcTicks));
    }

    private static bool IsOpen(CalendarDefinition calendar, DateTimeOffset at)
    {
        var local = new DateTime(at.UtcTicks + ZoneRules.Find(calendar.Timezone)!.At(at.UtcTicks).Offset);
        bool OfDay(CalendarWeekly rule, DateTime day, int minute) => (rule.Days & (1 << (int)day.DayOfWeek)) != 0 && minute >= rule.From && minute < (rule.To > rule.From ? rule.To : rule.To + 1440);
        var minute = (int)local.TimeOfDay.TotalMinutes;
        var listed = calendar.Weekly.Any(w => OfDay(w, local, minute) || OfDay(w, local.AddDays(-1), minute + 1440))
            || calendar.Dates.Any(d => (d.Year ?? local.Year) == local.Year && d.Month == local.Month && d.Day == local.Day)
            || calendar.Ranges.Concat(calendar.Imported).Any(r => local >= r.From && local < r.To);
        return listed == (calendar.Mode == CalendarMode.Include);
    }
}

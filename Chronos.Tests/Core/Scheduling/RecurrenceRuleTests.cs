using System.Diagnostics;
using System.Text.Json;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Scheduling;

public sealed class RecurrenceRuleTests
{
    private static readonly DateTimeOffset From = Given.Time("2026-01-01T00:00:00Z");

    private static string Json(string rule) => JsonSerializer.Serialize(new { rrule = rule });

    [Theory]
    [InlineData("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-30T00:00:00Z 2026-02-27T00:00:00Z 2026-03-31T00:00:00Z")]
    [InlineData("DTSTART:20260103T090000\nRRULE:FREQ=DAILY;COUNT=3", "2026-01-03T09:00:00Z 2026-01-04T09:00:00Z 2026-01-05T09:00:00Z")]
    [InlineData("DTSTART:20260103T090000\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE:20260104T090000,20260105", "2026-01-03T09:00:00Z 2026-01-06T09:00:00Z")]
    [InlineData("DTSTART:20260103T090000\r\nRRULE:FREQ=DAI\r\n LY;COUNT=4\r\nEXDATE:20260104T090000,2026\r\n\t0105\r\n", "2026-01-03T09:00:00Z 2026-01-06T09:00:00Z")]
    [InlineData("DTSTART\n :20260103T090000\nRRULE:\n  FREQ=DAILY;\n\tCOUNT=3", "2026-01-03T09:00:00Z 2026-01-04T09:00:00Z 2026-01-05T09:00:00Z")]
    [InlineData("DTSTART:20260103T090000\n    RRULE:FREQ=DAILY;COUNT=3\n    EXDATE;VALUE=DATE:20260104", "2026-01-03T09:00:00Z 2026-01-05T09:00:00Z")]
    [InlineData("DTSTART:20260103T090000\n  FREQ=DAILY;COUNT=1", "2026-01-03T09:00:00Z")]
    [InlineData("DTSTART:20250101T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;UNTIL=20260126T090000Z", "2026-01-12T09:00:00Z 2026-01-26T09:00:00Z")]
    [InlineData("DTSTART:20200131T120000\nRRULE:FREQ=MONTHLY", "2026-01-31T12:00:00Z 2026-03-31T12:00:00Z 2026-05-31T12:00:00Z")]
    [InlineData("DTSTART:20000229T120000\nRRULE:FREQ=YEARLY", "2028-02-29T12:00:00Z 2032-02-29T12:00:00Z")]
    [InlineData("DTSTART:19970512T090000\nRRULE:FREQ=YEARLY;BYWEEKNO=20", "2026-05-11T09:00:00Z 2027-05-17T09:00:00Z")]
    [InlineData("DTSTART:20251231T233000\nRRULE:FREQ=MINUTELY;INTERVAL=45", "2026-01-01T00:15:00Z 2026-01-01T01:00:00Z")]
    [InlineData("DTSTART:20000101T000000\nRRULE:FREQ=HOURLY;INTERVAL=7", "2026-01-01T06:00:00Z 2026-01-01T13:00:00Z")]
    // Days with and without numbers are one list: each of them counts.
    [InlineData("DTSTART:20250226T131439\nRRULE:FREQ=YEARLY;INTERVAL=2;BYMONTH=5;BYDAY=SU,3TU,-2FR", "2027-05-02T13:14:39Z 2027-05-09T13:14:39Z 2027-05-16T13:14:39Z 2027-05-18T13:14:39Z 2027-05-21T13:14:39Z 2027-05-23T13:14:39Z 2027-05-30T13:14:39Z")]
    [InlineData("DTSTART:20260308T050516\nRRULE:FREQ=MONTHLY;INTERVAL=12;BYDAY=TU,3SA", "2026-03-10T05:05:16Z 2026-03-17T05:05:16Z 2026-03-21T05:05:16Z 2026-03-24T05:05:16Z 2026-03-31T05:05:16Z 2027-03-02T05:05:16Z")]
    [InlineData("FREQ=YEARLY;BYMONTHDAY=1,15", "2026-01-15T00:00:00Z 2026-02-01T00:00:00Z 2026-02-15T00:00:00Z 2026-03-01T00:00:00Z")]
    [InlineData("DTSTART:20251229T060000\nRRULE:FREQ=YEARLY;INTERVAL=2;BYWEEKNO=1", "2028-01-03T06:00:00Z")]
    [InlineData("FREQ=DAILY;BYHOUR=6;BYSECOND=60;INTERVAL=2", "2026-01-01T06:00:59Z 2026-01-03T06:00:59Z")]
    [InlineData("DTSTART:20260107T120000\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1", "2026-01-12T12:00:00Z 2026-01-19T12:00:00Z")]
    [InlineData("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-11-26T00:00:00Z 2027-11-25T00:00:00Z")]
    public void A_rule_gives_the_times_of_the_standard(string rule, string times)
    {
        var expected = times.Split(' ');
        Assert.Equal(expected, Given.Valid(Json(rule)).After(From).Take(expected.Length).Select(Rfc3339.Format));
    }

    [Theory]
    [InlineData("FREQ=DAILY;INTERVAL=999999999")]
    [InlineData("FREQ=YEARLY;INTERVAL=9999")]
    [InlineData("FREQ=MONTHLY;INTERVAL=2000000000")]
    public void An_interval_beyond_the_calendar_breaks_nothing(string rule)
    {
        var violations = new List<Chronos.Core.Kernel.Violation>();
        var schedule = Chronos.Core.Scheduling.Schedule.Compile(new Chronos.Core.Scheduling.ScheduleSpec { Rrule = rule }, "UTC", Chronos.Core.Kernel.TenantId.Default, "far", violations);
        Assert.True(schedule is null ? violations.Count > 0 : schedule.Next(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero)) is null or { Year: > 2026 });
    }

    [Fact]
    public void A_rule_with_a_count_ends()
    {
        var schedule = Given.Valid(Json("DTSTART:20251230T090000\nRRULE:FREQ=DAILY;COUNT=5"));
        Assert.Equal(3, schedule.After(From).Count());
        Assert.Equal(5, schedule.Count(From.AddYears(-1), From.AddYears(1)));
        Assert.Equal(Given.Time("2026-01-03T09:00:00Z"), schedule.Last(From, From.AddYears(1)));
    }

    [Fact]
    public void A_rule_follows_the_wall_clock_of_the_zone_and_its_gaps()
    {
        var schedule = Given.Valid(Json("DTSTART;TZID=Europe/Berlin:20260328T023000\nRRULE:FREQ=DAILY"), "Europe/Berlin");
        Assert.Equal(["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"], schedule.After(From).Take(3).Select(Rfc3339.Format));
        Assert.Equal(3, schedule.Count(From, Given.Time("2026-03-30T00:30:00Z")));
    }

    [Theory]
    [InlineData("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")]
    [InlineData("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4")]
    [InlineData("FREQ=MINUTELY;INTERVAL=2;BYMINUTE=1")]
    [InlineData("FREQ=MINUTELY;INTERVAL=7;BYDAY=MO;BYHOUR=3;BYMINUTE=1;BYSECOND=7;BYSETPOS=2")]
    [InlineData("FREQ=HOURLY;INTERVAL=24;BYHOUR=1,2,3;BYMONTH=2;BYMONTHDAY=29")]
    [InlineData("FREQ=SECONDLY;BYSETPOS=2;BYHOUR=4")]
    [InlineData("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30")]
    [InlineData("FREQ=DAILY;BYDAY=MO;BYSETPOS=2")]
    [InlineData("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2")]
    [InlineData("FREQ=YEARLY;INTERVAL=4;BYYEARDAY=366")]
    [InlineData("FREQ=WEEKLY;BYMONTHDAY=1")]
    [InlineData("FREQ=MONTHLY;BYYEARDAY=1")]
    [InlineData("FREQ=MONTHLY;BYWEEKNO=1")]
    [InlineData("FREQ=WEEKLY;BYDAY=2MO")]
    [InlineData("FREQ=YEARLY;BYWEEKNO=1;BYDAY=2MO")]
    [InlineData("FREQ=YEARLY;BYSETPOS=1")]
    [InlineData("FREQ=YEARLY;BYDAY=0MO")]
    [InlineData("FREQ=YEARLY;BYMONTHDAY=0")]
    [InlineData("FREQ=YEARLY;BYMONTHDAY=-32")]
    [InlineData("FREQ=YEARLY;BYWEEKNO=54")]
    [InlineData("FREQ=YEARLY;FREQ=DAILY")]
    [InlineData("FREQ=DAILY;WKST=XX")]
    [InlineData("FREQ=DAILY;UNTIL=20261231;COUNT=3")]
    [InlineData("FREQ=DAILY;BYHOUR=")]
    [InlineData("RSCALE=GREGORIAN;FREQ=DAILY")]
    [InlineData("FREQ=DAILY;COUNT=5")]
    [InlineData("DTSTART:00010101T000000\nRRULE:FREQ=YEARLY")]
    [InlineData("DTSTART:99991231T235959\nRRULE:FREQ=DAILY")]
    [InlineData("DTSTART:20260101T000000\nRRULE:FREQ=DAILY;COUNT=2000000000")]
    [InlineData("FREQ=DAILY;INTERVAL=0")]
    [InlineData("FREQ=DAILY;BYHOUR=25")]
    [InlineData("FREQ=DAILY;FOO=1")]
    [InlineData("RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY")]
    [InlineData("RRULE:FREQ=DAILY\nRDATE:20260101")]
    [InlineData("DTSTART:tomorrow\nRRULE:FREQ=DAILY")]
    [InlineData("DTSTART:20260101T000000")]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("DTSTART:20260101T000000\nRRULE:FREQ=DAILY;UNTIL=20250101")]
    public void A_rule_that_cannot_be_kept_is_refused_at_once(string rule)
    {
        Given.Try(Json("FREQ=DAILY"));
        var started = Stopwatch.GetTimestamp();
        Assert.Equal("schedule.rrule", Assert.Single(Given.Try(Json(rule)).Violations).Field);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public void A_rule_in_another_zone_than_the_job_is_refused()
    {
        var (schedule, violations) = Given.Try(Json("DTSTART;TZID=Europe/Paris:20260101T090000\nRRULE:FREQ=DAILY"), "Europe/Berlin");
        Assert.Null(schedule);
        Assert.Contains("Europe/Paris", Assert.Single(violations).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DTSTART:19700101T000000\nRRULE:FREQ=MINUTELY")]
    [InlineData("DTSTART:19700101T000000\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1")]
    [InlineData("DTSTART:19700101T000000\nRRULE:FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,100,-100")]
    [InlineData("DTSTART:19700101T000000\nRRULE:FREQ=HOURLY;INTERVAL=5;BYMONTHDAY=31")]
    [InlineData("DTSTART:19700101T000000\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=1,2,3")]
    [InlineData("DTSTART:20200101T000000\nRRULE:FREQ=DAILY;COUNT=10000")]
    public void A_rule_that_began_long_ago_answers_soon(string rule)
    {
        var schedule = Given.Valid(Json(rule));
        schedule.Next(From);
        var started = Stopwatch.GetTimestamp();
        Assert.NotNull(schedule.Next(From.AddDays(40)));
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMilliseconds(100), $"{Stopwatch.GetElapsedTime(started)}");
    }
}

using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Scheduling;

public sealed class ScheduleTests
{
    private static readonly DateTimeOffset NewYear = Given.Time("2026-01-01T00:00:00Z");

    [Fact]
    public void A_fixed_rate_stands_on_the_epoch_and_its_phase()
    {
        Assert.Equal(Given.Time("2026-01-01T00:01:30Z"), Given.Valid("@every 90s").Next(NewYear));
        Assert.Equal(Given.Time("2026-01-01T00:00:40Z"), Given.Valid("""{"every": "1m", "phase": "40s"}""").Next(NewYear));
        Assert.Equal(Given.Time("2026-01-01T00:00:07Z"), Given.Valid("""{"every": "1m", "starts_at": "2025-06-01T12:00:07Z"}""").Next(NewYear));
        Assert.Equal(Given.Time("2027-01-01T00:00:00Z"), Given.Valid("""{"every": "1m", "starts_at": "2027-01-01T00:00:00Z"}""").Next(NewYear));
    }

    [Fact]
    public void A_fixed_rate_is_counted_and_not_walked()
    {
        var schedule = Given.Valid("@every 1s");
        Assert.Equal(3_155_760_000, schedule.Count(NewYear, NewYear.AddSeconds(3_155_760_000)));
        Assert.Equal(NewYear.AddYears(70), schedule.Last(NewYear, NewYear.AddYears(70).AddMilliseconds(999)));
        Assert.Null(schedule.Last(NewYear, NewYear.AddMilliseconds(999)));
        Assert.Equal(1, schedule.Count(NewYear.AddTicks(-1), NewYear));
        Assert.Equal(Given.Time("1960-01-01T00:00:01Z"), schedule.Next(Given.Time("1960-01-01T00:00:00Z")));
    }

    [Fact]
    public void A_fixed_delay_counts_from_the_end_of_the_execution_before()
    {
        var schedule = Given.Valid("""{"every": "10m after_completion"}""");
        Assert.True(schedule.AfterCompletion);
        Assert.Equal(NewYear.AddSeconds(617), schedule.Next(NewYear.AddSeconds(17)));
        Assert.Equal(1, schedule.Count(NewYear, NewYear.AddDays(1)));
        Assert.Equal(0, schedule.Count(NewYear, NewYear.AddMinutes(9)));

        var later = Given.Valid("""{"every": "10m", "after_completion": true, "starts_at": "2026-02-01T00:00:00Z"}""");
        Assert.Equal(Given.Time("2026-02-01T00:00:00Z"), later.Next(NewYear));
    }

    [Fact]
    public void One_time_fires_once()
    {
        var schedule = Given.Valid("""{"at": "2026-12-24T19:00:00+01:00"}""");
        Assert.Equal(Given.Time("2026-12-24T18:00:00Z"), schedule.Next(NewYear));
        Assert.Null(schedule.Next(Given.Time("2026-12-24T18:00:00Z")));
        Assert.Equal(1, schedule.Count(NewYear, Given.Time("2026-12-24T18:00:00Z")));
        Assert.Equal(Given.Time("2026-12-24T18:00:00Z"), schedule.Last(NewYear, NewYear.AddYears(3)));
    }

    [Fact]
    public void A_window_takes_its_start_and_leaves_its_end()
    {
        var schedule = Given.Valid("""{"cron": "0 * * * *", "starts_at": "2026-01-01T06:00:00Z", "ends_at": "2026-01-01T09:00:00Z"}""");
        Assert.Equal(["06", "07", "08"], schedule.After(NewYear).Select(at => at.ToString("HH", null)));
        Assert.Equal(3, schedule.Count(NewYear, NewYear.AddYears(1)));
        Assert.Equal(Given.Time("2026-01-01T08:00:00Z"), schedule.Last(NewYear, NewYear.AddYears(1)));
        Assert.Null(schedule.Next(Given.Time("2026-01-01T08:00:00Z")));
        Assert.Null(schedule.Last(Given.Time("2026-01-01T08:00:00Z"), NewYear.AddYears(1)));
    }

    [Theory]
    [InlineData("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z")]
    [InlineData("14 3 * * *", "2038-01-19T03:14:07Z", "2038-01-20T03:14:00Z")]
    [InlineData("59 23 31 12 *", "2099-12-31T23:59:00Z", "2100-12-31T23:59:00Z")]
    [InlineData("59 59 23 31 12 *", "2099-06-01T00:00:00Z", "2099-12-31T23:59:59Z")]
    [InlineData("0 0 1 1 *", "2400-01-01T00:00:00Z", "2401-01-01T00:00:00Z")]
    public void Far_dates_are_ordinary_dates(string expression, string from, string next) =>
        Assert.Equal(Given.Time(next), Given.Valid(expression).Next(Given.Time(from)));

    [Fact]
    public void At_the_end_of_the_calendar_there_is_no_next_time_and_no_exception()
    {
        foreach (var text in new[] { "* * * * *", "@every 1s", "0 0 29 2 *", """{"rrule": "FREQ=DAILY"}""", """{"every": "1m after_completion"}""" })
        {
            foreach (var zone in new[] { "UTC", "Europe/Berlin", "Pacific/Kiritimati" })
            {
                Assert.Null(Given.Valid(text, zone).Next(DateTimeOffset.MaxValue));
                Assert.NotNull(Given.Valid(text, zone).Next(DateTimeOffset.MinValue));
            }
        }
    }

    [Fact]
    public void On_the_wall_clock_rule_a_time_fires_whenever_the_clock_shows_it()
    {
        var gap = Given.Valid("""{"cron": "30 2 * * *", "dst": "wall_clock"}""", "Europe/Berlin");
        Assert.Equal(Given.Time("2026-03-30T00:30:00Z"), gap.Next(Given.Time("2026-03-28T02:00:00Z")));

        var from = Given.Time("2026-10-24T23:00:00Z");
        Assert.Equal([Given.Time("2026-10-25T00:30:00Z"), Given.Time("2026-10-25T01:30:00Z")], Given.Between(gap, from, from.AddHours(12)));
        Assert.Equal(2, gap.Count(from, from.AddHours(12)));
    }

    [Fact]
    public void Jitter_does_not_lead_out_of_the_window()
    {
        var end = Given.Time("2026-01-01T00:00:10Z");
        var fires = Enumerable.Range(0, 200).Select(job => Given.Valid("""{"cron": "0 0 * * *", "jitter": "6h", "ends_at": "2026-01-01T00:00:10Z"}""", job: $"job-{job}").FireAt(NewYear)).ToList();
        Assert.All(fires, at => Assert.True(at < end));
        Assert.True(fires.Distinct().Count() > 150);
    }

    [Fact]
    public void Jitter_is_spread_over_jobs_and_zero_without_being_asked_for()
    {
        var nominal = Given.Time("2026-01-01T01:00:00Z");
        Assert.Equal(nominal, Given.Valid("0 * * * *").FireAt(nominal));

        var delays = Enumerable.Range(0, 2000)
            .Select(job => Given.Valid("""{"cron": "0 * * * *", "jitter": "60s"}""", job: $"job-{job}").FireAt(nominal) - nominal).ToList();
        Assert.InRange(delays.Average(delay => delay.TotalSeconds), 28, 32);
        Assert.InRange(delays.Max().TotalSeconds, 59, 59.999);
        Assert.True(delays.Distinct().Count() > 1900);
    }

    [Fact]
    public void A_compiled_schedule_is_right_in_a_zone_where_the_platform_is_wrong()
    {
        Assert.Equal(Given.Time("2026-03-29T01:00:00Z"), Given.Valid("0 * * * *", "Europe/Dublin").Next(Given.Time("2026-03-29T00:00:00Z")));
        Assert.True(Given.Valid("30 2 * * *", "Africa/Casablanca").Next(Given.Time("2026-03-22T01:30:00Z")) > Given.Time("2026-03-22T01:30:00Z"));
    }

    [Theory]
    [InlineData("Europe/Berln", "Europe/Berlin")]
    [InlineData("europe/berlin", "Europe/Berlin")]
    [InlineData("Mars/Olympus", null)]
    [InlineData("UTC+2", null)]
    [InlineData("X", null)]
    [InlineData("XX", null)]
    [InlineData("gb", "GB")]
    [InlineData("UTK", "UTC")]
    [InlineData("Europe/Veinna", "Europe/Vienna")]
    [InlineData("Americ/Lima", "America/Lima")]
    [InlineData("", null)]
    public void A_zone_that_does_not_exist_is_refused_and_one_that_is_near_for_its_length_is_named(string zone, string? near)
    {
        var violation = Assert.Single(Given.Try("* * * * *", zone).Violations);
        Assert.Equal("timezone", violation.Field);
        Assert.EndsWith(near is null ? "is not an IANA time zone" : $"is not an IANA time zone; {near} is", violation.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_calendar_that_does_not_exist_is_refused_and_not_ignored() =>
        Assert.Equal("schedule.calendars[0]", Assert.Single(Given.Try("""{"every": "5m", "calendars": ["holidays"]}""").Violations).Field);

    [Fact]
    public void The_zone_database_has_a_version() => Assert.Matches("^20[0-9]{2}[a-z]", Schedule.TzdbVersion);

    [Fact]
    public void A_specification_that_was_built_by_hand_is_checked_too()
    {
        var violations = new List<Violation>();
        Assert.Null(Schedule.Compile(new ScheduleSpec { Cron = "* * * * *", Every = TimeSpan.FromSeconds(1) }, "UTC", TenantId.Default, "job", violations));
        Assert.Equal("schedule", Assert.Single(violations).Field);
        Assert.NotNull(Schedule.Compile(new ScheduleSpec { Cron = "@every 5s" }, "UTC", TenantId.Default, "job", violations));
    }
}

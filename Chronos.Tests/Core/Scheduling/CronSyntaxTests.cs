using Chronos.Core.Scheduling;
using CsCheck;
using Xunit;

namespace Chronos.Tests.Core.Scheduling;

public sealed class CronSyntaxTests
{
    [Theory]
    [InlineData("0 0 * * 8", "day-of-week: 8 is not 0-7", 8)]
    [InlineData("60 * * * *", "minute: 60 is not 0-59", 0)]
    [InlineData("* 24 * * *", "hour: 24 is not 0-23", 2)]
    [InlineData("0 0 0 * *", "day-of-month: 0 is not 1-31", 4)]
    [InlineData("0 0 * 13 *", "month: 13 is not 1-12", 6)]
    [InlineData("61 0 0 * * *", "second: 61 is not 0-59", 0)]
    [InlineData("0 0 0 * * * 1969", "year: 1969 is not 1970-2299", 12)]
    [InlineData("0 0 * * JAN", "day-of-week: 'JAN' is not 0-7 or SUN-SAT", 8)]
    [InlineData("JAN 0 * * *", "minute: 'JAN' is not 0-59", 0)]
    [InlineData("*/0 * * * *", "minute: step 0 is not 1-59", 2)]
    [InlineData("1/99999999999 * * * *", "minute: step 99999999999 is not 1-59", 2)]
    [InlineData("*/x * * * *", "minute: step 'x' is not a number", 2)]
    [InlineData("-1 * * * *", "minute: '-1' is not 0-59", 0)]
    [InlineData("1,,2 * * * *", "minute: a value is missing", 2)]
    [InlineData("1, * * * *", "minute: a value is missing", 1)]
    [InlineData("1;2 * * * *", "minute: ';' is not expected here", 1)]
    [InlineData("? * * * *", "minute: ? stands only for day-of-month or day-of-week", 0)]
    [InlineData("0 0 L-31 * *", "day-of-month: L-31 is not L-1 to L-30", 4)]
    [InlineData("0 0 * * L", "day-of-week: L needs a day before it, as in 5L", 8)]
    [InlineData("0 0 * * 5#6", "day-of-week: 5#6 is not #1 to #5", 8)]
    [InlineData("0 0 * * FRIDAY", "day-of-week: 'FRIDAY' is not 0-7 or SUN-SAT", 8)]
    [InlineData("H(30-10) * * * *", "minute: H(30-10) runs backwards", 0)]
    [InlineData("H(1-70) * * * *", "minute: 70 is not 0-59", 4)]
    [InlineData("0 0 0 1 1 * 2030-2026", "year: 2030-2026 runs backwards", 12)]
    [InlineData("0 0 31 2 *", "day-of-month: 31 does not occur in FEB", 4)]
    [InlineData("0 0 30 2 *", "day-of-month: 30 does not occur in FEB", 4)]
    [InlineData("0 0 31 4,6,9 *", "day-of-month: 31 does not occur in APR, JUN, SEP", 4)]
    [InlineData("0 0 0 29 2 * 2026", "day-of-month: 29 does not occur in FEB of these years", 6)]
    [InlineData("0 0 31W 2 *", "day-of-month: 31W does not occur in FEB", 4)]
    [InlineData("0 0 30,31W,L-30 2 *", "day-of-month: 30, 31W and L-30 do not occur in FEB", 4)]
    [InlineData("0 0 30 2 1#2,?", "day-of-week: ? stands alone", 9)]
    [InlineData("H( * * * *", "minute: a value is missing", 1)]
    [InlineData("0 0 1- * *", "day-of-month: a value is missing", 5)]
    [InlineData("@every", "@every needs a duration, as in @every 90s", 0)]
    [InlineData("  @every  200y", "@every: '200y' is no duration; write @every 90s or @every 1h30m", 10)]
    [InlineData("@every -5s", "@every: '-5s' is no duration; write @every 90s or @every 1h30m", 7)]
    [InlineData("@every 5 m", "@every takes one duration, as in @every 90s", 7)]
    [InlineData("@every 1m after", "@every takes one duration, as in @every 90s", 7)]
    [InlineData("@every after_completion", "@every: 'after_completion' is no duration; write @every 90s or @every 1h30m", 7)]
    [InlineData("@every 9999999h", "@every is too long, the most is 876600h (100 years)", 7)]
    [InlineData("@every 9999999h after_completion", "@every is too long, the most is 876600h (100 years)", 7)]
    [InlineData("@every 99999999999999999999s", "@every is too long, the most is 876600h (100 years)", 7)]
    [InlineData("@every PT9999999H", "@every is too long, the most is 876600h (100 years)", 7)]
    [InlineData("@every 500ms", "@every is at least 1s", 7)]
    [InlineData("* * *", "5, 6 or 7 fields are expected, not 3", 4)]
    [InlineData("1 2 3 4 5 6 7 8", "5, 6 or 7 fields are expected, not 8", 14)]
    [InlineData("@reboot", "@reboot is not supported: the start of a node is not a time", 0)]
    [InlineData("@invalid", "@invalid is not one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, @every", 0)]
    [InlineData("CRON_TZ=UTC 0 0 * * *", "the zone belongs into the field timezone, not into the expression", 0)]
    [InlineData(" TZ=Europe/Berlin 0 2 * * *", "the zone belongs into the field timezone, not into the expression", 1)]
    public void A_wrong_expression_names_the_field_the_reason_and_the_place(string expression, string message, int position)
    {
        var error = CronSyntax.Check(expression, DayMatch.Any);

        Assert.NotNull(error);
        Assert.Equal(message, error.ToString());
        Assert.Equal(position, error.Position);
        Assert.InRange(error.Position + error.Length, 1, Math.Max(1, expression.Length));
    }

    [Theory]
    [InlineData("0 0 * * fri-sun", "0 0 * * 5,6,0")]
    [InlineData("0 0 * * 5-7", "0 0 * * 0,5,6")]
    [InlineData("0 0 * * 7", "0 0 * * 0")]
    [InlineData("0 0 * * 7-2", "0 0 * * 0-2")]
    [InlineData("0 22-4/2 * * *", "0 22,0,2,4 * * *")]
    [InlineData("5/15 * * * *", "5,20,35,50 0-23 * * *")]
    [InlineData("0 0 28-3 * *", "0 0 28,29,30,31,1,2,3 * *")]
    [InlineData("0 0 1 nov-feb *", "0 0 1 11,12,1,2 *")]
    [InlineData("1-10/2,30 * * * *", "1,3,5,7,9,30 */1 * * *")]
    [InlineData("0 0 0 ? * 1", "0 0 * * 1")]
    [InlineData("@Midnight", "0 0 * * *")]
    [InlineData("@annually", "0 0 1 1 *")]
    [InlineData("0 0 0 1 1 ? *", "0 0 1 1 *")]
    [InlineData("0 0 0 1 1 ? */2", "0 0 0 1 1 ? 1970/2")]
    [InlineData("0 0 0 1 1 ? */10", "0 0 0 1 1 ? 1970-2299/10")]
    [InlineData("0 0 0 1 1 ? */1", "0 0 1 1 *")]
    [InlineData("0 0 0 1 1 ? 2030,*", "0 0 1 1 *")]
    [InlineData("0 0 0 1 1 ? */100,2031-2033", "0 0 0 1 1 ? 2031,2032,2033,2070,2170,2270")]
    [InlineData("0 0 1,15W,L * */7", "0 0 1,L * */7")]
    [InlineData("0 0 31 2 MON", "0 0 * 2 MON")]
    [InlineData("0 0 L,1 * FRI#2,1L", "0 0 1,L * 5#2,MONL")]
    public void Two_ways_to_write_a_schedule_fire_alike(string one, string other)
    {
        var from = Given.Time("2026-01-01T00:00:00Z");
        Assert.Equal(Given.Valid(one).After(from).Take(200), Given.Valid(other).After(from).Take(200));
    }

    [Fact]
    public void A_year_field_limits_the_years()
    {
        var schedule = Given.Valid("0 0 12 29 2 * 2027-2040/1,2099");
        Assert.Equal(
            ["2028-02-29T12:00:00Z", "2032-02-29T12:00:00Z", "2036-02-29T12:00:00Z", "2040-02-29T12:00:00Z"],
            schedule.After(Given.Time("2026-01-01T00:00:00Z")).Select(Chronos.Core.Kernel.Rfc3339.Format));
        Assert.Equal(4, schedule.Count(Given.Time("2026-01-01T00:00:00Z"), Given.Time("2300-01-01T00:00:00Z")));
    }

    [Fact]
    public void A_step_over_all_years_limits_them()
    {
        Assert.Equal(Given.Time("2027-01-01T00:00:00Z"), Given.Valid("* * * * * ? */3").Next(Given.Time("2026-05-05T00:00:00Z")));
        Assert.Equal("day-of-month: 29 does not occur in FEB of these years", CronSyntax.Check("0 0 0 29 2 ? */100", DayMatch.Any)?.ToString());
        Assert.Contains("no date satisfies", Given.Try("""{"cron": "0 0 0 29 2 6 */100", "day_match": "all"}""").Violations.Single().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_days_are_or_and_with_day_match_all_they_are_and()
    {
        var from = Given.Time("2026-01-01T12:00:00Z");
        Assert.Equal(Given.Time("2026-01-02T00:00:00Z"), Given.Valid("0 0 13 * 5").Next(from));
        Assert.Equal(Given.Time("2026-02-13T00:00:00Z"), Given.Valid("""{"cron": "0 0 13 * 5", "day_match": "all"}""").Next(from));
        Assert.NotNull(Given.Try("""{"cron": "0 0 1 * 5#2", "day_match": "all"}""").Violations.Single());
    }

    [Fact]
    public void A_day_field_that_begins_with_a_star_restricts_nothing_as_in_crontab() =>
        Assert.Equal(
            ["2026-01-05T00:00:00Z", "2026-01-19T00:00:00Z"],
            Given.Valid("0 0 */2 * MON").After(Given.Time("2026-01-01T00:00:00Z")).Take(2).Select(Chronos.Core.Kernel.Rfc3339.Format));

    [Fact]
    public void A_hash_spreads_jobs_evenly_and_never_moves()
    {
        var from = Given.Time("2026-01-01T00:00:00Z");
        int Minute(string expression, int job) => Given.Valid(expression, job: $"job-{job}").Next(from)!.Value.Minute;

        var slots = Enumerable.Range(0, 10_000).CountBy(job => Minute("H * * * *", job)).ToDictionary();
        Assert.Equal(60, slots.Count);
        Assert.True(slots.Values.Max() < 250, $"the fullest minute holds {slots.Values.Max()}");
        Assert.Equal(Minute("H * * * *", 7), Minute("H * * * *", 7));
        Assert.All(Enumerable.Range(0, 500), job => Assert.InRange(Minute("H(10-19) * * * *", job), 10, 19));
        Assert.All(Enumerable.Range(0, 100), job => Assert.Equal(24, Given.Valid("H/5 * * * *", job: $"{job}").Count(from, from.AddHours(2))));
        Assert.All(Enumerable.Range(0, 500), job => Assert.Equal(12, Given.Valid("H H H * *", job: $"{job}").Count(from.AddTicks(-1), from.AddYears(1).AddTicks(-1))));
    }

    /// <summary>Which job an expression is for must not decide whether it is one.</summary>
    [Fact]
    public void A_hash_draws_no_month_without_the_day_and_no_day_that_the_month_lacks()
    {
        var from = Given.Time("2026-01-01T00:00:00Z");
        List<DateTimeOffset> Firsts(string expression) => [.. Enumerable.Range(0, 300).Select(job => Given.Valid(expression, job: $"job-{job}").Next(from)!.Value)];

        Assert.Equal([1, 3, 5], Firsts("0 0 31 H(1-6) *").Select(at => at.Month).Distinct().Order());
        Assert.Equal([29], Firsts("0 0 H(29-31) 2 *").Select(at => at.Day).Distinct());
        Assert.All(Firsts("0 0 H(30-31) H(1-2) *"), at => Assert.Equal(1, at.Month));
        Assert.Equal([5, 7, 8], Firsts("0 0 31W H(4-12)/5 *").Select(at => at.Month).Distinct().Order());
        Assert.Equal("day-of-month", Assert.Single(Given.Try("0 0 H(30-31) 2 *").Violations).Message.Split(':')[0]);
    }

    [Fact]
    public void Damaged_expressions_are_refused_or_fire_but_never_throw()
    {
        var bytes = Gen.Select(Expressions.Any, Gen.Int[0, 30], Gen.Char["0123456789*/-,LWH#?()@ SUNJAN;\\é\0"], Gen.Int[0, 2]);
        bytes.Sample((expression, place, c, how) =>
        {
            var at = place % expression.Length;
            var damaged = how switch
            {
                0 => expression.Insert(at, c.ToString()),
                1 => expression.Remove(at, 1),
                _ => expression.Remove(at, 1).Insert(at, c.ToString()),
            };
            var error = CronSyntax.Check(damaged, DayMatch.Any);
            if (error is not null)
            {
                Assert.NotEmpty(error.Message);
                Assert.InRange(error.Position, 0, damaged.Length);
            }
            else
            {
                Assert.NotNull(Given.Valid(damaged).Next(Given.Time("1969-12-31T00:00:00Z")));
            }
        }, iter: 20_000);
    }
}

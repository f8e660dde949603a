using Chronos.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Scheduling;

public sealed class PreviewTests
{
    [Fact]
    public void A_gap_is_told()
    {
        var rows = SchedulePreview.Rows(Given.Valid("30 2 * * *", "Europe/Berlin"), Given.Time("2026-03-28T12:00:00Z"), null, 2);
        Assert.Equal(["gap: 02:30 does not exist, fires 03:00"], rows[0].Notes);
        Assert.Equal(Given.Time("2026-03-29T01:00:00Z"), rows[0].At);
        Assert.Equal("2026-03-29T03:00:00+02:00", rows[0].Local.ToString("yyyy-MM-dd'T'HH:mm:ssK", null));
        Assert.Empty(rows[1].Notes);

        var many = SchedulePreview.Rows(Given.Valid("*/15 2 * * *", "Europe/Berlin"), Given.Time("2026-03-29T00:00:00Z"), null, 1);
        Assert.Equal(["gap: 02:00 and 3 more do not exist, fires 03:00"], many[0].Notes);
    }

    /// <summary>A clock time alone would say that 00:00 fires at 00:00.</summary>
    [Theory]
    [InlineData("Pacific/Kiritimati", "0 0 31 12 *", "1994-12-31T00:00:00Z", "gap: 1994-12-31 00:00 does not exist, fires 1995-01-01 00:00")]
    [InlineData("Pacific/Apia", "0 */6 * * *", "2011-12-30T10:00:00Z", "gap: 2011-12-30 00:00 and 3 more do not exist, fires 2011-12-31 00:00")]
    [InlineData("America/Nuuk", "30 23 * * *", "2026-03-29T00:00:00Z", "gap: 2026-03-28 23:30 does not exist, fires 2026-03-29 00:00")]
    public void A_gap_that_ends_on_another_day_is_told_with_the_days(string zone, string cron, string from, string note)
    {
        Assert.Equal([note], SchedulePreview.Rows(Given.Valid(cron, zone), Given.Time(from), null, 1)[0].Notes);
        if (cron.StartsWith("30 23", StringComparison.Ordinal))
            Assert.Equal("2026-03-28 23:30 does not exist: fires 2026-03-29 00:00", ScheduleLint.Warnings(Given.Valid(cron, zone), Given.Time("2026-01-01T00:00:00Z"), TimeSpan.FromMinutes(1)).Single(w => w.Code == "gap").Message);
    }

    [Theory]
    [InlineData("UTC")]
    [InlineData("America/New_York")]
    [InlineData("Pacific/Kiritimati")]
    public void The_ends_of_time_are_no_fault(string zone)
    {
        var schedule = Given.Valid("0 * * * *", zone);
        Assert.Equal(3, SchedulePreview.Rows(schedule, DateTimeOffset.MinValue, null, 3).Length);
        Assert.Empty(SchedulePreview.Rows(schedule, DateTimeOffset.MaxValue, null, 3));
    }

    [Fact]
    public void A_repeated_hour_is_told()
    {
        var (from, to) = (Given.Time("2026-10-25T00:00:00Z"), Given.Time("2026-10-25T03:00:00Z"));
        var rows = SchedulePreview.Rows(Given.Valid("*/30 * * * *", "Europe/Berlin"), from, to, 100);
        Assert.Equal(["first", "first", "second", "second", "", ""], rows.Select(row => row.Notes.Select(note => note.Split(' ')[2]).SingleOrDefault("")));
        Assert.Equal(["repeated hour, first pass"], SchedulePreview.Rows(Given.Valid("30 2 * * *", "Europe/Berlin"), from, to, 9).Single().Notes);
    }

    [Fact]
    public void The_window_takes_its_start_leaves_its_end_and_is_limited()
    {
        var (from, to) = (Given.Time("2026-01-01T00:00:00Z"), Given.Time("2026-01-01T03:00:00Z"));
        var schedule = Given.Valid("0 * * * *");
        Assert.Equal([0, 1, 2], SchedulePreview.Rows(schedule, from, to, 100).Select(row => row.At.Hour));
        Assert.Equal(2, SchedulePreview.Rows(schedule, from, to, 2).Length);
        Assert.Equal(100_000, SchedulePreview.Rows(schedule, from).Take(100_000).Count());
    }

    [Fact]
    public void Jitter_is_told_as_it_will_be()
    {
        var schedule = Given.Valid("""{"cron": "0 * * * *", "jitter": "30s"}""");
        var row = SchedulePreview.Rows(schedule, Given.Time("2026-01-01T00:00:00Z"), null, 1)[0];
        var seconds = (schedule.FireAt(row.At) - row.At).TotalSeconds;
        Assert.Equal([FormattableString.Invariant($"jitter +{seconds:0.###} s")], row.Notes);
    }

    [Theory]
    [InlineData("30 2 * * MON-FRI", "At 02:30 on Monday to Friday, UTC time.")]
    [InlineData("*/15 * * * *", "Every 15 minutes, UTC time.")]
    [InlineData("@daily", "At 00:00 every day, UTC time.")]
    [InlineData("30 8,20 * JAN *", "At 08:30 and 20:30 every day in January, UTC time.")]
    [InlineData("* * * * *", "Every minute, UTC time.")]
    [InlineData("* * * * * *", "Every second, UTC time.")]
    [InlineData("*/10 * * * * *", "Every 10 seconds, UTC time.")]
    [InlineData("5 * * * *", "At minute 5 of every hour, UTC time.")]
    [InlineData("*/20 9-17 * * *", "Every 20 minutes of hours 9 to 17, UTC time.")]
    [InlineData("0 0 13 * FRI", "At 00:00 on day 13 of the month, or on Friday, UTC time.")]
    [InlineData("1 2 3 4 5", "At 02:01 in April, on day 3 of the month, or on Friday, UTC time.")]
    [InlineData("0 1 2 3 APR-JUN FRI 2030", "At 02:01 in April to June of 2030, on day 3 of the month, or on Friday, UTC time.")]
    [InlineData("0 1 2 3 * FRI 2030", "At 02:01 in 2030, on day 3 of the month, or on Friday, UTC time.")]
    [InlineData("0 0 * * 0-7", "At 00:00 every day, UTC time.")]
    [InlineData("0 0 1,15 * MON,WED", "At 00:00 on days 1 and 15 of the month, or on Monday and Wednesday, UTC time.")]
    [InlineData("0 0 */2 * MON,FRI#2", "At 00:00 on days 1 to 31 in steps of 2 of the month, and only if that is Monday or the second Friday of the month, UTC time.")]
    [InlineData("0 6,18 L,15W JAN,JUL *", "At 06:00 and 18:00 on the last day of the month and the weekday nearest to day 15 of the month in January and July, UTC time.")]
    [InlineData("0 0 0 1 1 * 2027", "At 00:00 on day 1 of the month in January of 2027, UTC time.")]
    [InlineData("0 0 0 1 1 ? 2026/2", "At 00:00 on day 1 of the month in January, every 2 years from 2026 to 2298, UTC time.")]
    [InlineData("0 0 0 1 1 ? 2027-2040", "At 00:00 on day 1 of the month in January, each year from 2027 to 2040, UTC time.")]
    [InlineData("0 0 0 1 1 ? 2027-2029,2035", "At 00:00 on day 1 of the month in January of 2027 to 2029 and 2035, UTC time.")]
    [InlineData("0 0 0 1 1 ? */7,*/11", "At 00:00 on day 1 of the month in January of 1970, 1977, 1981, 1984, 1991, 1992, 1998, 2003 and others, 73 years up to 2299, UTC time.")]
    [InlineData("*/7 8-9 * * *", "At minutes 0 to 56 in steps of 7 of hours 8 and 9, UTC time.")]
    [InlineData("0 */2 * * *", "At minute 0 of hours 0 to 22 in steps of 2, UTC time.")]
    [InlineData("H(7-7) 5 * * THU", "At 05:07 on Thursday, UTC time, where H was chosen by the name of the job.")]
    [InlineData("0 8 * * 5#2", "At 08:00 on the second Friday of the month, UTC time.")]
    [InlineData("""{"rrule": "DTSTART:20260105T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR"}""", "Every 2 weeks on Monday and Friday at 09:00, counted from 2026-01-05 09:00, UTC time.")]
    [InlineData("""{"rrule": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=17"}""", "Every month on Monday to Friday at 17:00, only the last of these in each month, UTC time.")]
    [InlineData("""{"rrule": "FREQ=YEARLY;BYMONTHDAY=1,15"}""", "Every year on the 1st and 15th day of the month at 00:00, UTC time.")]
    [InlineData("""{"rrule": "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"}""", "Every year on the 4th Thursday of the month in November at 00:00, UTC time.")]
    [InlineData("""{"rrule": "FREQ=YEARLY;BYDAY=-1SU,20MO"}""", "Every year on the last Sunday of the year and the 20th Monday of the year at 00:00, UTC time.")]
    [InlineData("""{"rrule": "DTSTART:20260101T000000\nRRULE:FREQ=YEARLY;BYWEEKNO=20,-1;COUNT=7\nEXDATE:20260514"}""", "Every year in the 20th and last week of the year on Thursday at 00:00, counted from 2026-01-01 00:00, 7 times, with one exception, UTC time.")]
    [InlineData("""{"rrule": "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR;UNTIL=20301231T235959Z"}""", "Every month on the 13th day of the month, and only if that is Friday, at 00:00, until 2030-12-31 23:59:59 UTC, UTC time.")]
    [InlineData("""{"rrule": "DTSTART:20260101T000000\nRRULE:FREQ=MINUTELY;INTERVAL=45;BYHOUR=9,10,11"}""", "Every 45 minutes of hours 9 to 11, counted from 2026-01-01 00:00, UTC time.")]
    [InlineData("""{"rrule": "DTSTART:20260101T001500\nRRULE:FREQ=HOURLY"}""", "Every hour at minute 15, from 2026-01-01 00:15 on, UTC time.")]
    [InlineData("""{"rrule": "DTSTART:20300101T090000\nRRULE:FREQ=DAILY"}""", "Every day at 09:00, from 2030-01-01 09:00 on, UTC time.")]
    [InlineData("""{"rrule": "FREQ=YEARLY;BYYEARDAY=1,-1"}""", "Every year on the 1st and last day of the year at 00:00, UTC time.")]
    [InlineData("@every 90s", "Every 1m30s.")]
    [InlineData("""{"every": "5m after_completion"}""", "5m after the end of the previous execution.")]
    [InlineData("""{"at": "2026-12-24T18:00:00Z"}""", "Once, at 2026-12-24T18:00:00Z.")]
    [InlineData("""{"cron": "0 0 13 * 5", "day_match": "all", "jitter": "30s"}""", "At 00:00 on day 13 of the month, and only if that is Friday, UTC time, spread by up to 30s.")]
    [InlineData("""{"cron": "0 0 L,13 * MON-WED,FRI", "day_match": "all"}""", "At 00:00 on day 13 of the month and the last day of the month, and only if that is Monday to Wednesday or Friday, UTC time.")]
    [InlineData("""{"rrule": "FREQ=YEARLY;BYMONTHDAY=9,10;BYYEARDAY=100,-1;BYDAY=MO,TU,FR"}""", "Every year on the 100th and last day of the year, and only if that is the 9th or 10th day of the month, and only if that is Monday, Tuesday or Friday, at 00:00, UTC time.")]
    public void A_schedule_is_explained_in_one_sentence(string schedule, string sentence) =>
        Assert.Equal(sentence, ScheduleExplain.Sentence(Given.Valid(schedule)));

    [Theory]
    [InlineData("*/7 * * * *", "uneven")]
    [InlineData("0/7 * * * *", "uneven")]
    [InlineData("3/7 * * * *", "uneven")]
    [InlineData("H/7 * * * *", "uneven")]
    [InlineData("0-59/7 * * * *", "uneven")]
    [InlineData("40/30 * * * *", "uneven")]
    [InlineData("*/7,0 * * * *", "uneven")]
    [InlineData("30,H/15,3/7 * * * *", "uneven")]
    [InlineData("0 0/5 * * *", "uneven")]
    [InlineData("0 12 1 JAN/5 *", "uneven")]
    [InlineData("0 12 3/9 * *", "uneven")]
    [InlineData("0 12 * * */2", "uneven")]
    [InlineData("*/7 * 0 1 1 *", "uneven")]
    [InlineData("*/7 8-9 * * *", "uneven")]
    [InlineData("*/7 0,23 * * *", "uneven")]
    [InlineData("""{"every": "5m", "jitter": "4m"}""", "too_often")]
    [InlineData("0 12 29 2 *", "short_months")]
    [InlineData("0 12 30 1,2 *", "short_months")]
    [InlineData("30 2 29 3 *", "gap")]
    [InlineData("""{"rrule": "DTSTART:20260131T120000\nRRULE:FREQ=MONTHLY"}""", "short_months")]
    [InlineData("""{"cron": "30 2 * * *", "starts_at": "2031-01-01T00:00:00Z"}""", "gap")]
    [InlineData("* * * * *", "too_often")]
    [InlineData("30 2 * * *", "gap")]
    [InlineData("30 2 * * *", "overlap")]
    [InlineData("0 0 */2 * MON", "both_days")]
    [InlineData("0 0 31 * *", "short_months")]
    [InlineData("0 0 0 1 1 * 2020", "never")]
    [InlineData("""{"cron": "*/10 * * * *", "jitter": "1h"}""", "jitter_cut")]
    [InlineData("""{"rrule": "FREQ=WEEKLY"}""", "no_anchor")]
    public void What_surprises_is_warned_of(string schedule, string code) =>
        Assert.Contains(code, Codes(schedule));

    [Theory]
    [InlineData("0 12 * * *")]
    [InlineData("*/15 * * * *")]
    [InlineData("0 12 L * *")]
    [InlineData("5/15 12 * * *")]
    [InlineData("10/20 * * * *")]
    [InlineData("H/15 12 * * *")]
    [InlineData("0 2/6 * * *")]
    [InlineData("*/15,7 12 * * *")]
    [InlineData("0 12 31 1,3,5 *")]
    [InlineData("0 12 29 3 *")]
    [InlineData("*/7 3 * * *")]
    [InlineData("""{"every": "5m", "phase": "1m"}""")]
    [InlineData("0 12 15,31 * *")]
    [InlineData("""{"cron": "30 2 * * *", "ends_at": "2026-02-01T00:00:00Z"}""")]
    [InlineData("""{"rrule": "DTSTART:20260131T120000\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1"}""")]
    public void What_is_plain_is_not_warned_of(string schedule) => Assert.Empty(Codes(schedule));

    private static IEnumerable<string> Codes(string schedule) =>
        ScheduleLint.Warnings(Given.Valid(schedule, "Europe/Berlin"), Given.Time("2026-01-01T00:00:00Z"), TimeSpan.FromMinutes(5)).Select(warning => warning.Code);
}

using System.Text.Json;
using Chronos.Core.Calendars;
using Chronos.Tests.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Calendars;

public sealed class CalendarDocumentTests
{
    [Theory]
    [InlineData("""{"timezone":"UTC"}""", "name")]
    [InlineData("""{"name":"No Good"}""", "name")]
    [InlineData("""{"name":"a","timezone":"Europe/Berln"}""", "timezone")]
    [InlineData("""{"name":"a","mode":"only"}""", "mode")]
    [InlineData("""{"name":"a","on_excluded":"later"}""", "on_excluded")]
    [InlineData("""{"name":"a","colour":1}""", "colour")]
    [InlineData("""{"name":"a","weekly":[{"days":["monday"]}]}""", "weekly[0].days[0]")]
    [InlineData("""{"name":"a","weekly":[{"from":"9"}]}""", "weekly[0].from")]
    [InlineData("""{"name":"a","weekly":[{"from":"24:00"}]}""", "weekly[0].from")]
    [InlineData("""{"name":"a","weekly":[{"until":"10:00"}]}""", "weekly[0].until")]
    [InlineData("""{"name":"a","weekly":[{"days":["sat"]},{"from":"22:00","to":"06:00"}]}""", "weekly[1].days")]
    [InlineData("""{"name":"a","weekly":[{"days":[]}]}""", "weekly[0].days")]
    [InlineData("""{"name":"a","mode":"include"}""", "mode")]
    [InlineData("""{"name":"a","mode":"include","weekly":[],"dates":[]}""", "mode")]
    [InlineData("""{"name":"a","dates":["2026-02-30"]}""", "dates[0]")]
    [InlineData("""{"name":"a","dates":["12-25",7]}""", "dates[1]")]
    [InlineData("""{"name":"a","ranges":[{"from":"2026-12-24"}]}""", "ranges[0].to")]
    [InlineData("""{"name":"a","ranges":[{"from":"2026-12-24","to":"2026-12-23"}]}""", "ranges[0].to")]
    [InlineData("""{"name":"a","ranges":[{"from":"2026-12-24T12:00:00Z","to":"2026-12-25"}]}""", "ranges[0].from")]
    [InlineData("""{"name":"a","ranges":{}}""", "ranges")]
    public void A_wrong_field_is_refused_by_its_path(string json, string field)
    {
        var (calendar, violations) = Calendars.Try(json);
        Assert.Null(calendar);
        Assert.Equal([field], violations.Select(v => v.Field));
    }

    [Fact]
    public void What_was_stored_before_days_and_times_had_to_be_given_still_loads()
    {
        var weekly = CalendarDocument.ReadStored(Json("""{"name":"a","weekly":[{"from":"22:00","to":"06:00"},{"days":[]}]}""")).Weekly;
        Assert.Equal([0x7F, 0], weekly.Select(w => w.Days));
        Assert.Equal(CalendarMode.Include, CalendarDocument.ReadStored(Json("""{"name":"a","mode":"include"}""")).Mode);
    }

    [Fact]
    public void What_is_written_is_read_again_and_written_the_same()
    {
        var calendar = Calendars.Valid("""
            {"name":"a","description":"d","timezone":"Europe/Berlin","mode":"include","on_excluded":"previous_open",
             "weekly":[{"days":["fri-mon"],"from":"22:00","to":"06:00"},{"days":["sun-sat"]}],"dates":["2026-12-24","02-29"],
             "ranges":[{"from":"2026-12-24","to":"2026-12-31","note":"x"},{"from":"2026-12-24T12:00","to":"2027-01-02 08:30"}]}
            """);
        Assert.Equal(calendar, Calendars.Valid(CalendarDocument.ToJson(calendar)));
        Assert.Equal(new DateTime(2027, 1, 1), calendar.Ranges[0].To);
        Assert.Equal("""{"from":"2026-12-24","to":"2026-12-31","note":"x"}""", CalendarDocument.ToElement(calendar).GetProperty("ranges")[0].GetRawText());
    }

    [Fact]
    public void A_calendar_larger_than_a_message_may_be_is_refused()
    {
        var (calendar, violations) = Calendars.Try(JsonSerializer.Serialize(new
        {
            name = "large",
            ranges = Enumerable.Range(0, 1000).Select(i => new { from = "2026-01-01", to = "2026-01-02", note = $"{i} of the very long list of days off" }),
        }));
        Assert.Null(calendar);
        Assert.Contains("split it", Assert.Single(violations).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_icalendar_file_becomes_local_stretches()
    {
        const string ics = """
            BEGIN:VCALENDAR
            VERSION:2.0
            PRODID:-//test//EN
            BEGIN:VEVENT
            UID:1
            SUMMARY:Christmas
            DTSTART;VALUE=DATE:20201225
            DTEND;VALUE=DATE:20201227
            RRULE:FREQ=YEARLY
            END:VEVENT
            BEGIN:VEVENT
            UID:2
            SUMMARY:Maintenance
            DTSTART:20261201T220030Z
            DTEND:20261202T020000Z
            END:VEVENT
            BEGIN:VEVENT
            UID:3
            SUMMARY:New York
            DTSTART;TZID=America/New_York:20261203T180000
            DURATION:PT1H
            END:VEVENT
            BEGIN:VEVENT
            UID:4
            SUMMARY:Called off
            STATUS:CANCELLED
            DTSTART;VALUE=DATE:20261204
            END:VEVENT
            BEGIN:VEVENT
            UID:5
            SUMMARY:One day
            DTSTART;VALUE=DATE:20261205
            END:VEVENT
            END:VCALENDAR
            """;
        var import = CalendarImport.Read(ics, "Europe/Berlin", Given.Time("2026-11-24T00:00:00Z"), "body", [])!;
        Assert.Equal((4, 1), (import.Events, import.LeftOut));
        Assert.Equal(Given.Time("2036-11-24T00:00:00Z"), import.Until);
        Assert.Contains(new CalendarRange(new DateTime(2026, 12, 25), new DateTime(2026, 12, 27), "Christmas"), import.Ranges);
        Assert.Equal(11, import.Ranges.Count(r => r.Note == "Christmas"));
        Assert.Contains(new CalendarRange(new DateTime(2026, 12, 1, 23, 0, 0), new DateTime(2026, 12, 2, 3, 0, 0), "Maintenance"), import.Ranges);
        Assert.Contains(new CalendarRange(new DateTime(2026, 12, 4), new DateTime(2026, 12, 4, 1, 0, 0), "New York"), import.Ranges);
        Assert.Contains(new CalendarRange(new DateTime(2026, 12, 5), new DateTime(2026, 12, 6), "One day"), import.Ranges);
    }

    /// <summary>The rule of an event is read as a job's is, its exceptions are left out, and one that was moved stands only where it went.</summary>
    [Fact]
    public void A_recurring_event_has_the_dates_of_the_standard()
    {
        const string ics = """
            BEGIN:VCALENDAR
            VERSION:2.0
            PRODID:-//test//EN
            BEGIN:VEVENT
            UID:1
            SUMMARY:Paydays
            DTSTART;VALUE=DATE:20260101
            RRULE:FREQ=YEARLY;BYMONTHDAY=1,15;UNTIL=20260401
            EXDATE;VALUE=DATE:20260115
            END:VEVENT
            BEGIN:VEVENT
            UID:2
            SUMMARY:Weekly
            DTSTART;TZID=America/New_York:20261102T090000
            DTEND;TZID=America/New_York:20261102T100000
            RRULE:FREQ=WEEKLY;UNTIL=20261116T140000Z
            END:VEVENT
            BEGIN:VEVENT
            UID:2
            RECURRENCE-ID;TZID=America/New_York:20261109T090000
            SUMMARY:Weekly
            DTSTART;TZID=America/New_York:20261110T120000
            DTEND;TZID=America/New_York:20261110T130000
            END:VEVENT
            END:VCALENDAR
            """;
        var import = CalendarImport.Read(ics, "Europe/Berlin", Given.Time("2026-11-24T00:00:00Z"), "body", [])!;
        Assert.Equal(["01-01", "02-01", "02-15", "03-01", "03-15", "04-01"], import.Ranges.Where(r => r.Note == "Paydays").Select(r => r.From.ToString("MM-dd", null)));
        Assert.Equal(["11-02 15:00", "11-10 18:00", "11-16 15:00"], import.Ranges.Where(r => r.Note == "Weekly").Select(r => r.From.ToString("MM-dd HH:mm", null)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:nonsense\nRRULE:FREQ=SOMETIMES\nEND:VEVENT\nEND:VCALENDAR")]
    [InlineData("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20260101T000000Z\nDTEND:20260101T000001Z\nRRULE:FREQ=SECONDLY\nEND:VEVENT\nEND:VCALENDAR")]
    public void A_file_that_is_none_or_too_much_is_refused(string ics)
    {
        var violations = new List<Chronos.Core.Kernel.Violation>();
        Assert.Null(CalendarImport.Read(ics, "UTC", Given.Time("2026-11-24T00:00:00Z"), "body", violations));
        Assert.Equal("body", Assert.Single(violations).Field);
    }

    [Fact]
    public void An_event_that_is_marked_as_free_closes_nothing()
    {
        var import = CalendarImport.Read(Event("DTSTART:20261201T100000Z\nDTEND:20261201T110000Z\nTRANSP:TRANSPARENT"), "UTC", Given.Time("2026-11-24T00:00:00Z"), "body", [])!;
        Assert.Equal((0, 1), (import.Ranges.Length, import.LeftOut));
        import = CalendarImport.Read(Event("DTSTART:20261201T100000Z\nDTEND:20261201T110000Z\nTRANSP:OPAQUE"), "UTC", Given.Time("2026-11-24T00:00:00Z"), "body", [])!;
        Assert.Equal((1, 0), (import.Ranges.Length, import.LeftOut));
    }

    [Theory]
    [InlineData("DTSTART;TZID=Our Own Zone:20261201T100000\nDTEND;TZID=Our Own Zone:20261201T110000", "is in the zone 'Our Own Zone', which the tz database does not have")]
    [InlineData("DTSTART:20261201T100000Z\nDTEND:20261201T090000Z", "ends before it begins")]
    [InlineData("DTSTART:20260101T000000Z\nDTEND:20260101T010000Z\nRRULE:FREQ=DAILY", "is one too many: more than 2000 stretches in all")]
    public void A_file_that_is_refused_is_told_why(string lines, string reason)
    {
        var violations = new List<Chronos.Core.Kernel.Violation>();
        const string Zone = "BEGIN:VTIMEZONE\nTZID:Our Own Zone\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0130\nTZOFFSETTO:+0130\nEND:STANDARD\nEND:VTIMEZONE\n";
        Assert.Null(CalendarImport.Read(Event(lines, Zone), "UTC", Given.Time("2026-11-24T00:00:00Z"), "body", violations));
        Assert.Contains($"the event 'Some' {reason}", Assert.Single(violations).Message, StringComparison.Ordinal);
    }

    /// <summary>Hours of a DURATION are exact; and of an hour that the clock shows twice both passes are taken, so that the event is covered.</summary>
    [Theory]
    [InlineData("DTSTART;TZID=Europe/Berlin:20271031T013000\nDURATION:PT2H", "UTC", "10-30 23:30", "10-31 01:30")]
    [InlineData("DTSTART;TZID=Europe/Berlin:20271031T023000\nDURATION:PT1H", "UTC", "10-31 00:30", "10-31 01:30")]
    [InlineData("DTSTART;TZID=Europe/Berlin:20271030T120000\nDURATION:P1DT1H", "UTC", "10-30 10:00", "10-31 12:00")]
    [InlineData("DTSTART;TZID=Europe/Berlin:20271030T120000\nDURATION:PT24H", "UTC", "10-30 10:00", "10-31 10:00")]
    [InlineData("DTSTART;TZID=Europe/Berlin:20270328T013000\nDURATION:PT1H", "UTC", "03-28 00:30", "03-28 01:30")]
    [InlineData("DTSTART;TZID=Europe/Berlin:20270328T013000\nDURATION:PT1H", "Europe/Berlin", "03-28 01:30", "03-28 03:30")]
    [InlineData("DTSTART:20271031T003000Z\nDTEND:20271031T013000Z", "UTC", "10-31 00:30", "10-31 01:30")]
    [InlineData("DTSTART:20271031T003000Z\nDTEND:20271031T013000Z", "Europe/Berlin", "10-31 02:00", "10-31 03:00")]
    [InlineData("DTSTART:20271030T223000Z\nDTEND:20271031T003000Z", "Europe/Berlin", "10-31 00:30", "10-31 02:30")]
    [InlineData("DTSTART:20271030T223000Z\nDTEND:20271031T043000Z", "Europe/Berlin", "10-31 00:30", "10-31 05:30")]
    [InlineData("DTSTART;TZID=Europe/Berlin:20271030T013000\nDURATION:PT2H\nRRULE:FREQ=DAILY;COUNT=2", "UTC", "10-29 23:30 10-30 23:30", "10-30 01:30 10-31 01:30")]
    public void An_event_over_a_change_of_the_clock_is_covered(string lines, string zone, string begins, string ends)
    {
        var import = CalendarImport.Read(Event(lines), zone, Given.Time("2026-11-24T00:00:00Z"), "body", [])!;
        Assert.Equal((begins, ends), (string.Join(' ', import.Ranges.Select(r => r.From.ToString("MM-dd HH:mm", null))), string.Join(' ', import.Ranges.Select(r => r.To.ToString("MM-dd HH:mm", null)))));
        Assert.Null(import.Until);
    }

    private static string Event(string lines, string before = "") =>
        $"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n{before}BEGIN:VEVENT\nUID:1\nSUMMARY:Some\n{lines}\nEND:VEVENT\nEND:VCALENDAR";

    private static JsonElement Json(string text) => JsonElement.Parse(text);
}

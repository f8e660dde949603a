using System.Text;
using System.Text.Json;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Scheduling;

public sealed class ScheduleJsonTests
{
    [Theory]
    [InlineData("\"0 2 * * *\"", "\"0 2 * * *\"")]
    [InlineData("\"  0  2 * *  * \"", "\"0 2 * * *\"")]
    [InlineData("{\"cron\": \"@daily\"}", "\"@daily\"")]
    [InlineData("\"@every 90s\"", "{\"every\":\"1m30s\"}")]
    [InlineData("{\"cron\": \"@every 90s after_completion\", \"jitter\": \"PT1S\"}", "{\"every\":\"1m30s\",\"after_completion\":true,\"jitter\":\"1s\"}")]
    [InlineData("{\"every\": \"5m after_completion\"}", "{\"every\":\"5m\",\"after_completion\":true}")]
    [InlineData("{\"every\": \"5m\", \"phase\": \"0s\", \"jitter\": null, \"dst\": \"once\", \"day_match\": \"any\"}", "{\"every\":\"5m\"}")]
    [InlineData("{\"at\": \"2026-12-24T19:00:00+01:00\"}", "{\"at\":\"2026-12-24T18:00:00Z\"}")]
    [InlineData("{\"dst\": \"wall_clock\", \"day_match\": \"all\", \"cron\": \"0 0 13 * 5\", \"calendars\": [\"de\", \"bank\"]}", "{\"cron\":\"0 0 13 * 5\",\"day_match\":\"all\",\"calendars\":[\"de\",\"bank\"],\"dst\":\"wall_clock\"}")]
    [InlineData("{\"rrule\": \"DTSTART;TZID=Europe/Berlin:20260101T090000\\nRRULE:FREQ=DAILY\"}", "{\"rrule\":\"DTSTART;TZID=Europe/Berlin:20260101T090000\\nRRULE:FREQ=DAILY\"}")]
    [InlineData("{\"cron\": \"0 0 * * *\", \"starts_at\": \"2026-01-01T00:00Z\", \"ends_at\": \"2027-01-01T00:00:00.5Z\"}", "{\"cron\":\"0 0 * * *\",\"starts_at\":\"2026-01-01T00:00:00Z\",\"ends_at\":\"2027-01-01T00:00:00.5Z\"}")]
    public void A_schedule_is_written_in_one_form_and_read_back_the_same(string json, string canonical)
    {
        var spec = Read(json, out var violations);
        Assert.Empty(violations);
        Assert.Equal(canonical, Write(spec!));
        Assert.Equal(spec, Read(canonical, out _));
    }

    [Theory]
    [InlineData("17", "schedule")]
    [InlineData("true", "schedule")]
    [InlineData("null", "schedule")]
    [InlineData("[]", "schedule")]
    [InlineData("{}", "schedule")]
    [InlineData("\"\"", "schedule")]
    [InlineData("\"0 0 31 2 *\"", "schedule")]
    [InlineData("\"@every 500ms\"", "schedule.every")]
    [InlineData("\"@every never\"", "schedule")]
    [InlineData("{\"cron\": \"60 * * * *\"}", "schedule.cron")]
    [InlineData("{\"cron\": \"60 * * * *\", \"jitter\": \"1s\"}", "schedule.cron")]
    [InlineData("{\"cron\": 5}", "schedule.cron")]
    [InlineData("{\"cron\": \"* * * * *\", \"every\": \"5s\"}", "schedule")]
    [InlineData("{\"cron\": \"* * * * *\", \"cron\": \"* * * * *\"}", "schedule.cron")]
    [InlineData("{\"crom\": \"* * * * *\", \"every\": \"5s\"}", "schedule.crom")]
    [InlineData("{\"every\": 90}", "schedule.every")]
    [InlineData("{\"every\": \"soon\"}", "schedule.every")]
    [InlineData("{\"every\": \"0s\"}", "schedule.every")]
    [InlineData("{\"every\": \"200000000h\"}", "schedule.every")]
    [InlineData("{\"every\": \"999ms\"}", "schedule.every")]
    [InlineData("{\"every\": \"1s1us\"}", "schedule.every")]
    [InlineData("{\"every\": \"1m\", \"phase\": \"1m\"}", "schedule.phase")]
    [InlineData("{\"cron\": \"* * * * *\", \"phase\": \"1m\"}", "schedule.phase")]
    [InlineData("{\"every\": \"5m\", \"day_match\": \"all\"}", "schedule.day_match")]
    [InlineData("{\"cron\": \"* * * * *\", \"day_match\": \"both\"}", "schedule.day_match")]
    [InlineData("{\"cron\": \"* * * * *\", \"after_completion\": true}", "schedule.after_completion")]
    [InlineData("{\"every\": \"5m\", \"after_completion\": \"yes\"}", "schedule.after_completion")]
    [InlineData("{\"at\": \"2026-12-24T18:00:00\"}", "schedule.at")]
    [InlineData("{\"at\": \"2026-12-24T18:00:00Z\", \"ends_at\": \"2027-01-01T00:00:00Z\"}", "schedule.ends_at")]
    [InlineData("{\"every\": \"5m\", \"starts_at\": \"2026-01-01T00:00:00Z\", \"ends_at\": \"2026-01-01T00:00:00Z\"}", "schedule.ends_at")]
    [InlineData("{\"every\": \"5m\", \"jitter\": \"25h\"}", "schedule.jitter")]
    [InlineData("{\"every\": \"5m\", \"jitter\": \"-1s\"}", "schedule.jitter")]
    [InlineData("{\"every\": \"5m\", \"dst\": \"wall_clock\"}", "schedule.dst")]
    [InlineData("{\"cron\": \"* * * * *\", \"dst\": \"never\"}", "schedule.dst")]
    [InlineData("{\"every\": \"5m\", \"calendars\": \"de\"}", "schedule.calendars")]
    [InlineData("{\"every\": \"5m\", \"calendars\": [\"de\", 5]}", "schedule.calendars[1]")]
    [InlineData("{\"rrule\": \"FREQ=BOGUS\"}", "schedule.rrule")]
    public void What_is_wrong_is_refused_with_its_path(string json, string field)
    {
        Assert.Null(Read(json, out var violations));
        Assert.Equal(field, Assert.Single(violations).Field);
    }

    [Fact]
    public void Every_fault_is_reported_and_not_only_the_first()
    {
        Assert.Null(Read("""{"cron": 1, "jitter": 2, "dst": 3, "wrong": 4}""", out var violations));
        Assert.Equal(["schedule.cron", "schedule.jitter", "schedule.dst", "schedule.wrong"], violations.Select(v => v.Field));
    }

    private static ScheduleSpec? Read(string json, out List<Violation> violations)
    {
        using var document = JsonDocument.Parse(json);
        violations = [];
        return ScheduleJson.Read(document.RootElement, "schedule", violations);
    }

    private static string Write(ScheduleSpec spec)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            ScheduleJson.Write(writer, spec);

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [Theory]
    [InlineData("""{"every": "200000000h"}""", "schedule.every", "is too long, the most is 876600h (100 years)")]
    [InlineData("""{"every": "200000000h after_completion"}""", "schedule.every", "is too long, the most is 876600h (100 years)")]
    [InlineData("""{"every": "99999999999999999999s"}""", "schedule.every", "is too long, the most is 876600h (100 years)")]
    [InlineData("""{"every": "PT9999999H"}""", "schedule.every", "is too long, the most is 876600h (100 years)")]
    [InlineData("""{"every": "1.99999999999999999999s"}""", "schedule.every", "a duration is expected, such as 90s or 1h30m")]
    [InlineData("""{"every": "200000000 hours"}""", "schedule.every", "a duration is expected, such as 90s or 1h30m")]
    [InlineData("""{"cron": "* * * * *", "jitter": "9000000d"}""", "schedule.jitter", "is too long, the most is 876600h (100 years)")]
    public void A_duration_that_is_too_long_is_told_the_most(string schedule, string field, string message) =>
        Assert.Equal(new Violation(field, message), Assert.Single(Given.Try(schedule).Violations));
}

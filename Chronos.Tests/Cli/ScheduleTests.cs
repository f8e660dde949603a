using System.Text.Json;
using Chronos.Tests.Cli.Kit;
using Chronos.Tests.Core.Scheduling.Zones;
using Xunit;

namespace Chronos.Tests.Cli;

/// <summary>Everything here runs without a server.</summary>
public sealed class ScheduleTests
{
    [Fact]
    public async Task Preview_prints_instants_in_utc_and_in_the_zone()
    {
        using var cli = new CliRun();

        var result = await cli.RunAsync("schedule", "preview", "30 2 * * *", "--tz", "Europe/Berlin", "--from", "2026-03-28T00:00:00Z", "--count", "3", "-o", "json");

        Assert.Equal((0, ""), (result.Exit, result.Error));
        var items = JsonDocument.Parse(result.Out).RootElement.GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"], items.Select(i => i.GetProperty("at").GetString()));
        Assert.Equal(["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"], items.Select(i => i.GetProperty("local").GetString()));
        Assert.Empty(items[0].GetProperty("notes").EnumerateArray());
        Assert.Contains("02:30", Assert.Single(items[1].GetProperty("notes").EnumerateArray()).GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_range_includes_its_start_and_excludes_its_end()
    {
        using var cli = new CliRun();

        var result = await cli.RunAsync("schedule", "preview", "@hourly", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T03:00:00Z", "-q");

        Assert.Equal(["2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"], result.OutLines);
    }

    [Fact]
    public async Task A_range_without_a_count_is_given_whole()
    {
        using var cli = new CliRun();

        Assert.Equal(1440, (await cli.RunAsync("schedule", "preview", "* * * * *", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z", "-q")).OutLines.Length);
        Assert.Equal(10, (await cli.RunAsync("schedule", "preview", "* * * * *", "-q")).OutLines.Length);
    }

    [Theory]
    [InlineData(null, "2026-02-02T00:00:00Z")]
    [InlineData("any", "2026-02-02T00:00:00Z")]
    [InlineData("all", "2026-04-13T00:00:00Z")]
    public async Task Day_match_chooses_between_or_and_and(string? match, string first)
    {
        using var cli = new CliRun();
        string[] args = ["schedule", "preview", "0 0 13 * MON", "--from", "2026-02-01T00:00:00Z", "--count", "1", "-q"];

        Assert.Equal(first + "\n", (await cli.RunAsync(match is null ? args : [.. args, "--day-match", match])).Out);
    }

    [Theory]
    [InlineData("@every 90s", "2026-01-01T00:00:00Z 2026-01-01T00:01:30Z")]
    [InlineData("{\"every\": \"30m\"}", "2026-01-01T00:00:00Z 2026-01-01T00:30:00Z")]
    [InlineData("@daily", "2026-01-01T00:00:00Z 2026-01-02T00:00:00Z")]
    [InlineData("*/30 * * * * *", "2026-01-01T00:00:00Z 2026-01-01T00:00:30Z")]
    public async Task Every_form_of_a_schedule_can_be_previewed(string schedule, string times)
    {
        using var cli = new CliRun();

        var result = await cli.RunAsync("schedule", "preview", schedule, "--from", "2026-01-01T00:00:00Z", "--count", "2", "-q");

        Assert.Equal(times.Split(' '), result.OutLines);
    }

    [Theory]
    [InlineData("0 61 * * *", "  0 61 * * *", "    ^^")]
    [InlineData("61 * * * *", "  61 * * * *", "  ^^")]
    [InlineData("0 0 * * MOM", "  0 0 * * MOM", "          ^^^")]
    public async Task A_wrong_expression_has_a_caret_beneath_the_wrong_place(string expression, string shown, string caret)
    {
        using var cli = new CliRun();

        var result = await cli.RunAsync("schedule", "preview", expression);

        Assert.Equal(1, result.Exit);
        Assert.Equal("error: 1 field is wrong (validation_failed)", result.ErrorLines[0]);
        Assert.StartsWith("schedule: ", result.ErrorLines[1], StringComparison.Ordinal);
        Assert.Equal([shown, caret], result.ErrorLines[2..]);
    }

    [Theory]
    [InlineData("x", 100_000)]
    [InlineData("1,", 230)]
    public async Task Of_a_long_expression_what_stands_around_the_fault_is_shown(string item, int times)
    {
        using var cli = new CliRun();

        var result = await cli.RunAsync("schedule", "preview", $"{string.Concat(Enumerable.Repeat(item, times))}61 * * * *");

        Assert.Equal(1, result.Exit);
        Assert.All(result.ErrorLines, line => Assert.InRange(line.Length, 1, 170));
        Assert.Contains('^', result.ErrorLines[^1]);
        if (times < 500)
        {
            Assert.Equal("61", result.ErrorLines[^2].Substring(result.ErrorLines[^1].IndexOf('^', StringComparison.Ordinal), 2));
            Assert.EndsWith("^^", result.ErrorLines[^1], StringComparison.Ordinal);
        }

        var deep = await cli.RunAsync("schedule", "preview", new string('{', 5_000));
        Assert.All(deep.ErrorLines, line => Assert.InRange(line.Length, 1, 220));
    }

    [Theory]
    [InlineData("{\"cron\": \"0 61 * * *\"}", "61")]
    [InlineData("{ \"jitter\": \"5s\", \"cron\": \"0 0 * * 8\" }", "8")]
    [InlineData("{\"every\": \"abc\"}", "\"abc\"")]
    [InlineData("{\"every\": \"90s\", \"phase\": \"2m\"}", "\"2m\"")]
    [InlineData("{\"cron\": \"@daily\", \"starts\": 3}", "\"starts\": 3")]
    [InlineData("{\"cron\": \"@daily\", \"calendars\": [\"a\", 7]}", "7")]
    [InlineData("{\"cron\": \"@daily\", \"dst\": \"twice\"}", "\"twice\"")]
    [InlineData("{\"rrule\": \"FREQ=DAILY;BYHOUR=25\"}", "25")]
    [InlineData("{\"rrule\": \"DTSTART:20260101T000000\\nRRULE:FREQ=DAILY;BYDAY=MO,XX\"}", "XX")]
    [InlineData("{\"rrule\": \"FREQ=DAILY;COLOR=1\"}", "COLOR")]
    [InlineData("{\"rrule\": \"DTSTART:20260101T000000\\r\\n RRULE:FREQ=DAI\\r\\n LY;BYDAY=MO,\\r\\n XX;BYHOUR=1\"}", "XX")]
    [InlineData("{\"jitter\": \"5s\"}", "{\"jitter\": \"5s\"}")]
    public async Task A_wrong_object_has_a_caret_beneath_the_wrong_place(string typed, string culprit)
    {
        using var cli = new CliRun();

        var result = await cli.RunAsync("schedule", "preview", typed);

        Assert.Equal(1, result.Exit);
        Assert.StartsWith("schedule", result.ErrorLines[1], StringComparison.Ordinal);
        Assert.Equal([$"  {typed}", new string(' ', 2 + typed.LastIndexOf(culprit, StringComparison.Ordinal)) + new string('^', culprit.Length)], result.ErrorLines[2..]);
    }

    [Fact]
    public async Task A_job_file_with_a_wrong_rule_has_a_caret_too()
    {
        using var cli = new CliRun();
        cli.Write("j.yaml", "name: j\nschedule:\n  rrule: |\n    DTSTART:20260101T090000\n    RRULE:FREQ=DAILY;BYHOUR=25\nwebhook: { url: http://127.0.0.1:1/ }\n");

        var result = await cli.RunAsync("job", "apply", "-f", "j.yaml");

        Assert.StartsWith("j.yaml:1:schedule.rrule: BYHOUR: 25 is not 0-23", result.ErrorLines[1], StringComparison.Ordinal);
        Assert.Equal(["  RRULE:FREQ=DAILY;BYHOUR=25", "                          ^^"], result.ErrorLines[2..]);
    }

    [Fact]
    public async Task In_a_folded_rule_the_caret_is_beneath_the_line_that_is_wrong()
    {
        using var cli = new CliRun();
        cli.Write("j.yaml", "name: j\nschedule: { rrule: \"DTSTART:20260101T090000\\nRRULE:FREQ=DAILY;BYM\\n\\tONTH=1;BYHOUR=25;BYMINUTE=1\" }\nwebhook: { url: http://127.0.0.1:1/ }\n");

        var result = await cli.RunAsync("job", "apply", "-f", "j.yaml");

        Assert.Equal(["   ONTH=1;BYHOUR=25;BYMINUTE=1", "                 ^^"], result.ErrorLines[2..]);
    }

    [Fact]
    public async Task Another_tz_database_is_a_folder_of_zone_files()
    {
        using var cli = new CliRun();
        Directory.CreateDirectory(Path.Combine(cli.Folder, "zones", "Mars"));
        var utc = ZoneFileBytes.Of([], [(0, false, "UTC")], "UTC0");
        File.WriteAllBytes(Path.Combine(cli.Folder, "zones", "UTC"), utc);
        File.WriteAllBytes(Path.Combine(cli.Folder, "zones", "Mars", "Olympus"), ZoneFileBytes.Of([], [(-5400, false, "MMT")], "MMT1:30"));
        File.WriteAllText(Path.Combine(cli.Folder, "zones", "+VERSION"), "mars-1\n");
        var folder = Path.Combine(cli.Folder, "zones");

        Assert.Equal("2026-01-01T01:30:00Z\n", (await cli.RunAsync("schedule", "preview", "@daily", "--tz", "Mars/Olympus", "--from", "2026-01-01T00:00:00Z", "--count", "1", "-q", "--tzdb", folder)).Out);
        Assert.Equal("mars-1", JsonDocument.Parse((await cli.RunAsync("schedule", "explain", "@daily", "--tz", "Mars/Olympus", "--tzdb", folder, "-o", "json")).Out).RootElement.GetProperty("tzdb").GetString());
        Assert.Equal(1, (await cli.RunAsync("schedule", "preview", "@daily", "--tz", "Mars/Olympus", "--tzdb", "shipped")).Exit);
        Assert.Equal(1, (await cli.RunAsync("schedule", "preview", "@daily", "--tz", "Europe/Berlin", "--tzdb", folder)).Exit);

        var wrong = await cli.RunAsync("schedule", "preview", "@daily", "--tzdb", Path.Combine(folder, "Mars"));
        Assert.Equal(2, wrong.Exit);
        Assert.Contains("--tzdb", wrong.ErrorLines[0], StringComparison.Ordinal);
        Assert.Equal(2, (await cli.RunAsync("schedule", "lint", "@daily", "--tzdb", "/nowhere/at/all")).Exit);
    }

    [Fact]
    public async Task Lint_with_calendars_asks_the_node_that_has_them()
    {
        using var cli = new CliRun();
        await using var node = await StandInNode.AnsweringAsync("""{"sentence":"x","timezone":"UTC","tzdb":"2026f","warnings":[{"code":"never","message":"its calendars let none of its slots fire"}]}""");

        var result = await cli.AtAsync(node, "schedule", "lint", "@daily", "--calendar", "closed", "--strict", "-q");

        Assert.Equal((1, "never\n"), (result.Exit, result.Out));
        Assert.EndsWith("/schedules/lint", node.Only.Path, StringComparison.Ordinal);
        Assert.Contains("closed", node.Only.Body, StringComparison.Ordinal);
        Assert.Equal(2, (await cli.AtAsync(node, "schedule", "lint", "@daily", "--calendar", "closed", "--tzdb", "shipped")).Exit);
    }

    [Fact]
    public async Task A_job_file_with_a_wrong_expression_has_the_same_caret()
    {
        using var cli = new CliRun();
        cli.Write("j.yaml", "name: j\nschedule: { cron: \"0 61 * * *\" }\nwebhook: { url: http://127.0.0.1:1/ }\n");

        var result = await cli.RunAsync("job", "apply", "-f", "j.yaml");

        Assert.Equal(1, result.Exit);
        Assert.StartsWith("j.yaml:1:schedule", result.ErrorLines[1], StringComparison.Ordinal);
        Assert.Equal(["  0 61 * * *", "    ^^"], result.ErrorLines[2..]);
    }

    [Theory]
    [InlineData("timezone", "schedule", "preview", "@daily", "--tz", "Mars/Olympus")]
    [InlineData("schedule", "schedule", "preview", "0 0 31 2 *")]
    [InlineData("schedule", "schedule", "explain", "")]
    public async Task What_cannot_be_is_refused_with_the_name_of_its_field(string field, params string[] args)
    {
        using var cli = new CliRun();

        var result = await cli.RunAsync(args);

        Assert.Equal(1, result.Exit);
        Assert.StartsWith($"{field}: ", result.ErrorLines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_says_one_sentence()
    {
        using var cli = new CliRun();

        Assert.Contains("H was chosen by the name of the job (here 'preview', for want of another).", (await cli.RunAsync("schedule", "explain", "H H * * *")).Out, StringComparison.Ordinal);
        Assert.Contains("H was chosen by the name of the job.", (await cli.RunAsync("schedule", "explain", "H H * * *", "--job", "backup")).Out, StringComparison.Ordinal);
        var result = await cli.RunAsync("schedule", "explain", "0 2 * * MON-FRI", "--tz", "Europe/Berlin");

        Assert.Equal(0, result.Exit);
        Assert.Contains("02:00", Assert.Single(result.OutLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lint_says_what_surprises_and_fails_only_when_it_is_strict()
    {
        using var cli = new CliRun();
        string[] surprising = ["schedule", "lint", "30 2 * * *", "--tz", "Europe/Berlin"];

        Assert.Equal(new CliResult(0, "", "(none)\n"), await cli.RunAsync("schedule", "lint", "0 12 * * *", "--strict"));
        Assert.NotEmpty((await cli.RunAsync(surprising)).OutLines);
        Assert.Equal(0, (await cli.RunAsync(surprising)).Exit);
        Assert.Equal(1, (await cli.RunAsync([.. surprising, "--strict"])).Exit);
    }
}

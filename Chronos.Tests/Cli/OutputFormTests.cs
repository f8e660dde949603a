using System.Text.Json;
using Chronos.Core.Jobs;
using Chronos.Tests.Cli.Kit;
using Xunit;

namespace Chronos.Tests.Cli;

public sealed class OutputFormTests
{
    private const string LongId = "0123456789ABCDEF@2026-03-29T01:00:00Z";

    private const string Jobs =
        """
        {"items":[
          {"job_id":"0123456789ABCDEF","name":"nightly-report","state":"active","schedule":"0 2 * * *","timezone":"Europe/Berlin","next_at":"2026-03-29T00:00:00Z","tags":{"team":"data","tier":"1"}},
          {"job_id":"FEDCBA9876543210","name":"probe","state":"paused","schedule":{"every":"1m30s","jitter":"5s"},"timezone":"UTC","next_at":null,"tags":{}}],
         "next_cursor":null}
        """;

    [Fact]
    public async Task A_pipe_gets_aligned_columns_without_boxes_or_colors()
    {
        await using var node = await StandInNode.AnsweringAsync(Jobs);
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "list");

        Assert.Equal(
            [
                "NAME            JOB_ID            STATE   SCHEDULE               TIMEZONE       NEXT_AT               TAGS",
                "nightly-report  0123456789ABCDEF  active  0 2 * * *              Europe/Berlin  2026-03-29T00:00:00Z  team=data, tier=1",
                "probe           FEDCBA9876543210  paused  every=1m30s jitter=5s  UTC            -                     -",
            ],
            result.OutLines);
    }

    [Fact]
    public async Task A_terminal_gets_colors_unless_they_are_switched_off()
    {
        await using var node = await StandInNode.AnsweringAsync(Jobs);
        using var cli = new CliRun { Terminal = true };

        Assert.Contains('\u001b', (await cli.AtAsync(node, "job", "list")).Out);
        var plain = (await cli.AtAsync(node, "job", "list", "--no-color")).Out;
        Assert.DoesNotContain('\u001b', plain);
        Assert.Contains("0123456789ABCDEF", plain, StringComparison.Ordinal);
        cli.Variables["NO_COLOR"] = "1";
        Assert.DoesNotContain('\u001b', (await cli.AtAsync(node, "job", "list")).Out);
    }

    [Fact]
    public async Task Json_is_what_the_api_sent_numbers_and_unknown_fields_included()
    {
        const string body = """{"name":"j","big":12345678901234567890.10,"list":[],"new_field":{"a":null},"text":"grün & <b>"}""";
        await using var node = await StandInNode.AnsweringAsync(body);
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "get", "j", "-o", "json");

        Assert.Equal(
            """
            {
              "name": "j",
              "big": 12345678901234567890.10,
              "list": [],
              "new_field": {
                "a": null
              },
              "text": "grün & <b>"
            }

            """, result.Out);
    }

    [Fact]
    public async Task Yaml_reads_back_as_the_same_json()
    {
        const string body = """{"name":"j","number":"0123","flag":"yes","when":"2026-03-29T01:00:00Z","cron":"* * * * *","text":"a: b\n  c","empty":{},"none":null,"list":[1,2.50,true]}""";
        await using var node = await StandInNode.AnsweringAsync(body);
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "get", "j", "-o", "yaml");

        var read = Assert.Single(JobDocumentFile.ReadYaml(result.Out).Documents);
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(body).RootElement, read), result.Out);
    }

    [Fact]
    public async Task Quiet_prints_ids_only_and_no_remarks()
    {
        await using var node = await StandInNode.AnsweringAsync(Jobs.Replace("\"next_cursor\":null", "\"next_cursor\":\"c1\"", StringComparison.Ordinal));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "list", "--quiet");

        Assert.Equal("nightly-report\nprobe\n", result.Out);
        Assert.Equal("", result.Error);
    }

    [Fact]
    public async Task A_long_id_is_never_cut_and_never_wrapped()
    {
        await using var node = await StandInNode.AnsweringAsync(
            $$"""{"items":[{"id":"{{LongId}}","job_name":"{{new string('n', 100)}}","trigger":"schedule","status":"failed","scheduled_at":"2026-03-29T01:00:00Z","attempts":[{},{}],"lateness_ms":1.5}],"next_cursor":null}""");
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "execution", "list");

        Assert.Equal(2, result.OutLines.Length);
        Assert.StartsWith(LongId, result.OutLines[1], StringComparison.Ordinal);
        Assert.Contains(new string('n', 100), result.OutLines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_thing_is_shown_field_by_field_with_its_lists_beneath()
    {
        await using var node = await StandInNode.AnsweringAsync(
            $$"""{"id":"{{LongId}}","status":"failed","policy":{"verdict":"allow"},"attempts":[{"number":1,"error":"line\nbreak"},{"number":2,"status_code":500}]}""");
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "execution", "get", LongId);

        Assert.Equal(
            [
                $"id:             {LongId}", "status:         failed", "policy.verdict: allow", "attempts:",
                "NUMBER  ERROR       STATUS_CODE", "1       line break  -", "2       -           500",
            ],
            result.OutLines);
    }

    [Fact]
    public async Task All_follows_every_cursor_and_gives_one_list()
    {
        await using var node = await StandInNode.StartAsync(seen => new CannedAnswer(200, seen.Path.Contains("cursor=two", StringComparison.Ordinal)
            ? """{"items":[{"name":"b"}],"next_cursor":null}"""
            : """{"items":[{"name":"a"}],"next_cursor":"two"}"""));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "list", "--all", "-o", "json");

        Assert.Equal("""{"items":[{"name":"a"},{"name":"b"}],"next_cursor":null}""", JsonSerializer.Serialize(JsonDocument.Parse(result.Out).RootElement));
        Assert.Equal(["/api/v1/jobs?limit=500", "/api/v1/jobs?limit=500&cursor=two"], node.Seen.Select(s => s.Path));
    }
}

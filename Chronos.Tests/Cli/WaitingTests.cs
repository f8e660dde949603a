using Chronos.Tests.Cli.Kit;
using Xunit;

namespace Chronos.Tests.Cli;

public sealed class WaitingTests
{
    [Theory]
    [InlineData("succeeded", 0)]
    [InlineData("failed", 1)]
    public async Task Trigger_waits_for_the_end_and_its_exit_code_is_the_outcome(string status, int exit)
    {
        var reads = 0;
        await using var node = await StandInNode.StartAsync(seen => seen.Method == "POST"
            ? new CannedAnswer(202, """{"id":"x","status":"running"}""")
            : new CannedAnswer(200, $$"""{"id":"x","status":"{{(++reads < 3 ? "running" : status)}}","attempts":[{"number":1,"error":"503 from the target"}]}"""));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "trigger", "j", "--wait");

        Assert.Equal((exit, $"x {status}\n"), (result.Exit, result.Out));
        Assert.Equal(exit == 1, result.Error.Contains("503 from the target", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    public async Task Backfill_waits_for_the_end_and_fails_when_a_run_failed(int failed, int exit)
    {
        var reads = 0;
        await using var node = await StandInNode.StartAsync(seen => new CannedAnswer(seen.Method == "POST" ? 202 : 200, seen.Method == "POST"
            ? """{"operation":"op1","status":"running","total":3,"started":0,"succeeded":0,"failed":0}"""
            : ++reads < 2
                ? """{"operation":"op1","status":"running","total":3,"started":2,"succeeded":1,"failed":0}"""
                : $$"""{"operation":"op1","status":"completed","total":3,"started":3,"succeeded":{{3 - failed}},"failed":{{failed}}}"""));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "backfill", "j", "--from", "-3h", "--to", "now", "--max-concurrent", "2", "--wait");

        Assert.Equal(exit, result.Exit);
        Assert.Equal("""{"from":"2026-03-28T09:00:00Z","to":"2026-03-28T12:00:00Z","max_concurrent":2}""", node.Seen[0].Body);
        Assert.Equal($"op1 completed: {3 - failed} of 3 succeeded, {failed} failed, 3 started\n", result.Out);
    }

    [Fact]
    public async Task Backfill_dry_run_only_counts()
    {
        await using var node = await StandInNode.AnsweringAsync("""{"total":12}""");
        using var cli = new CliRun();

        Assert.Equal("would run 12 slots\n", (await cli.AtAsync(node, "backfill", "j", "--from", "-3h", "--to", "now", "--dry-run")).Out);
        Assert.Contains("\"dry_run\":true", node.Only.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tail_says_each_change_once_and_stops_after_the_wanted_number_of_ends()
    {
        var reads = 0;
        await using var node = await StandInNode.StartAsync(_ => new CannedAnswer(200, ++reads switch
        {
            1 => """{"items":[{"id":"a","job_name":"j","status":"running"}]}""",
            2 => """{"items":[{"id":"b","job_name":"j","status":"failed","attempts":[{"error":"no route"}]},{"id":"a","job_name":"j","status":"running"}]}""",
            _ => """{"items":[{"id":"b","job_name":"j","status":"failed"},{"id":"a","job_name":"j","status":"succeeded"}]}""",
        }));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "execution", "tail", "--job", "j", "--count", "2", "--interval", "10ms", "-o", "json");

        Assert.Equal(0, result.Exit);
        Assert.Equal(
            [
                """{"id":"a","job_name":"j","status":"running"}""",
                """{"id":"b","job_name":"j","status":"failed","attempts":[{"error":"no route"}]}""",
                """{"id":"a","job_name":"j","status":"succeeded"}""",
            ],
            result.OutLines);
    }
}

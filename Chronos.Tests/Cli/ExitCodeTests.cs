using Chronos.Tests.Cli.Kit;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cli;

public sealed class ExitCodeTests
{
    [Theory]
    [InlineData(400, "validation_failed", 1)]
    [InlineData(400, "invalid_json", 1)]
    [InlineData(401, "unauthenticated", 4)]
    [InlineData(403, "forbidden", 4)]
    [InlineData(403, "policy_denied", 4)]
    [InlineData(404, "not_found", 3)]
    [InlineData(409, "already_exists", 6)]
    [InlineData(409, "conflict", 6)]
    [InlineData(412, "precondition_failed", 6)]
    [InlineData(413, "payload_too_large", 1)]
    [InlineData(429, "rate_limited", 1)]
    [InlineData(500, "internal", 1)]
    [InlineData(503, "unavailable", 1)]
    public async Task A_refusal_ends_with_its_documented_exit_code(int status, string code, int exit)
    {
        await using var node = await StandInNode.AnsweringAsync(CannedAnswer.Problem(status, code, "because"));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "get", "nightly");

        Assert.Equal(exit, result.Exit);
        Assert.Equal("", result.Out);
        Assert.Equal($"error: because ({code})", result.ErrorLines[0]);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_exit_code_5()
    {
        using var cli = new CliRun();
        var port = TestPort.Free();

        var result = await cli.RunAsync("job", "list", "--server", $"http://127.0.0.1:{port}");

        Assert.Equal(5, result.Exit);
        Assert.Contains($"127.0.0.1:{port} is not reachable", result.ErrorLines[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("job")]
    [InlineData("job", "get")]
    [InlineData("job", "frobnicate")]
    [InlineData("job", "list", "--no-such-option")]
    [InlineData("job", "list", "-o", "xml")]
    [InlineData("job", "list", "--limit", "many")]
    [InlineData("job", "pause", "j", "--until", "tomorrow")]
    [InlineData("job", "pause", "j", "--until", "now", "--for", "1h")]
    [InlineData("job", "update", "j")]
    [InlineData("job", "update", "j", "--set", "no-value")]
    [InlineData("job", "apply")]
    [InlineData("job", "apply", "-f", "no-such-file.yaml")]
    [InlineData("job", "trigger", "j", "--payload", "{broken")]
    [InlineData("job", "resume", "j", "--catch-up", "some")]
    [InlineData("backfill", "j", "--from", "-1h")]
    [InlineData("why", "j", "2026-03-29T01:00:00")]
    [InlineData("job", "list", "--server", "ftp://x")]
    [InlineData("job", "get", "..")]
    [InlineData("job", "get", "")]
    public async Task Wrong_usage_is_exit_code_2_and_asks_nobody(params string[] args)
    {
        using var cli = new CliRun();

        var result = await cli.RunAsync(args);

        Assert.Equal(2, result.Exit);
        Assert.StartsWith("error: ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", result.Error, StringComparison.Ordinal);
        Assert.Equal("", result.Out);
    }

    [Fact]
    public async Task Help_documents_every_exit_code()
    {
        using var cli = new CliRun();

        var result = await cli.RunAsync("--help");

        Assert.Equal(0, result.Exit);
        Assert.All(Enumerable.Range(0, 7), code => Assert.Matches($@"(?m)^\s*{code}  \w", result.Out));
        Assert.Contains("CHRONOS_API_KEY", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Something_that_is_no_Chronos_node_is_said_to_be_none()
    {
        await using var node = await StandInNode.AnsweringAsync(new CannedAnswer(200, "<html>hello</html>", "text/html"));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "get", "nightly");

        Assert.Equal(1, result.Exit);
        Assert.Contains("is it a Chronos node?", result.Error, StringComparison.Ordinal);
    }
}

using System.Text.Json;
using Chronos.Tests.Cli.Kit;
using Xunit;

namespace Chronos.Tests.Cli;

/// <summary><c>studio import</c> works without a node.</summary>
public sealed class StudioImportTests
{
    [Fact]
    public async Task A_curl_line_is_printed_as_a_document_that_apply_reads()
    {
        using var run = new CliRun();
        var result = await run.RunAsync("studio", "import", "curl -X DELETE -u me:hunter2 https://example.com/x");
        Assert.Equal(0, result.Exit);
        Assert.Equal(
            "name: studio-example.com-x\nwebhook:\n  url: https://example.com/x\n  method: DELETE\n  auth:\n    type: basic\n    username: me\n    password:\n      secret: password\n",
            result.Out);
        Assert.Contains("'password'", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", result.Out + result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task From_stdin_as_json_it_is_what_the_API_answers()
    {
        using var run = new CliRun { In = "curl example.com" };
        var json = JsonDocument.Parse((await run.RunAsync("studio", "import", "-", "-o", "json")).Out).RootElement;
        Assert.Equal(["document", "secrets", "notes"], json.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task A_line_that_cannot_be_taken_over_exits_with_1_and_says_why()
    {
        using var run = new CliRun();
        var result = await run.RunAsync("studio", "import", "curl -T up.txt example.com");
        Assert.Equal((1, "curl: the option -T cannot be taken over into a job"), (result.Exit, result.ErrorLines[1]));
    }
}

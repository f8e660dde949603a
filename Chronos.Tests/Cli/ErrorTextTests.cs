using Chronos.Tests.Cli.Kit;
using Xunit;

namespace Chronos.Tests.Cli;

public sealed class ErrorTextTests
{
    [Fact]
    public async Task Each_wrong_field_has_its_line_after_the_first_one()
    {
        await using var node = await StandInNode.AnsweringAsync(CannedAnswer.Problem(400, "validation_failed", "2 fields are wrong",
            """[{"field":"webhook.url","message":"is no URL"},{"field":"retry.max_attempts","message":"must be 1 or more"}]"""));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "update", "j", "--set", "retry.max_attempts=0");

        Assert.Equal(["error: 2 fields are wrong (validation_failed)", "webhook.url: is no URL", "retry.max_attempts: must be 1 or more"], result.ErrorLines);
    }

    [Fact]
    public async Task A_denial_names_the_policies_that_it_violates()
    {
        await using var node = await StandInNode.AnsweringAsync(new CannedAnswer(403,
            """{"title":"denied","status":403,"code":"policy_denied","violations":["no deployments on Friday",{"policy":"frozen","message":"until Monday"}]}""", "application/problem+json"));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "trigger", "j");

        Assert.Equal(["error: denied (policy_denied)", "no deployments on Friday", "frozen: until Monday"], result.ErrorLines);
    }

    [Fact]
    public async Task Without_a_key_the_refusal_says_where_one_was_looked_for()
    {
        await using var node = await StandInNode.AnsweringAsync(CannedAnswer.Problem(401, "unauthenticated", "a key is needed"));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "list");

        Assert.Contains(Path.Combine(cli.Folder, "data", "admin.key"), result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Control_characters_of_foreign_text_never_reach_the_terminal()
    {
        await using var node = await StandInNode.AnsweringAsync(CannedAnswer.Problem(400, "validation_failed", @"\u001b[2Jgone\u0007", """[{"field":"name","message":"\u001b]0;owned\u0007 is wrong"}]"""));
        using var cli = new CliRun { Terminal = true };

        var result = await cli.AtAsync(node, "job", "get", "j");

        Assert.DoesNotContain('\u001b', result.Error);
        Assert.DoesNotContain('\u0007', result.Error);
        Assert.Contains("is wrong", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_internal_error_gives_the_trace_to_look_for()
    {
        await using var node = await StandInNode.AnsweringAsync(CannedAnswer.Problem(500, "internal", "something broke"));
        using var cli = new CliRun();

        Assert.Contains("trace_id t-1", (await cli.AtAsync(node, "stats")).Error, StringComparison.Ordinal);
    }
}

using System.Text.Json;
using Chronos.Tests.Cli.Kit;
using Xunit;

namespace Chronos.Tests.Cli;

public sealed class ApplyTests
{
    [Fact]
    public async Task Many_documents_go_as_one_request_in_the_order_of_files_and_documents()
    {
        await using var node = await StandInNode.AnsweringAsync(
            """{"results":[{"document":0,"name":"a","action":"created"},{"document":1,"name":"b","action":"unchanged"},{"document":2,"name":"c","action":"updated"}]}""");
        using var cli = new CliRun();
        cli.Write("jobs/1.yaml", $"{Job("a")}---\n{Job("b")}");
        cli.Write("jobs/deep/2.json", """{"name":"c","webhook":{"url":"http://127.0.0.1:1/"}}""");
        cli.Write("jobs/readme.txt", "not a job");

        var result = await cli.AtAsync(node, "job", "apply", "-f", "jobs", "--dry-run", "--prune");

        Assert.Equal(("POST", "/api/v1/jobs:apply?dry_run=true&prune=true"), (node.Only.Method, node.Only.Path));
        Assert.Equal(["a", "b", "c"], JsonDocument.Parse(node.Only.Body).RootElement.EnumerateArray().Select(d => d.GetProperty("name").GetString()));
        Assert.Equal(
            ["NAME  ACTION     DOCUMENT", "a     created    jobs/1.yaml:1", "b     unchanged  jobs/1.yaml:2", "c     updated    jobs/deep/2.json:1"], result.OutLines);
        Assert.Equal("would be: 1 created, 1 unchanged, 1 updated\n", result.Error);
    }

    [Fact]
    public async Task One_wrong_document_of_a_thousand_is_named_and_nothing_is_sent()
    {
        await using var node = await StandInNode.AnsweringAsync("{}");
        using var cli = new CliRun();
        cli.Write("many.yaml", string.Join("---\n", Enumerable.Range(1, 999).Select(i => Job($"job-{i}"))));
        cli.Write("wrong.yaml", Job("fine") + "---\nname: Bad Name\nwebhook: { url: http://127.0.0.1:1/ }\nretry: { max_attempts: many }\n");

        var result = await cli.AtAsync(node, "job", "apply", "-f", "many.yaml", "-f", "wrong.yaml");

        Assert.Equal(1, result.Exit);
        Assert.Empty(node.Seen);
        Assert.Equal("error: nothing was applied: 2 fields are wrong (validation_failed)", result.ErrorLines[0]);
        Assert.Contains(result.ErrorLines, line => line.StartsWith("wrong.yaml:2:name: ", StringComparison.Ordinal));
        Assert.Contains(result.ErrorLines, line => line.StartsWith("wrong.yaml:2:retry.max_attempts: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_fault_that_the_server_finds_is_named_by_file_document_and_field()
    {
        await using var node = await StandInNode.AnsweringAsync(CannedAnswer.Problem(400, "validation_failed", "1 field is wrong",
            """[{"field":"documents[2].webhook.url","message":"is refused"},{"field":"documents[1]","message":"is odd"},{"field":"prune","message":"is not allowed"}]"""));
        using var cli = new CliRun();
        cli.Write("a.yaml", Job("a"));
        cli.Write("b.yaml", $"{Job("b")}---\n{Job("c")}");

        var result = await cli.AtAsync(node, "job", "apply", "-f", "a.yaml", "-f", "b.yaml");

        Assert.Equal(["error: 1 field is wrong (validation_failed)", "b.yaml:2:webhook.url: is refused", "b.yaml:1: is odd", "prune: is not allowed"], result.ErrorLines);
    }

    [Fact]
    public async Task Two_documents_of_one_name_are_refused_before_anything_is_sent()
    {
        await using var node = await StandInNode.AnsweringAsync("{}");
        using var cli = new CliRun();
        cli.Write("a.yaml", Job("same"));
        cli.Write("b.yaml", Job("same"));

        var result = await cli.AtAsync(node, "job", "apply", "-f", "a.yaml", "-f", "b.yaml");

        Assert.Equal((1, 0), (result.Exit, node.Seen.Count));
        Assert.Contains("b.yaml:1:name: 'same' is also the name of a.yaml:1", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Documents_come_from_stdin_as_well()
    {
        await using var node = await StandInNode.AnsweringAsync("""{"results":[]}""");
        using var cli = new CliRun { In = """[{"name":"a","webhook":{"url":"http://127.0.0.1:1/"}},{"name":"b","webhook":{"url":"http://127.0.0.1:1/"}}]""" };

        Assert.Equal(0, (await cli.AtAsync(node, "job", "apply", "-f", "-")).Exit);
        Assert.Equal(2, JsonDocument.Parse(node.Only.Body).RootElement.GetArrayLength());
    }

    [Theory]
    [InlineData("broken.yaml", "name: a\n  wrong: indent\n", "line 2")]
    [InlineData("broken.json", "{\n  \"name\": \"a\",,\n}", "line 2")]
    [InlineData("star.yaml", "name: a\nschedule: *\n", "line 2")]
    public async Task A_file_that_cannot_be_read_is_named_with_the_line(string file, string text, string place)
    {
        await using var node = await StandInNode.AnsweringAsync("{}");
        using var cli = new CliRun();
        cli.Write(file, text);

        var result = await cli.AtAsync(node, "job", "apply", "-f", file);

        Assert.Equal((1, 0), (result.Exit, node.Seen.Count));
        Assert.StartsWith($"error: {file}: {place}", result.Error, StringComparison.Ordinal);
    }

    private static string Job(string name) => $"name: {name}\nschedule: \"0 2 * * *\"\nwebhook: {{ url: http://127.0.0.1:1/ }}\n";
}

using Chronos.Tests.Cli.Kit;
using Xunit;

namespace Chronos.Tests.Cli;

public sealed class ConnectionTests
{
    [Fact]
    public async Task A_broken_connection_is_tried_once_more_under_the_same_idempotency_key()
    {
        var calls = 0;
        await using var node = await StandInNode.StartAsync(_ => Interlocked.Increment(ref calls) == 1 ? null : new CannedAnswer(202, """{"id":"x"}"""));
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "job", "trigger", "j");

        Assert.Equal((0, "started x\n"), (result.Exit, result.Out));
        Assert.Equal(2, node.Seen.Count);
        Assert.Single(node.Seen.Select(s => s.Header("Idempotency-Key")).Distinct());
    }

    [Fact]
    public async Task It_is_tried_once_more_and_not_for_ever()
    {
        await using var node = await StandInNode.StartAsync(_ => null);
        using var cli = new CliRun();

        Assert.Equal(5, (await cli.AtAsync(node, "job", "get", "j")).Exit);
        Assert.Equal(2, node.Seen.Count);
    }

    [Fact]
    public async Task A_change_that_could_be_done_twice_is_not_sent_twice()
    {
        await using var node = await StandInNode.StartAsync(_ => null);
        using var cli = new CliRun();

        Assert.Equal(5, (await cli.AtAsync(node, "job", "update", "j", "--set", "owner=me")).Exit);
        Assert.Single(node.Seen);
    }

    [Fact]
    public async Task A_deletion_and_an_update_under_a_key_are_sent_once_more_under_it()
    {
        await using var node = await StandInNode.StartAsync(_ => null);
        using var cli = new CliRun();

        Assert.Equal(5, (await cli.AtAsync(node, "job", "delete", "j")).Exit);
        Assert.Equal(5, (await cli.AtAsync(node, "job", "update", "j", "--set", "owner=me", "--idempotency-key", "mine")).Exit);
        Assert.Equal(["DELETE", "DELETE", "PATCH", "PATCH"], node.Seen.Select(s => s.Method));
        Assert.Equal([2, 2], node.Seen.GroupBy(s => s.Header("Idempotency-Key")!).Select(g => g.Count()));
        Assert.Equal("mine", node.Seen[3].Header("Idempotency-Key"));
    }

    [Fact]
    public async Task The_callers_idempotency_key_is_used_when_there_is_one_and_another_is_made_up_otherwise()
    {
        await using var node = await StandInNode.AnsweringAsync("""{"id":"x"}""");
        using var cli = new CliRun();

        await cli.AtAsync(node, "job", "trigger", "j", "--idempotency-key", "mine");
        await cli.AtAsync(node, "job", "trigger", "j");
        await cli.AtAsync(node, "job", "trigger", "j");

        Assert.Equal("mine", node.Seen[0].Header("Idempotency-Key"));
        Assert.NotEqual(node.Seen[1].Header("Idempotency-Key"), node.Seen[2].Header("Idempotency-Key"));
    }

    [Fact]
    public async Task The_key_comes_from_the_option_before_the_variable_before_the_file()
    {
        await using var node = await StandInNode.AnsweringAsync("""{"items":[]}""");
        using var cli = new CliRun();
        await cli.AtAsync(node, "job", "list");
        cli.Write("data/admin.key", "from-file\n");
        await cli.AtAsync(node, "job", "list");
        cli.Write("elsewhere/admin.key", "from-elsewhere\n");
        await cli.AtAsync(node, "job", "list", "--data", "elsewhere");
        cli.Write("mounted/key", "from-mounted\n");
        cli.Variables["CHRONOS_API_KEY_FILE"] = "mounted/key";
        await cli.AtAsync(node, "job", "list", "--data", "elsewhere");
        cli.Variables["CHRONOS_API_KEY"] = "from-variable";
        await cli.AtAsync(node, "job", "list");
        await cli.AtAsync(node, "job", "list", "--key", "from-option");

        Assert.Equal([null, "from-file", "from-elsewhere", "from-mounted", "from-variable", "from-option"], node.Seen.Select(s => s.Header("X-API-Key")));
    }

    [Fact]
    public async Task A_key_file_that_is_named_and_not_there_is_no_reason_to_go_on_without_a_key()
    {
        using var cli = new CliRun();
        cli.Variables["CHRONOS_API_KEY_FILE"] = "mounted/key";

        var result = await cli.RunAsync("job", "list");

        Assert.Equal(4, result.Exit);
        Assert.StartsWith("error: CHRONOS_API_KEY_FILE: there is no file ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_key_of_this_machines_node_is_never_read_for_another_machine()
    {
        using var cli = new CliRun();
        cli.Write("data/admin.key", "from-file");
        var around = Chronos.Cli.Surroundings.OfProcess() with { Folder = cli.Folder, Variable = _ => null };

        Assert.Equal("from-file", Chronos.Cli.ServerSettings.Read("http://localhost:8080", null, null, around).Key);
        Assert.Null(Chronos.Cli.ServerSettings.Read("https://chronos.example.com", null, null, around).Key);
    }

    [Fact]
    public async Task A_node_below_a_path_is_asked_below_that_path()
    {
        await using var node = await StandInNode.AnsweringAsync("""{"items":[]}""");
        using var cli = new CliRun();

        await cli.RunAsync("job", "list", "--server", $"{node.Url}/chronos/");

        Assert.Equal("/chronos/api/v1/jobs", node.Only.Path);
    }

    [Fact]
    public async Task The_server_comes_from_the_option_before_the_variable()
    {
        await using var node = await StandInNode.AnsweringAsync("""{"items":[]}""");
        using var cli = new CliRun();
        cli.Variables["CHRONOS_SERVER"] = node.Url;

        Assert.Equal(0, (await cli.RunAsync("job", "list")).Exit);
        Assert.Equal(5, (await cli.RunAsync("job", "list", "--server", "127.0.0.1:1")).Exit);
    }
}

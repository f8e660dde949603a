using Chronos.Tests.Cli.Kit;
using Xunit;

namespace Chronos.Tests.Cli;

public sealed class AdminConsoleTests
{
    private const string Members = """
        {"selfNode":"akka.tcp://chronos@one:1","items":[{"address":"akka.tcp://chronos@one:1","status":"up","roles":["api"],"reachable":true,"self":true}]}
        """;

    [Fact]
    public async Task One_line_is_one_call_and_the_exit_code_is_that_of_the_verb()
    {
        await using var node = await StandInNode.AnsweringAsync(Members);
        using var cli = new CliRun();

        var shown = await cli.AtAsync(node, "admin", "cluster show");

        Assert.Equal((0, "/api/v1/cluster/members"), (shown.Exit, node.Only.Path));
        Assert.Contains("akka.tcp://chronos@one:1  up", shown.Out, StringComparison.Ordinal);
        Assert.Equal(0, (await cli.AtAsync(node, "admin", "cluster", "show")).Exit);
        Assert.Equal(2, (await cli.AtAsync(node, "admin", "cluster explode")).Exit);
        Assert.Equal(2, (await cli.AtAsync(node, "admin", "cluster down")).Exit);
        Assert.Equal(2, (await cli.AtAsync(node, "admin", "log peek -n many")).Exit);
        Assert.Contains("actor hierarchy", (await cli.AtAsync(node, "admin", "help")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_of_a_pipe_are_done_one_by_one_until_one_fails()
    {
        await using var node = await StandInNode.StartAsync(seen => seen.Path.StartsWith("/api/v1/cluster/members", StringComparison.Ordinal)
            ? seen.Method == "PUT" ? CannedAnswer.Problem(404, "not_found", "there is no node") : new CannedAnswer(200, Members)
            : new CannedAnswer(200, """{"node":"one","level":"information"}"""));
        using var cli = new CliRun { In = "# what an operator does\n\nlog level\ncluster down two:1\nlog level debug\n" };

        var result = await cli.AtAsync(node, "admin");

        Assert.Equal(3, result.Exit);
        Assert.Contains("one logs information and above", result.Out, StringComparison.Ordinal);
        Assert.Equal(["GET /api/v1/admin/log/level", "PUT /api/v1/cluster/members/two%3A1"], node.Seen.Select(s => $"{s.Method} {s.Path}"));
    }

    [Fact]
    public async Task Leave_without_a_name_is_the_node_that_is_asked_and_exit_ends()
    {
        await using var node = await StandInNode.AnsweringAsync(Members);
        using var cli = new CliRun { In = "cluster leave\nhistory\nexit\ncluster show\n" };

        var result = await cli.AtAsync(node, "admin");

        Assert.Equal(0, result.Exit);
        Assert.Equal("PUT /api/v1/cluster/members/akka.tcp%3A%2F%2Fchronos%40one%3A1", $"{node.Seen[1].Method} {node.Seen[1].Path}");
        Assert.Equal(2, node.Seen.Count);
        Assert.Contains("1  cluster leave", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tree_of_actors_is_drawn_and_programs_get_it_as_it_is()
    {
        await using var node = await StandInNode.AnsweringAsync(
            """{"node":"akka.tcp://chronos@one:1","items":[{"path":"/user","depth":0,"type":"GuardianActor","children":2},{"path":"/user/vitals","depth":1,"type":"VitalsActor","children":0}],"hidden":1}""");
        using var cli = new CliRun();

        var drawn = await cli.AtAsync(node, "admin", "actor hierarchy /user -d 1");

        Assert.Equal("/user  GuardianActor  (2)\n  vitals  VitalsActor\n", drawn.Out);
        Assert.Contains("1 more", drawn.Error, StringComparison.Ordinal);
        Assert.Equal("/api/v1/admin/actors?path=%2Fuser&depth=1", node.Only.Path);
        Assert.Contains("\"hidden\": 1", (await cli.AtAsync(node, "admin", "actor hierarchy", "-o", "json")).Out, StringComparison.Ordinal);
    }
}

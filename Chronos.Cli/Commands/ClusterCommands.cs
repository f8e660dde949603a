using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Cli.Output;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl cluster …</c>, <c>stats</c> and <c>health</c>: how the nodes are.</summary>
internal static class ClusterCommands
{
    private static readonly Argument<string> Projection = new("projection") { Description = "its name: ledger or catalog" };

    private static readonly Argument<string> Node = new("node") { Description = "host:port, or the whole address that 'cluster members' shows" };

    private static readonly TableShape Findings = TableShape.Of("check",
        TableColumn.Of("LEVEL", "level"), TableColumn.Of("CHECK", "check"), TableColumn.Of("NODE", "node"), TableColumn.Of("MESSAGE", "message"), TableColumn.Of("ADVICE", "advice"));

    public static void AddClusterCommands(this RootCommand root, Surroundings around)
    {
        var room = root.AddRoom("cluster", "the nodes and who leads them");
        room.Add("show", "members, leader, epoch", around, [], call => ShowAsync(call, "/cluster", "node"));
        room.Add("members", "the nodes", around, [], async call =>
            call.Print.ListAsIs((await call.Api.GetAsync("/cluster/members", call.Cancellation)).Json, "address"));
        room.Add("join", "have the node that is asked, and is in no cluster yet, join that of another", around, [Node], async call =>
        {
            var answer = await call.Api.SendAsync(
                new ApiRequest(HttpMethod.Post, "/cluster/members").With(new JsonObject { ["address"] = call.Of(Node) }), call.Cancellation);
            call.Print.Done(answer.Json, "message", answer.Json.Text("message") ?? "");
        });
        room.Add("timetables", "where the timetables are and what they have to do", around, [], async call =>
            call.Print.ListAsIs((await call.Api.GetAsync("/cluster/timetables", call.Cancellation)).Json, "timetable"));
        room.Add("shards", "which node has which shards", around, [], async call =>
            call.Print.ListAsIs((await call.Api.GetAsync("/cluster/shards", call.Cancellation)).Json, "shard"));
        room.Add("leave", "have a node hand its work over and stop", around, [Node], call => MemberAsync(call, "leave", "is leaving"));
        room.Add("down", "take a node for lost at once; only when it is really gone", around, [Node], call => MemberAsync(call, "down", "is taken for lost"));
        var models = root.AddRoom("projection", "the read models of the node");
        models.Add("list", "where they stand", around, [], async call =>
            call.Print.ListAsIs((await call.Api.GetAsync("/projections", call.Cancellation)).Json, "name"));
        models.Add("rebuild", "drop one and fold it from the journal anew; firing goes on meanwhile", around, [Projection], async call =>
        {
            var name = call.Of(Projection);
            var answer = await call.Api.SendAsync(
                new ApiRequest(HttpMethod.Post, $"/projections/{Arguments.Segment("projection", name)}/rebuild"), call.Cancellation);
            call.Print.Done(answer.Json, "name", $"{name} is being rebuilt");
        });
        root.Add("stats", "what the node has done, and how late", around, [Arguments.From], call => ShowAsync(call, new Query("/stats").And("from", call.Time(Arguments.From)).ToString(), "node"));
        root.Add("doctor", "clocks, journal, projections, stuck slots and settings of all nodes: what is wrong, and what to do; exit code 1 on a fault", around, [], DoctorAsync);
        root.Add("health", "is the node ready? exit code 0 yes, 1 no, 5 not reachable", around, [], HealthAsync);
    }

    private static async Task ShowAsync(Call call, string path, string id) => call.Print.One((await call.Api.GetAsync(path, call.Cancellation)).Json, id);

    private static async Task MemberAsync(Call call, string operation, string what)
    {
        var node = call.Of(Node)!;
        var answer = await call.Api.SendAsync(
            new ApiRequest(HttpMethod.Put, $"/cluster/members/{Arguments.Segment("node", node)}").With(new JsonObject { ["operation"] = operation }), call.Cancellation);
        call.Print.Done(answer.Json, "address", $"{node} {what}");
    }

    private static async Task DoctorAsync(Call call)
    {
        var answer = (await call.Api.GetAsync("/doctor", call.Cancellation)).Json;
        call.Print.List(answer, "findings", Findings);
        if (answer.Field("status")?.GetString() == "fault")
        {
            throw new CliFailure(ExitCode.Refused, "something is wrong; what to do stands beside it");
        }
    }

    private static async Task HealthAsync(Call call)
    {
        var answer = await call.Api.AskAsync(new ApiRequest(HttpMethod.Get, "/health/ready"), call.Cancellation);
        if (IsObject(answer))
        {
            call.Print.One(answer.Json, "status");
        }
        else
        {
            call.Print.Line(System.Text.Encoding.UTF8.GetString(answer.Body));
        }

        if (!answer.IsSuccess)
        {
            throw new CliFailure(ExitCode.Refused, $"the node is not ready ({(int)answer.Status})");
        }
    }

    private static bool IsObject(ApiAnswer answer) => JsonText.TryParse(System.Text.Encoding.UTF8.GetString(answer.Body), out var json) && json.ValueKind == JsonValueKind.Object;
}

using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Cli.Output;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl target …</c>: where jobs go, and whether it works there.</summary>
internal static class TargetCommands
{
    private static readonly Argument<string> Target = new("target") { Description = "its name, as 'target list' shows it: https://example.com:443" };

    private static readonly Option<string> Circuit = new("--circuit") { Description = "only with this circuit: closed, half_open or open", HelpName = "state" };

    private static readonly TableShape Shape = TableShape.Of("target",
        TableColumn.Of("TARGET", "target"), TableColumn.Of("CIRCUIT", "circuit"), TableColumn.Of("IN_FLIGHT", "in_flight"), TableColumn.Of("WAITING", "waiting"),
        new TableColumn("LIMITS", Limits), TableColumn.Of("OK/MIN", "succeeded_per_minute"), TableColumn.Of("FAILED/MIN", "failed_per_minute"),
        TableColumn.Of("LAST_ERROR", "last_error"), TableColumn.Of("LAST_ERROR_AT", "last_error_at"));

    public static void AddTargetCommands(this RootCommand root, Surroundings around)
    {
        var room = root.AddRoom("target", "where jobs go: circuits, limits, what is on its way");
        room.Add("list", "targets by name", around, [Circuit, Arguments.Limit, Arguments.Cursor, Arguments.All], async call => call.Print.List(
            await Pages.ReadAsync(call, (cursor, limit) => new Query("/targets").And("circuit", call.Of(Circuit)).And("limit", limit).And("cursor", cursor)), Shape));
        room.Add("get", "one target, node by node", around, [Target], async call => call.Print.One((await call.Api.GetAsync(Path(call), call.Cancellation)).Json, "target"));
        room.Add("reset", "close its circuit on every node: what comes next is sent at once, what was refused comes back at the time that it was given", around, [Target, Arguments.IdempotencyKey], async call =>
        {
            var answer = await call.Api.SendAsync(call.Post($"{Path(call)}/reset", new JsonObject()), call.Cancellation);
            call.Print.Done(answer.Json, "target", $"the circuit of {answer.Json.Text("target")} is {answer.Json.Text("circuit")}");
        });
    }

    private static string Path(Call call) => $"/targets/{Arguments.Segment("target", call.Of(Target)!)}";

    private static string Limits(JsonElement target) => target.Field("limits") is { ValueKind: JsonValueKind.Object } limits
        ? string.Join(' ', new[] { limits.Field("concurrency") is { } most ? $"{most.GetRawText()} at once" : null, limits.Text("rate") }.OfType<string>())
        : "";
}

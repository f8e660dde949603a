using System.CommandLine;
using System.Text.Json.Nodes;
using Chronos.Cli.Output;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl dlq …</c>: executions that failed for good.</summary>
internal static class DeadLetterCommands
{
    private static readonly Option<string> Job = new("--job") { Description = "of this job only", HelpName = "job" };

    public static void AddDeadLetterCommands(this RootCommand root, Surroundings around)
    {
        var room = root.AddRoom("dlq", "dead letters: executions that failed for good");
        room.Add("list", "dead letters, newest first", around, [Job, Arguments.Limit, Arguments.Cursor, Arguments.All], async call => call.Print.List(
            await Pages.ReadAsync(call, (cursor, limit) => new Query("/dead-letters").And("job", call.Of(Job)).And("limit", limit).And("cursor", cursor)),
            ExecutionCommands.Shape));
        room.Add("replay", "run a dead letter once more, as a new execution", around, [Arguments.Execution, Arguments.IdempotencyKey], async call =>
        {
            var execution = (await call.Api.SendAsync(call.Post($"/dead-letters/{Arguments.Segment("execution", call.Of(Arguments.Execution))}/replay", new JsonObject()), call.Cancellation)).Json;
            call.Print.Done(execution, "id", $"started {execution.Text("id")}");
        });
    }
}

using System.CommandLine;
using System.Text.Json.Nodes;
using Chronos.Cli.Documents;
using Chronos.Cli.Output;
using Chronos.Core.Kernel;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl dlq …</c>: executions that failed for good.</summary>
internal static class DeadLetterCommands
{
    private static readonly Argument<string> Which = new("execution") { Description = "execution id; absent: all that the filters match", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string> Job = new("--job") { Description = "of this job only", HelpName = "job" };
    private static readonly Option<string> Status = new("--status") { Description = "failed, timed_out or lost; several with commas", HelpName = "status" };
    private static readonly Option<string> State = new("--state") { Description = "open (default), replayed, dropped or expired", HelpName = "state" };
    private static readonly Option<string> Payload = new("--payload") { Description = "JSON (or @file) instead of the payload that it had", HelpName = "json" };
    private static readonly Option<int?> Most = new("--limit") { Description = "at most so many, the newest first (100)", HelpName = "n" };
    private static readonly Option<bool> Every = new("--all") { Description = "all of them, whatever the job" };

    private static readonly TableShape Done = TableShape.Of("id",
        TableColumn.Of("ID", "id"), TableColumn.Of("JOB", "job_name"), TableColumn.Of("REPLAYED_AS", "replayed_as"), TableColumn.Of("ERROR", "error"));

    private static readonly Symbol[] Filters = [Which, Job, Status, Arguments.Tag, Arguments.From, Arguments.To, Every, Most, Arguments.DryRun, Arguments.IdempotencyKey];

    public static void AddDeadLetterCommands(this RootCommand root, Surroundings around)
    {
        var room = root.AddRoom("dlq", "dead letters: executions that failed for good");
        room.Add("list", "dead letters, newest first", around,
            [Job, Status, State, Arguments.Tag, Arguments.From, Arguments.To, Arguments.Limit, Arguments.Cursor, Arguments.All], async call => call.Print.List(
            await Pages.ReadAsync(call, (cursor, limit) => new Query("/dead-letters")
                .And("job", call.Of(Job)).And("status", call.Of(Status)).And("state", call.Of(State)).And("tag", call.Of(Arguments.Tag))
                .And("from", call.Time(Arguments.From)).And("to", call.Time(Arguments.To)).And("limit", limit).And("cursor", cursor)),
            ExecutionCommands.Shape));
        room.Add("get", "one dead letter with its attempts and what it was to send", around, [Arguments.Execution], async call =>
            call.Print.One((await call.Api.GetAsync(Path(call.Of(Arguments.Execution)!), call.Cancellation)).Json, "execution"));
        room.Add("replay", "run a dead letter once more, as a new execution; or all that match", around, [.. Filters, Payload], ReplayAsync);
        room.Add("drop", "nothing more is wanted of a dead letter, or of all that match", around, Filters, DropAsync);
    }

    private static async Task ReplayAsync(Call call)
    {
        var body = new JsonObject();
        if (call.Of(Payload) is { } given)
        {
            var text = given is ['@', .. var file] ? JobFiles.Text(call, file) : given;
            body["payload"] = JsonText.TryParse(text, out var json) ? JsonNode.Parse(json.GetRawText()) : throw CliFailure.Usage("--payload: is not JSON");
        }

        if (One(call) is { } id)
        {
            var execution = (await call.Api.SendAsync(call.Post($"{Path(id)}/replay", body), call.Cancellation)).Json;
            call.Print.Done(execution, "id", $"started {execution.Text("id")}");
            return;
        }

        await ManyAsync(call, "replay", body);
    }

    private static async Task DropAsync(Call call)
    {
        if (One(call) is { } id)
        {
            var answer = await call.Api.SendAsync(new ApiRequest(HttpMethod.Delete, Path(id)), call.Cancellation);
            call.Print.Done(answer.Json, "id", $"dropped {id}");
            return;
        }

        await ManyAsync(call, "drop", []);
    }

    private static async Task ManyAsync(Call call, string what, JsonObject body)
    {
        void Add(string name, JsonNode? value)
        {
            if (value is not null)
            {
                body[name] = value;
            }
        }

        Add("job", call.Of(Job));
        Add("status", call.Of(Status));
        Add("tag", call.Of(Arguments.Tag));
        Add("from", call.Time(Arguments.From) is { } from ? Rfc3339.Format(from) : null);
        Add("to", call.Time(Arguments.To) is { } to ? Rfc3339.Format(to) : null);
        Add("limit", call.Of(Most));
        Add("all", call.Of(Every) ? true : null);
        Add("dry_run", call.Of(Arguments.DryRun) ? true : null);
        var answer = (await call.Api.SendAsync(call.Post($"/dead-letters:{what}", body), call.Cancellation)).Json;
        call.Print.List(answer, Done);
        call.Print.Remark($"{answer.Text("matched")} matched, {answer.Text("done")} done, {answer.Text("refused")} refused{(answer.Text("more") == "true" ? "; there are more" : "")}");
        if (answer.Text("refused") is not "0")
        {
            throw new CliFailure(ExitCode.Refused, $"{answer.Text("refused")} were refused");
        }
    }

    /// <summary>The one that is meant; null when the filters say which. Both at once would be a misunderstanding.</summary>
    private static string? One(Call call)
    {
        string? id = call.Of(Which);
        if (id is not null && (call.Of(Job) ?? call.Of(Status) ?? call.Of(Arguments.Tag) ?? call.Of(Arguments.From) ?? call.Of(Arguments.To)) is not null)
        {
            throw CliFailure.Usage("execution: give either an execution or filters");
        }

        return id;
    }

    private static string Path(string id) => $"/dead-letters/{Arguments.Segment("execution", id)}";
}

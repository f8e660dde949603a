using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Cli.Output;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl execution …</c>: what ran, runs and will run again.</summary>
internal static class ExecutionCommands
{
    public static readonly TableShape Shape = TableShape.Of("id",
        TableColumn.Of("ID", "id"),
        TableColumn.Of("JOB", "job_name", "job_id"),
        TableColumn.Of("TRIGGER", "trigger"),
        TableColumn.Of("STATUS", "status"),
        TableColumn.Of("SCHEDULED_AT", "scheduled_at"),
        TableColumn.Of("FINISHED_AT", "finished_at"),
        new TableColumn("ATTEMPTS", e => e.Field("attempts") is { ValueKind: JsonValueKind.Array } list ? $"{list.GetArrayLength()}" : e.Text("attempts") ?? ""),
        TableColumn.Of("LATE_MS", "lateness_ms"),
        TableColumn.Of("SKIP_REASON", "skip_reason"));

    private static readonly Option<string> Job = new("--job") { Description = "of this job only", HelpName = "job" };
    private static readonly Option<string> Status = new("--status") { Description = "pending, running, succeeded, failed, cancelled, timed_out, lost or skipped", HelpName = "status" };
    private static readonly Option<int?> Attempt = new("--attempt") { Description = "number of the attempt; the last one when absent", HelpName = "n" };

    private static readonly Argument<string> OutputPath = new("file") { Description = "the output, byte for byte" };
    private static readonly Option<string> OutputType = new("--content-type") { Description = "what it is; application/octet-stream when absent", HelpName = "type" };

    public static void AddExecutionCommands(this RootCommand root, Surroundings around)
    {
        var room = root.AddRoom("execution", "executions: what ran, and how it ended");
        room.Add("list", "executions, newest first", around,
            [Job, Status, Arguments.From, Arguments.To, Arguments.Tag, Arguments.Limit, Arguments.Cursor, Arguments.All], ListAsync);
        room.Add("get", "one execution with its attempts", around, [Arguments.Execution], GetAsync);
        room.Add("cancel", "stop an execution that waits, runs or is about to be retried", around, [Arguments.Execution, Arguments.IdempotencyKey],
            call => PostAsync(call, "cancel", e => $"{e.Text("id")} {e.Text("status")}"));
        room.Add("replay", "run an execution once more, as a new one", around, [Arguments.Execution, Arguments.IdempotencyKey],
            call => PostAsync(call, "replay", e => $"started {e.Text("id")}"));
        room.Add("tail", "follow executions as they start and end", around, ExecutionTail.Takes, ExecutionTail.RunAsync);
        room.Add("output", "the whole response of an attempt, byte for byte", around, [Arguments.Execution, Attempt], OutputAsync);
        room.Add("put-output", "keep a file as the output of an attempt, in place of what its target answered", around, [Arguments.Execution, OutputPath, Attempt, OutputType], PutOutputAsync);
    }

    /// <summary>Waits for the end of an execution.</summary>
    public static Task<JsonElement> EndAsync(Call call, string id) =>
        Waiting.UntilAsync(call, Arguments.ExecutionPath(id), e => IsFinal(e.Text("status")));

    public static bool IsFinal(string? status) => status is "succeeded" or "failed" or "cancelled" or "timed_out" or "lost" or "skipped";

    public static void RequireSuccess(JsonElement execution)
    {
        if (execution.Text("status") is not "succeeded" and var status)
        {
            throw new CliFailure(ExitCode.Refused, $"the execution ended as {status}", [],
                [.. execution.Items("attempts").Select(a => a.Text("error")).OfType<string>().TakeLast(1)]);
        }
    }

    private static async Task ListAsync(Call call) => call.Print.List(
        await Pages.ReadAsync(call, (cursor, limit) => new Query("/executions")
            .And("job", call.Of(Job)).And("status", call.Of(Status)).And("from", call.Time(Arguments.From)).And("to", call.Time(Arguments.To))
            .And("tag", call.Of(Arguments.Tag)).And("limit", limit).And("cursor", cursor)),
        Shape);

    private static async Task GetAsync(Call call) =>
        call.Print.One((await call.Api.GetAsync(Arguments.ExecutionPath(call.Of(Arguments.Execution)), call.Cancellation)).Json, "id");

    private static async Task PostAsync(Call call, string verb, Func<JsonElement, string> sentence)
    {
        var execution = (await call.Api.SendAsync(call.Post($"{Arguments.ExecutionPath(call.Of(Arguments.Execution))}/{verb}", new JsonObject()), call.Cancellation)).Json;
        call.Print.Done(execution, "id", sentence(execution));
    }

    private static async Task OutputAsync(Call call)
    {
        var path = Arguments.ExecutionPath(call.Of(Arguments.Execution));
        var attempt = await AttemptAsync(call, path);
        var answer = await call.Api.SendAsync(new ApiRequest(HttpMethod.Get, $"{path}/attempts/{attempt}/output") { Accept = "*/*" }, call.Cancellation);
        await call.Around.Out.FlushAsync(call.Cancellation);
        await using var output = call.Around.RawOut();
        await output.WriteAsync(answer.Body, call.Cancellation);
    }

    private static async Task PutOutputAsync(Call call)
    {
        var path = Arguments.ExecutionPath(call.Of(Arguments.Execution));
        byte[] bytes;
        try
        {
            bytes = await File.ReadAllBytesAsync(Path.GetFullPath(call.Of(OutputPath)!, call.Around.Folder), call.Cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliFailure.Usage($"file: {e.Message}");
        }

        var request = new ApiRequest(HttpMethod.Put, $"{path}/attempts/{await AttemptAsync(call, path)}/output") { Body = bytes, BodyType = call.Of(OutputType) ?? "application/octet-stream" };
        var kept = (await call.Api.SendAsync(request, call.Cancellation)).Json;
        call.Print.Done(kept, "execution_id", $"kept {kept.Number("bytes")} bytes of attempt {kept.Number("attempt")}");
    }

    /// <summary>The attempt that was asked for, or the last.</summary>
    private static async Task<long> AttemptAsync(Call call, string path) =>
        call.Of(Attempt) ?? (await call.Api.GetAsync(path, call.Cancellation)).Json.Items("attempts").Select(a => a.Number("number")).DefaultIfEmpty(1).Max();
}

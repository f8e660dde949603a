using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Cli.Output;
using Chronos.Core.Kernel;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl backfill</c> and <c>chronosctl operation …</c>: run the slots of a range anew, and follow that.</summary>
internal static class BackfillCommands
{
    private static readonly Option<string> From = new("--from") { Description = "first slot (inclusive)", HelpName = "time", Required = true };
    private static readonly Option<string> To = new("--to") { Description = "end (exclusive)", HelpName = "time", Required = true };
    private static readonly Option<int?> MaxConcurrent = new("--max-concurrent") { Description = "how many at once (default 1)", HelpName = "n" };
    private static readonly Option<bool> Wait = new("--wait") { Description = "until it is over; exit code 1 unless every run succeeded" };
    private static readonly TableShape Operations = TableShape.Of("operation",
        TableColumn.Of("OPERATION", "operation"), TableColumn.Of("STATUS", "status"), TableColumn.Of("FROM", "from"), TableColumn.Of("TO", "to"),
        TableColumn.Of("TOTAL", "total"), TableColumn.Of("STARTED", "started"), TableColumn.Of("SUCCEEDED", "succeeded"), TableColumn.Of("FAILED", "failed"), TableColumn.Of("REASON", "reason"));

    private static readonly Argument<string> Operation = new("operation") { Description = "as printed by 'backfill'" };

    public static void AddBackfillCommands(this RootCommand root, Surroundings around)
    {
        root.Add("backfill", "run every slot of a range anew", around,
            [Arguments.Job, From, To, MaxConcurrent, Arguments.DryRun, Wait, Arguments.IdempotencyKey], BackfillAsync);
        var room = root.AddRoom("operation", "operations that take a while: backfills");
        room.Add("list", "the backfills of a job, newest first", around, [Arguments.Job], async call =>
            call.Print.List((await call.Api.GetAsync($"{call.JobPath()}/backfills", call.Cancellation)).Json, Operations));
        room.Add("get", "how far it is", around, [Operation], async call => call.Print.One((await call.Api.GetAsync(OperationPath(call.Of(Operation)), call.Cancellation)).Json, "operation"));
        room.Add("cancel", "start no more runs, and stop those that run", around, [Operation, Arguments.IdempotencyKey], async call =>
        {
            var operation = (await call.Api.SendAsync(call.Post($"{OperationPath(call.Of(Operation))}/cancel"), call.Cancellation)).Json;
            call.Print.Done(operation, "operation", Progress(operation));
        });
    }

    private static async Task BackfillAsync(Call call)
    {
        var body = new JsonObject { ["from"] = Rfc3339.Format(call.Time(From)!.Value), ["to"] = Rfc3339.Format(call.Time(To)!.Value) };
        if (call.Of(MaxConcurrent) is { } max)
        {
            body["max_concurrent"] = max;
        }

        if (call.Of(Arguments.DryRun))
        {
            body["dry_run"] = true;
            var plan = (await call.Api.SendAsync(call.Post($"{call.JobPath()}/backfill", body), call.Cancellation)).Json;
            call.Print.Done(plan, "total", $"would run {plan.Number("total")} slots");
            return;
        }

        var operation = (await call.Api.SendAsync(call.Post($"{call.JobPath()}/backfill", body), call.Cancellation)).Json;
        var id = operation.Text("operation") ?? throw new CliFailure(ExitCode.Refused, "the server accepted the backfill but named no operation");
        if (!call.Of(Wait))
        {
            call.Print.Done(operation, "operation", $"started {id}: {operation.Number("total")} slots");
            return;
        }

        call.Print.Remark($"started {id}: {operation.Number("total")} slots, waiting for the end");
        var said = -1L;
        var ended = await Waiting.UntilAsync(call, OperationPath(id), o =>
        {
            if (o.Number("succeeded") + o.Number("failed") is var done && done != said)
            {
                said = done;
                call.Print.Remark(Progress(o));
            }

            return IsOver(o);
        });
        call.Print.Done(ended, "operation", Progress(ended));
        if (ended.Number("failed") > 0 || ended.Number("succeeded") < ended.Number("total"))
        {
            throw new CliFailure(ExitCode.Refused, $"the backfill ended as {ended.Text("status")}: {ended.Number("failed")} of {ended.Number("total")} failed"
                + (ended.Text("reason") is { } reason ? $"; {reason}" : ""));
        }
    }

    private static bool IsOver(JsonElement operation) => operation.Text("status") is not ("running" or "pending");

    private static string Progress(JsonElement o) =>
        $"{o.Text("operation")} {o.Text("status")}: {o.Number("succeeded")} of {o.Number("total")} succeeded, {o.Number("failed")} failed, {o.Number("started")} started"
        + (o.Text("reason") is { } reason ? $" ({reason})" : "");

    private static string OperationPath(string operation) => $"/operations/{Arguments.Segment("operation", operation)}";
}

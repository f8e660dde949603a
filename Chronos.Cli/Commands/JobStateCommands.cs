using System.CommandLine;
using System.Text.Json.Nodes;
using Chronos.Cli.Documents;
using Chronos.Cli.Output;
using Chronos.Core.Kernel;

namespace Chronos.Cli.Commands;

/// <summary><c>job trigger|pause|resume|enable|disable</c>: what a job does now.</summary>
internal static class JobStateCommands
{
    private static readonly Option<string> Payload = new("--payload") { Description = "JSON (or @file) instead of the job's own payload", HelpName = "json" };
    private static readonly Option<bool> Force = new("--force") { Description = "even if the job is paused, disabled or still running" };
    private static readonly Option<bool> Wait = new("--wait") { Description = "until the execution has ended; exit code 1 unless it succeeded" };
    private static readonly Option<string> Reason = new("--reason") { Description = "why, for those who find it paused", HelpName = "text" };
    private static readonly Option<string> Until = new("--until") { Description = "resume by itself at this time", HelpName = "time" };
    private static readonly Option<string> For = new("--for") { Description = "resume by itself after this long", HelpName = "duration" };
    private static readonly Option<string> CatchUp = CatchUpOption();

    public static void AddStateVerbs(this Command room, Surroundings around)
    {
        Symbol[] guarded = [Arguments.Job, Arguments.IfMatch, Arguments.IdempotencyKey];
        room.Add("trigger", "run a job now", around, [Arguments.Job, Payload, Force, Wait, Arguments.IdempotencyKey], TriggerAsync);
        room.Add("pause", "keep a job from firing; its slots are recorded as paused", around, [.. guarded, Reason, Until, For], PauseAsync);
        room.Add("resume", "let a job fire again, and say what becomes of the slots it missed", around, [.. guarded, CatchUp], ResumeAsync);
        room.Add("enable", "switch a job on", around, guarded, call => SwitchAsync(call, "enable", "enabled"));
        room.Add("disable", "switch a job off", around, guarded, call => SwitchAsync(call, "disable", "disabled"));
    }

    private static async Task TriggerAsync(Call call)
    {
        var body = new JsonObject();
        if (call.Of(Payload) is { } given)
        {
            var text = given is ['@', .. var file] ? JobFiles.Text(call, file) : given;
            body["payload"] = JsonText.TryParse(text, out var json) ? JsonNode.Parse(json.GetRawText()) : throw CliFailure.Usage("--payload: is not JSON");
        }

        if (call.Of(Force))
        {
            body["force"] = true;
        }

        var execution = (await call.Api.SendAsync(call.Post($"{call.JobPath()}/trigger", body), call.Cancellation)).Json;
        var id = execution.Text("id") ?? throw new CliFailure(ExitCode.Refused, "the server accepted the trigger but named no execution");
        if (!call.Of(Wait))
        {
            call.Print.Done(execution, "id", $"started {id}");
            return;
        }

        call.Print.Remark($"started {id}, waiting for its end");
        var ended = await ExecutionCommands.EndAsync(call, id);
        call.Print.Done(ended, "id", $"{id} {ended.Text("status")}");
        ExecutionCommands.RequireSuccess(ended);
    }

    private static async Task PauseAsync(Call call)
    {
        if (call.Of(Until) is not null && call.Of(For) is not null)
        {
            throw CliFailure.Usage("give either --until or --for");
        }

        var until = call.Time(Until) ?? (call.Duration(For) is { } span ? call.Now + span : null);
        var body = new JsonObject();
        if (call.Of(Reason) is { } reason)
        {
            body["reason"] = reason;
        }

        if (until is { } end)
        {
            body["until"] = Rfc3339.Format(end);
        }

        var job = (await call.Api.SendAsync(call.Post($"{call.JobPath()}/pause", body), call.Cancellation)).Json;
        call.Print.Done(job, "name", $"paused {job.Text("name")}{(job.Text("paused_until") is { } at ? $" until {at}" : "")}");
    }

    private static async Task ResumeAsync(Call call)
    {
        var body = new JsonObject();
        if (call.Of(CatchUp) is { } rule)
        {
            body["catch_up"] = rule;
        }

        var job = (await call.Api.SendAsync(call.Post($"{call.JobPath()}/resume", body), call.Cancellation)).Json;
        call.Print.Done(job, "name", $"resumed {job.Text("name")}: {job.Number("missed")} slots missed, {job.Number("caught_up")} caught up");
    }

    private static async Task SwitchAsync(Call call, string verb, string done)
    {
        var job = (await call.Api.SendAsync(call.Post($"{call.JobPath()}/{verb}"), call.Cancellation)).Json;
        call.Print.Done(job, "name", $"{done} {job.Text("name")}");
    }

    private static Option<string> CatchUpOption()
    {
        var option = new Option<string>("--catch-up") { Description = "which missed slots to run now; the job's misfire policy when absent", HelpName = "none|last|all" };
        option.AcceptOnlyFromAmong("none", "last", "all");
        return option;
    }
}

using System.CommandLine;
using Chronos.Cli.Output;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl job …</c>: what a job is. What it does now is in <see cref="JobStateCommands"/>.</summary>
internal static class JobCommands
{
    private static readonly Option<string> Search = new("--search") { Description = "full text", HelpName = "words" };
    private static readonly Option<bool?> Enabled = new("--enabled") { Description = "only enabled, or only disabled jobs", HelpName = "true|false" };
    private static readonly Option<string> Sort = new("--sort") { Description = "field to sort by, - in front for descending", HelpName = "field" };
    private static readonly Option<int?> Count = new("--count") { Description = "how many", HelpName = "n" };
    private static readonly Argument<int> RevisionA = new("from") { Description = "revision" };
    private static readonly Argument<int?> RevisionB = new("to") { Description = "revision; the current one when absent", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Argument<int> Revision = new("revision") { Description = "number of a revision" };
    private static readonly Argument<int?> OneRevision = new("revision") { Description = "show this one", Arity = ArgumentArity.ZeroOrOne };

    public static void AddJobCommands(this RootCommand root, Surroundings around)
    {
        var room = root.AddRoom("job", "jobs: what runs, when, and how");
        room.Add("list", "jobs, by name", around, [Search, Arguments.Tag, Enabled, Sort, Arguments.Limit, Arguments.Cursor, Arguments.All], ListAsync);
        room.Add("get", "one job", around, [Arguments.Job], GetAsync);
        room.AddWritingVerbs(around);
        room.Add("apply", "make the jobs of files exist as the files say; all or nothing", around, JobApply.Takes, JobApply.RunAsync);
        room.Add("delete", "delete a job", around, [Arguments.Job, Arguments.IfMatch, Arguments.IdempotencyKey], DeleteAsync);
        room.AddStateVerbs(around);
        room.Add("versions", "revisions of a job, or one of them", around, [Arguments.Job, OneRevision, Arguments.Limit, Arguments.Cursor, Arguments.All], VersionsAsync);
        room.Add("diff", "what changed between two revisions", around, [Arguments.Job, RevisionA, RevisionB], DiffAsync);
        room.Add("rollback", "make an old revision the current one again", around, [Arguments.Job, Revision, Arguments.IfMatch, Arguments.IdempotencyKey], RollbackAsync);
        room.Add("next", "when it will run", around, [Arguments.Job, Count, Arguments.From], NextAsync);
        room.Add("export", "all jobs as documents that 'job apply' reads; YAML unless -o json", around, [Arguments.Tag], ExportAsync);
    }

    private static async Task ListAsync(Call call) => call.Print.List(
        await Pages.ReadAsync(call, (cursor, limit) => new Query("/jobs")
            .And("limit", limit).And("cursor", cursor).And("q", call.Of(Search)).And("tag", call.Of(Arguments.Tag))
            .And("enabled", call.Of(Enabled) is { } enabled ? (enabled ? "true" : "false") : null).And("sort", call.Of(Sort))),
        JobShapes.Jobs);

    private static async Task GetAsync(Call call) => call.Print.One((await call.Api.GetAsync(call.JobPath(), call.Cancellation)).Json, "name");

    private static async Task DeleteAsync(Call call)
    {
        var answer = await call.Api.SendAsync(call.Keyed(HttpMethod.Delete, call.JobPath()), call.Cancellation);
        if (answer.Body.Length > 0 || call.Print.Format == OutputFormat.Table)
        {
            call.Print.Done(answer.Json, "name", $"deleted {call.Of(Arguments.Job)}");
        }
    }

    private static async Task VersionsAsync(Call call)
    {
        if (call.Of(OneRevision) is { } revision)
        {
            call.Print.One((await call.Api.GetAsync($"{call.JobPath()}/versions/{revision}", call.Cancellation)).Json, "revision");
            return;
        }

        call.Print.List(
            await Pages.ReadAsync(call, (cursor, limit) => new Query($"{call.JobPath()}/versions").And("limit", limit).And("cursor", cursor)), JobShapes.Revisions);
    }

    private static async Task DiffAsync(Call call)
    {
        var to = call.Of(RevisionB) ?? (await call.Api.GetAsync(call.JobPath(), call.Cancellation)).Json.Number("revision");
        call.Print.List((await call.Api.GetAsync($"{call.JobPath()}/versions/{call.Of(RevisionA)}/diff/{to}", call.Cancellation)).Json, "changes", JobShapes.Changes);
    }

    private static async Task RollbackAsync(Call call)
    {
        var job = (await call.Api.SendAsync(call.Post($"{call.JobPath()}/rollback/{call.Of(Revision)}"), call.Cancellation)).Json;
        call.Print.Done(job, "name", $"{job.Text("name")} is as in revision {call.Of(Revision)} again, now revision {job.Text("revision")}");
    }

    private static async Task NextAsync(Call call)
    {
        var answer = (await call.Api.GetAsync(new Query($"{call.JobPath()}/next").And("count", call.Of(Count)).And("from", call.Time(Arguments.From)).ToString(), call.Cancellation)).Json;
        call.Print.List(answer, JobShapes.Times);
        if (answer.Field("note")?.GetString() is { } note)
        {
            call.Print.Remark(note);
        }
    }

    private static async Task ExportAsync(Call call)
    {
        var accept = call.Print.Format == OutputFormat.Json ? "application/json" : "application/yaml";
        var answer = await call.Api.SendAsync(
            new ApiRequest(HttpMethod.Get, new Query("/jobs:export").And("tag", call.Of(Arguments.Tag)).ToString()) { Accept = accept }, call.Cancellation);
        if (call.Print.Format == OutputFormat.Json)
        {
            call.Print.TryPrograms(answer.Json);
            return;
        }

        await call.Around.Out.WriteAsync(System.Text.Encoding.UTF8.GetString(answer.Body));
    }
}

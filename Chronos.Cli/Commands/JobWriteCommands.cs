using System.CommandLine;
using Chronos.Cli.Documents;
using Chronos.Cli.Output;

namespace Chronos.Cli.Commands;

/// <summary><c>job create</c> and <c>job update</c>: from a file, or from flags.</summary>
internal static class JobWriteCommands
{
    private static readonly Option<string> File = new("--file", "-f") { Description = "YAML or JSON file with one document, or - for stdin", HelpName = "path" };

    private static readonly Option<string[]> Set = new("--set")
    {
        Description = "path=value, e.g. retry.max_attempts=5; a value that reads as JSON is JSON, null removes; may be given several times",
        HelpName = "path=value",
    };

    public static void AddWritingVerbs(this Command room, Surroundings around)
    {
        room.Add("create", "a new job, from a file or from flags", around,
            [File, .. JobFlags.All, Arguments.DryRun, Arguments.IdempotencyKey], CreateAsync);
        room.Add("update", "replace a job (-f), or change some of its fields (--set)", around,
            [Arguments.Job, File, Set, Arguments.IfMatch, Arguments.DryRun, Arguments.OwnKey], UpdateAsync);
    }

    private static async Task CreateAsync(Call call)
    {
        var source = call.Of(File) is { } file
            ? JobFlags.Any(call) ? throw CliFailure.Usage("give either --file or flags, not both") : await JobFiles.OneAsync(call, file)
            : JobFlags.Document(call);
        source.Check();
        var request = call.Post(DryRun(call, "/jobs")) with { Body = JsonText.Utf8(source.Json) };
        var job = (await SendAsync(call, request, source)).Json;
        call.Print.Done(job, "job_id", call.Of(Arguments.DryRun) ? $"would create {source.Name}" : $"created {job.Text("name")} ({job.Text("job_id")}), next at {job.Text("next_at") ?? "no time"}");
    }

    private static async Task UpdateAsync(Call call)
    {
        var changes = call.Of(Set) ?? [];
        if (call.Of(File) is null == (changes.Length == 0))
        {
            throw CliFailure.Usage("give either --file (replaces the job) or --set (changes fields)");
        }

        var path = DryRun(call, call.JobPath());
        ApiRequest request;
        SourceDocument? source = null;
        if (call.Of(File) is { } file)
        {
            source = await JobFiles.OneAsync(call, file);
            source.Check();
            request = new ApiRequest(HttpMethod.Put, path) { Body = JsonText.Utf8(source.Json), IfMatch = call.EntityTag() };
        }
        else
        {
            request = new ApiRequest(HttpMethod.Patch, path) { Body = JsonText.Utf8(MergePatch.Of(changes)), BodyType = "application/merge-patch+json", IfMatch = call.EntityTag() };
        }

        var job = (await SendAsync(call, request with { IdempotencyKey = call.Of(Arguments.OwnKey) }, source)).Json;
        if (call.Of(Arguments.DryRun) && job.Field("changes") is not null)
        {
            call.Print.List(job, "changes", JobShapes.Changes);
            return;
        }

        call.Print.Done(job, "job_id", $"updated {job.Text("name")}, revision {job.Text("revision")}");
    }

    private static async Task<ApiAnswer> SendAsync(Call call, ApiRequest request, SourceDocument? source)
    {
        try
        {
            return await call.Api.SendAsync(request, call.Cancellation);
        }
        catch (CliFailure refused) when (source is not null)
        {
            throw source.Placed(refused);
        }
    }

    private static string DryRun(Call call, string path) => call.Of(Arguments.DryRun) ? $"{path}?dry_run=true" : path;
}

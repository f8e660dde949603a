using System.CommandLine;
using System.Text.Json;
using Chronos.Cli.Output;
using Chronos.Core.Kernel;

namespace Chronos.Cli.Commands;

/// <summary>
/// <c>execution tail</c>: a line whenever an execution starts, changes its status or ends. Reads the durable list, so a line comes
/// after the fact but is never missed while the reader keeps up.
/// </summary>
internal static class ExecutionTail
{
    private static readonly Option<string> Job = new("--job") { Description = "of this job only", HelpName = "job" };
    private static readonly Option<string> Since = new("--from") { Description = "begin here instead of now", HelpName = "time" };
    private static readonly Option<int?> Count = new("--count") { Description = "stop after so many ended executions", HelpName = "n" };
    private static readonly Option<string> For = new("--for") { Description = "stop after this long", HelpName = "duration" };
    private static readonly Option<string> Every = new("--interval") { Description = "how often to look (default 1s)", HelpName = "duration" };

    /// <summary>How far the list may lag behind: an execution that is older than the newest seen can still turn up this much later.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(5);

    public static readonly Symbol[] Takes = [Job, Since, Count, For, Every];

    public static async Task RunAsync(Call call)
    {
        var start = call.Now;
        var begin = call.Time(Since) ?? start;
        var end = call.Duration(For) is { } span ? start + span : (DateTimeOffset?)null;
        var interval = call.Duration(Every) ?? TimeSpan.FromSeconds(1);
        if (interval <= TimeSpan.Zero || call.Of(Count) is <= 0)
        {
            throw CliFailure.Usage("--interval and --count must be more than nothing");
        }

        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        var ended = 0;
        while (true)
        {
            var window = call.Now - Overlap > begin ? call.Now - Overlap : begin;
            foreach (var execution in await ReadAsync(call, window))
            {
                if (execution.Text("id") is not { } id || execution.Text("status") is not { } status || (seen.TryGetValue(id, out var before) && before == status))
                {
                    continue;
                }

                seen[id] = status;
                call.Print.StreamItem(execution, Line(execution));
                if (ExecutionCommands.IsFinal(status) && ++ended == call.Of(Count))
                {
                    return;
                }
            }

            Forget(seen, 100_000);
            if (call.Now >= end)
            {
                return;
            }

            await Task.Delay(interval, call.Around.Clock, call.Cancellation);
        }
    }

    private static async Task<IEnumerable<JsonElement>> ReadAsync(Call call, DateTimeOffset from)
    {
        var all = new List<JsonElement>();
        string? cursor = null;
        do
        {
            var query = new Query("/executions").And("job", call.Of(Job)).And("from", from).And("limit", 500).And("cursor", cursor);
            var page = (await call.Api.GetAsync(query.ToString(), call.Cancellation)).Json;
            all.AddRange(page.Items("items"));
            cursor = page.Text("next_cursor");
        }
        while (!string.IsNullOrEmpty(cursor) && all.Count < 20_000);

        // The list is newest first; people read downwards.
        return all.AsEnumerable().Reverse();
    }

    private static string Line(JsonElement e) => string.Join("  ",
        (e.Text("finished_at") ?? e.Text("started_at") ?? e.Text("claimed_at") ?? e.Text("scheduled_at") ?? Rfc3339.Format(default)).PadRight(28),
        (e.Text("status") ?? "").PadRight(9),
        e.Text("job_name") ?? e.Text("job_id"),
        e.Text("id"),
        e.Items("attempts").Select(a => a.Text("error")).OfType<string>().LastOrDefault() ?? e.Text("skip_reason") ?? "").TrimEnd();

    private static void Forget(Dictionary<string, string> seen, int limit)
    {
        if (seen.Count > limit)
        {
            foreach (var id in seen.Where(s => ExecutionCommands.IsFinal(s.Value)).Select(s => s.Key).Take(limit / 2).ToList())
            {
                seen.Remove(id);
            }
        }
    }
}

using System.CommandLine;
using Chronos.Cli.Output;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl agenda</c>: what will fire over all jobs.</summary>
internal static class AgendaCommands
{
    private const int DefaultLimit = 1_000;

    private static readonly Option<int?> Limit = new("--limit") { Description = $"rows at most (default {DefaultLimit})", HelpName = "n" };
    private static readonly Option<string> From = new("--from") { Description = "from this time on (default now)", HelpName = "time" };
    private static readonly Option<string> To = new("--to") { Description = "until before this time, at most 31 days later (default a day later)", HelpName = "time" };

    private static readonly TableShape Rows = TableShape.Of("job_name",
        TableColumn.Of("FIRES_AT", "fires_at"), TableColumn.Of("JOB", "job_name"), TableColumn.Of("NOMINAL", "at"), TableColumn.Of("NOTE", "note"));

    private static readonly TableShape Collisions = TableShape.Of("minute", TableColumn.Of("MINUTE", "minute"), TableColumn.Of("EXECUTIONS", "count"));

    public static void AddAgendaCommands(this RootCommand root, Surroundings around) =>
        root.Add("agenda", "what will fire in a window over all jobs, and where it collides; nothing is run", around, [From, To, Limit], AgendaAsync);

    private static async Task AgendaAsync(Call call)
    {
        var path = new Query("/agenda").And("from", call.Time(From)).And("to", call.Time(To)).And("limit", call.Of(Limit) ?? DefaultLimit).ToString();
        var answer = (await call.Api.GetAsync(path, call.Cancellation)).Json;
        call.Print.List(answer, Rows);
        if (call.Print.Format != OutputFormat.Table || call.Print.IsQuiet)
        {
            return;
        }

        if (answer.Items("collisions").Any())
        {
            call.Print.Line("");
            call.Print.Line("more than one in a minute:");
            call.Print.List(answer, "collisions", Collisions);
        }

        if (answer.Field("more")?.ValueKind == System.Text.Json.JsonValueKind.True)
        {
            call.Print.Remark($"there are more: stopped after {answer.Text("count")} rows (--limit); collisions are told up to the minute of the last one");
        }
    }
}

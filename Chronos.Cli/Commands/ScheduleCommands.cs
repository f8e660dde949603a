using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Chronos.Cli.Documents;
using Chronos.Cli.Output;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl schedule …</c>: asks no server. The very code that fires computes what is shown here.</summary>
internal static class ScheduleCommands
{
    private const int DefaultCount = 10;

    /// <summary>Enough for a second-by-second day; more is a mistake in the range.</summary>
    private const int MaxCount = 100_000;

    private static readonly Argument<string> Expression = new("schedule") { Description = "cron expression, macro such as @daily, '@every 90s', or a JSON object as in a job document" };
    private static readonly Option<string> Zone = new("--tz", "--timezone") { Description = "IANA zone", HelpName = "zone", DefaultValueFactory = _ => "UTC" };
    private static readonly Option<int?> Count = new("--count") { Description = $"how many; {DefaultCount} when there is no --to", HelpName = "n" };
    private static readonly Option<string> DayMatchOption = DayMatches();
    private static readonly Option<string> Job = new("--job") { Description = "name of the job: seed of H and of jitter", HelpName = "name", DefaultValueFactory = _ => "preview" };

    private static readonly Option<string> Timeout = new("--timeout") { Description = "of one attempt of the job (default 5m)", HelpName = "duration" };
    private static readonly Option<bool> Strict = new("--strict") { Description = "exit code 1 when there is something" };

    private static readonly TableShape Warnings = TableShape.Of("code", TableColumn.Of("CODE", "code"), TableColumn.Of("MESSAGE", "message"));

    public static void AddScheduleCommands(this RootCommand root, Surroundings around)
    {
        var room = root.AddRoom("schedule", "schedules, computed here without a server");
        room.Add("preview", "when a schedule fires", around, [Expression, Zone, Arguments.From, Arguments.To, Count, DayMatchOption, Job], PreviewAsync);
        room.Add("explain", "a schedule in one sentence", around, [Expression, Zone, DayMatchOption, Job], ExplainAsync);
        room.Add("lint", "what may surprise in a schedule", around, [Expression, Zone, DayMatchOption, Job, Timeout, Strict], LintAsync);
    }

    private static Task PreviewAsync(Call call)
    {
        var (from, to, count) = (call.Time(Arguments.From) ?? call.Now, call.Time(Arguments.To), call.Of(Count) ?? (call.Of(Arguments.To) is null ? DefaultCount : MaxCount));
        if (count is < 1 or > MaxCount)
        {
            throw CliFailure.Usage($"--count: must be from 1 to {MaxCount}");
        }

        if (to <= from)
        {
            throw CliFailure.Usage("--to: must be after --from");
        }

        var schedule = Compile(call);
        var rows = SchedulePreview.Rows(schedule, from, to, count + 1);
        var items = new JsonArray();
        foreach (var row in rows.Take(count))
        {
            items.Add((JsonNode)new JsonObject
            {
                ["at"] = Rfc3339.Format(row.At),
                ["local"] = row.Local.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture),
                ["notes"] = new JsonArray([.. row.Notes.Select(n => JsonValue.Create(n))]),
            });
        }

        call.Print.List(JsonText.ToElement(new JsonObject { ["items"] = items, ["timezone"] = schedule.Timezone, ["more"] = rows.Length > count }), JobShapes.Times);
        if (rows.Length > count && call.Of(Arguments.To) is not null)
        {
            call.Print.Remark($"there are more: stopped after {count}");
        }

        return Task.CompletedTask;
    }

    private static Task ExplainAsync(Call call)
    {
        var sentence = ScheduleExplain.Sentence(Compile(call));
        call.Print.Done(JsonText.ToElement(new JsonObject { ["sentence"] = sentence }), "sentence", sentence);
        return Task.CompletedTask;
    }

    private static Task LintAsync(Call call)
    {
        var warnings = ScheduleLint.Warnings(Compile(call), call.Now, call.Duration(Timeout) ?? JobDefinition.DefaultTimeout);
        call.Print.List(
            JsonText.ToElement(new JsonObject
            {
                ["items"] = new JsonArray([.. warnings.Select(w => (JsonNode)new JsonObject { ["code"] = w.Code, ["message"] = w.Message })]),
            }),
            Warnings);
        return warnings.Length == 0 || !call.Of(Strict) ? Task.CompletedTask : throw new CliFailure(ExitCode.Refused, $"{warnings.Length} to look at");
    }

    private static Schedule Compile(Call call)
    {
        var text = call.Of(Expression);
        var dayMatch = call.Of(DayMatchOption) == "all" ? DayMatch.All : DayMatch.Any;
        var violations = new List<Violation>();
        var spec = ScheduleJson.Read(JsonText.ToElement(ScheduleArgument.Read(text)), "schedule", violations);
        if (spec is not null && call.Of(DayMatchOption) is not null)
        {
            spec = spec with { DayMatch = dayMatch };
        }

        // With a spec that cannot be read the zone is still looked at: all faults in one answer.
        var schedule = Schedule.Compile(spec ?? new ScheduleSpec { Every = TimeSpan.FromHours(1) }, call.Of(Zone)!, TenantId.Default, call.Of(Job)!, violations);
        return violations.Count == 0
            ? schedule!
            : throw new CliFailure(ExitCode.Refused, SourceDocument.Summary(violations), violations, [.. CronCaret.Lines(text, dayMatch).Where(_ => !text.TrimStart().StartsWith('{'))]);
    }

    private static Option<string> DayMatches()
    {
        var option = new Option<string>("--day-match") { Description = "how day-of-month and day-of-week combine: any is crontab's OR, all is AND", HelpName = "any|all" };
        option.AcceptOnlyFromAmong("any", "all");
        return option;
    }
}

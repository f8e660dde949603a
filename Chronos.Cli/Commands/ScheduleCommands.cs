using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Cli.Documents;
using Chronos.Cli.Output;
using Chronos.Core.Calendars;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Tzdb;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl schedule …</c>: asks no server. The very code that fires computes what is shown here.</summary>
internal static class ScheduleCommands
{
    private const int DefaultCount = 10;

    /// <summary>Enough for a second-by-second day; more is a mistake in the range.</summary>
    private const int MaxCount = 100_000;

    /// <summary>What a node answers at once.</summary>
    private const int MaxAsked = 1_000;

    private static readonly Argument<string> Expression = new("schedule") { Description = "cron expression, macro such as @daily, '@every 90s', or a JSON object as in a job document" };
    private static readonly Option<string> Zone = new("--tz", "--timezone") { Description = "IANA zone", HelpName = "zone", DefaultValueFactory = _ => "UTC" };
    private static readonly Option<int?> Count = new("--count") { Description = $"how many; {DefaultCount} when there is no --to", HelpName = "n" };
    private static readonly Option<string> DayMatchOption = DayMatches();
    private static readonly Option<string> Job = new("--job") { Description = "name of the job: seed of H and of jitter", HelpName = "name", DefaultValueFactory = _ => "preview" };

    private static readonly Option<string[]> Calendars = new("--calendar")
    {
        Description = "name of a calendar of the node, which is then asked; may be given several times",
        HelpName = "name",
    };

    private static readonly Option<string> Tzdb = new("--tzdb")
    {
        Description = "tz database: shipped, or a folder of compiled zone files such as /usr/share/zoneinfo (default: CHRONOS_TZDB)",
        HelpName = "shipped|folder",
    };

    private static readonly Option<string> Timeout = new("--timeout") { Description = "of one attempt of the job (default 5m)", HelpName = "duration" };
    private static readonly Option<bool> Strict = new("--strict") { Description = "exit code 1 when there is something" };

    private static readonly TableShape Warnings = TableShape.Of("code", TableColumn.Of("CODE", "code"), TableColumn.Of("MESSAGE", "message"));

    public static void AddScheduleCommands(this RootCommand root, Surroundings around)
    {
        var room = root.AddRoom("schedule", "schedules, computed here without a server (but calendars are asked from one)");
        room.Add("preview", "when a schedule fires", around, [Expression, Zone, Arguments.From, Arguments.To, Count, DayMatchOption, Job, Calendars, Tzdb], PreviewAsync);
        room.Add("explain", "a schedule in one sentence", around, [Expression, Zone, DayMatchOption, Job, Calendars, Tzdb], ExplainAsync);
        room.Add("lint", "what may surprise in a schedule", around, [Expression, Zone, DayMatchOption, Job, Calendars, Timeout, Strict, Tzdb], LintAsync);
    }

    private static async Task PreviewAsync(Call call)
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

        var spec = Read(call, []);
        if (spec is { Calendars.IsEmpty: false })
        {
            await AskAsync(call, spec, from, to, count);
            return;
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
                ["fires_at"] = row.FiresAt is { } fires ? Rfc3339.Format(fires) : null,
                ["notes"] = new JsonArray([.. row.Notes.Select(n => JsonValue.Create(n))]),
            });
        }

        call.Print.List(JsonText.ToElement(new JsonObject { ["items"] = items, ["timezone"] = schedule.Timezone, ["more"] = rows.Length > count }), JobShapes.Times);
        if (rows.Length > count && call.Of(Arguments.To) is not null)
        {
            call.Print.Remark($"there are more: stopped after {count}");
        }
    }

    /// <summary>Calendars are known to the node alone, so it is the one that is asked.</summary>
    private static async Task AskAsync(Call call, ScheduleSpec spec, DateTimeOffset from, DateTimeOffset? to, int count)
    {
        var body = Question(call, spec);
        (body["from"], body["count"]) = (Rfc3339.Format(from), Math.Min(count, MaxAsked));
        if (to is { } end)
        {
            body["to"] = Rfc3339.Format(end);
        }

        var answer = (await call.Api.SendAsync(new ApiRequest(HttpMethod.Post, "/schedules/preview").With(body), call.Cancellation)).Json;
        call.Print.List(answer, JobShapes.Times);
        if (to is not null && answer.Field("more")?.ValueKind == JsonValueKind.True)
        {
            call.Print.Remark($"there are more: stopped after {Math.Min(count, MaxAsked)}");
        }
    }

    /// <summary>What is asked of the node in every case.</summary>
    private static JsonObject Question(Call call, ScheduleSpec spec)
    {
        if (call.Of(Tzdb) is not null)
        {
            throw CliFailure.Usage("--tzdb: with calendars the node computes, with its own tz database");
        }

        return new JsonObject { ["schedule"] = JsonNode.Parse(ScheduleJson.ToElement(spec).GetRawText()), ["timezone"] = call.Of(Zone), ["job"] = call.Of(Job) };
    }

    private static async Task ExplainAsync(Call call)
    {
        if (Read(call, []) is { Calendars.IsEmpty: false } spec)
        {
            var answer = (await call.Api.SendAsync(new ApiRequest(HttpMethod.Post, "/schedules/explain").With(Question(call, spec)), call.Cancellation)).Json;
            call.Print.Done(answer, "sentence", answer.Text("sentence") ?? "");
            return;
        }

        var schedule = Compile(call);
        var sentence = ScheduleExplain.Sentence(schedule, call.Has([Job]) ? null : call.Of(Job));
        call.Print.Done(JsonText.ToElement(new JsonObject { ["sentence"] = sentence, ["timezone"] = schedule.Timezone, ["tzdb"] = Zones(call).Version }), "sentence", sentence);
    }

    private static async Task LintAsync(Call call)
    {
        if (Read(call, []) is { Calendars.IsEmpty: false } spec)
        {
            var body = Question(call, spec);
            if (call.Duration(Timeout) is { } timeout)
            {
                body["timeout"] = Durations.Format(timeout);
            }

            var answer = (await call.Api.SendAsync(new ApiRequest(HttpMethod.Post, "/schedules/lint").With(body), call.Cancellation)).Json;
            Say(call, answer.Items("warnings").Select(w => (w.Text("code") ?? "", w.Text("message") ?? "")));
            return;
        }

        Say(call, ScheduleLint.Warnings(Compile(call), call.Now, call.Duration(Timeout) ?? JobDefinition.DefaultTimeout).Select(w => (w.Code, w.Message)));
    }

    private static void Say(Call call, IEnumerable<(string Code, string Message)> warnings)
    {
        var items = new JsonArray([.. warnings.Select(w => (JsonNode)new JsonObject { ["code"] = w.Code, ["message"] = w.Message })]);
        var count = items.Count;
        call.Print.List(JsonText.ToElement(new JsonObject { ["items"] = items }), Warnings);
        if (count > 0 && call.Of(Strict))
        {
            throw new CliFailure(ExitCode.Refused, $"{count} to look at");
        }
    }

    private static ScheduleSpec? Read(Call call, List<Violation> violations)
    {
        var spec = ScheduleJson.Read(JsonText.ToElement(ScheduleArgument.Read(call.Of(Expression))), "schedule", violations);
        if (spec is not null && call.Of(DayMatchOption) is { } match)
        {
            spec = spec with { DayMatch = match == "all" ? DayMatch.All : DayMatch.Any };
        }

        return spec is not null && call.Of(Calendars) is { Length: > 0 } names ? spec with { Calendars = [.. spec.Calendars.Concat(names).Distinct(StringComparer.Ordinal)] } : spec;
    }

    private static Schedule Compile(Call call)
    {
        var text = call.Of(Expression);
        var dayMatch = call.Of(DayMatchOption) == "all" ? DayMatch.All : DayMatch.Any;
        var violations = new List<Violation>();
        var spec = Read(call, violations);

        // With a spec that cannot be read the zone is still looked at: all faults in one answer.
        var schedule = Schedule.Compile(spec ?? new ScheduleSpec { Every = TimeSpan.FromHours(1) }, call.Of(Zone)!, TenantId.Default, call.Of(Job)!, CalendarLookups.Lenient, Zones(call), violations);
        return violations.Count == 0
            ? schedule!
            : throw new CliFailure(ExitCode.Refused, SourceDocument.Summary(violations), violations, [.. ScheduleCaret.Lines(text, dayMatch, violations)]);
    }

    private static ZoneSource Zones(Call call) =>
        call.Of(Tzdb) is not { } setting ? ZoneSource.Default
        : TzdbFolder.Open(setting, out var wrong) ?? throw CliFailure.Usage($"--tzdb: {wrong}");

    private static Option<string> DayMatches()
    {
        var option = new Option<string>("--day-match") { Description = "how day-of-month and day-of-week combine: any is crontab's OR, all is AND", HelpName = "any|all" };
        option.AcceptOnlyFromAmong("any", "all");
        return option;
    }
}

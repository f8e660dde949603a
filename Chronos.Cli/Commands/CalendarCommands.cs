using System.CommandLine;
using System.Text;
using System.Text.Json;
using Chronos.Cli.Documents;
using Chronos.Cli.Output;
using Chronos.Core.Calendars;
using Chronos.Core.Kernel;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl calendar …</c>: named blackout and business times.</summary>
internal static class CalendarCommands
{
    private static readonly Argument<string> Name = new("calendar") { Description = "name of the calendar" };

    private static readonly Option<string[]> Files = new("--file", "-f")
    {
        Description = "YAML or JSON file, folder, or - for stdin; may be given several times",
        HelpName = "path",
        Required = true,
    };

    private static readonly Option<string> IcsFile = new("--file", "-f") { Description = "iCalendar file (.ics), or - for stdin", HelpName = "path", Required = true };
    private static readonly Option<string> Zone = new("--tz", "--timezone") { Description = "IANA zone of a new calendar (default UTC)", HelpName = "zone" };
    private static readonly Option<string> Mode = Words("--mode", "whether a new calendar is closed in the times of the file (exclude, the default) or open only in them", "exclude", "include");
    private static readonly Option<string> OnExcluded = Words("--on-excluded", "what becomes of a slot that a new calendar excludes", "skip", "next_open", "previous_open");

    private static readonly TableShape Shape = TableShape.Of("name",
        TableColumn.Of("NAME", "name"), TableColumn.Of("MODE", "mode"), TableColumn.Of("ON_EXCLUDED", "on_excluded"), TableColumn.Of("TIMEZONE", "timezone"),
        Entries("WEEKLY", "weekly"), Entries("DATES", "dates"), Entries("RANGES", "ranges"), Entries("IMPORTED", "imported"),
        TableColumn.Of("VERSION", "version"), TableColumn.Of("UPDATED_AT", "updated_at"));

    public static void AddCalendarCommands(this RootCommand root, Surroundings around)
    {
        var room = root.AddRoom("calendar", "named blackout and business times that jobs list in schedule.calendars");
        room.Add("list", "calendars", around, [Arguments.Limit, Arguments.Cursor, Arguments.All], async call => call.Print.List(
            await Pages.ReadAsync(call, (cursor, limit) => new Query("/calendars").And("limit", limit).And("cursor", cursor)), Shape));
        room.Add("get", "one calendar", around, [Name], async call => call.Print.One((await call.Api.GetAsync(Path(call.Of(Name)), call.Cancellation)).Json, "name"));
        room.Add("apply", "make calendars be as documents say; the jobs that list them are planned anew", around, [Files, Arguments.IfMatch, Arguments.DryRun], ApplyAsync);
        room.Add("delete", "delete a calendar that no job lists", around, [Name, Arguments.IfMatch], async call =>
        {
            var answer = await call.Api.SendAsync(new ApiRequest(HttpMethod.Delete, Path(call.Of(Name))) { IfMatch = call.EntityTag() }, call.Cancellation);
            call.Print.Done(answer.Json, "name", $"deleted {call.Of(Name)}");
        });
        room.Add("import", "take the events of an iCalendar file into a calendar, in place of those of the import before", around,
            [Name, IcsFile, Zone, Mode, OnExcluded, Arguments.IfMatch, Arguments.DryRun], ImportAsync);
    }

    private static async Task ApplyAsync(Call call)
    {
        var documents = await JobFiles.AllAsync(call, call.Of(Files)!);
        if (documents.Count == 0)
        {
            throw new CliFailure(ExitCode.Refused, "the files hold no documents");
        }

        // All are checked before the first is sent.
        var faults = documents.SelectMany(Faults).ToList();
        if (faults.Count > 0)
        {
            throw new CliFailure(ExitCode.Refused, $"nothing was applied: {SourceDocument.Summary(faults)}", faults, []);
        }

        foreach (var document in documents)
        {
            var name = document.Json.Text("name")!;
            var path = new Query(Path(name)).And("dry_run", call.Of(Arguments.DryRun) ? "true" : null).ToString();
            try
            {
                var answer = await call.Api.SendAsync(
                    new ApiRequest(HttpMethod.Put, path) { Body = JsonText.Utf8(document.Json), IfMatch = call.EntityTag() }, call.Cancellation);
                var made = (int)answer.Status == 201 ? "created" : $"version {answer.Json.Text("version")} of";
                call.Print.Done(answer.Json, "name", call.Of(Arguments.DryRun) ? $"{name} is valid" : $"{made} {name}");
            }
            catch (CliFailure refused)
            {
                throw document.Placed(refused);
            }
        }
    }

    private static async Task ImportAsync(Call call)
    {
        var file = call.Of(IcsFile)!;
        var text = file == "-" ? await call.Around.In.ReadToEndAsync(call.Cancellation) : JobFiles.Text(call, file);
        var path = new Query($"{Path(call.Of(Name))}/import").And("timezone", call.Of(Zone)).And("mode", call.Of(Mode)).And("on_excluded", call.Of(OnExcluded))
            .And("dry_run", call.Of(Arguments.DryRun) ? "true" : null).ToString();
        var answer = (await call.Api.SendAsync(
            new ApiRequest(HttpMethod.Post, path) { Body = Encoding.UTF8.GetBytes(text), BodyType = "text/calendar", IfMatch = call.EntityTag() }, call.Cancellation)).Json;
        var calendar = answer.Field("calendar") ?? answer;
        call.Print.Done(answer, "calendar.name",
            $"{(call.Of(Arguments.DryRun) ? "would take" : "took")} {answer.Text("imported")} events as {answer.Text("stretches")} stretches into {calendar.Text("name")}"
            + (answer.Text("left_out") is { } left and not "0" ? $", {left} left out (cancelled, over, or without length)" : ""));
        if (answer.Text("recurring_until") is { } until)
        {
            call.Print.Remark($"recurring events are written out until {until}; import again before then");
        }
    }

    private static IEnumerable<Violation> Faults(SourceDocument document)
    {
        var violations = new List<Violation>();
        CalendarDocument.Read(Bare(document.Json), violations);
        return violations.Select(v => document.Place.Length == 0 ? v : v with { Field = v.Field.Length == 0 ? document.Place : $"{document.Place}:{v.Field}" });
    }

    /// <summary>Without what a node adds: it may stand in a file that 'calendar get' wrote.</summary>
    private static JsonElement Bare(JsonElement document) => document.ValueKind == JsonValueKind.Object
        ? JsonText.Object(document.EnumerateObject().Where(m => m.Name is not ("version" or "created_at" or "created_by" or "updated_at" or "updated_by")))
        : document;

    private static string Path(string name) => $"/calendars/{Arguments.Segment("calendar", name)}";

    private static TableColumn Entries(string header, string field) =>
        new(header, item => item.Field(field) is { ValueKind: JsonValueKind.Array } list ? list.GetArrayLength().ToString(System.Globalization.CultureInfo.InvariantCulture) : "0");

    private static Option<string> Words(string name, string description, params string[] words)
    {
        var option = new Option<string>(name) { Description = description, HelpName = string.Join('|', words) };
        option.AcceptOnlyFromAmong(words);
        return option;
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Cli.Documents;
using Chronos.Cli.Output;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Studio;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl studio …</c>: try a request without a job, and make a job of it.</summary>
internal static class StudioCommands
{
    private static readonly Option<string> File = new("--file", "-f") { Description = "YAML or JSON file with one job document (its name may be left out), or - for stdin", HelpName = "path" };
    private static readonly Option<string> Job = new("--job") { Description = "the request of this job, once and apart from it", HelpName = "job" };
    private static readonly Option<string> Curl = new("--curl") { Description = "a curl line, or - for stdin; its credentials are used for this one request and go nowhere else", HelpName = "line" };
    private static readonly Option<string[]> Secrets = new("--secret") { Description = "name=value or name=@file: a secret for this one request; may be given several times", HelpName = "name=value" };
    private static readonly Option<bool> Document = new("--document") { Description = "print only the job document that was made of it" };
    private static readonly Argument<string> Line = new("line") { Description = "a curl line in quotes, or - for stdin" };
    private static readonly Argument<string> Exchange = new("exchange") { Description = "id of the exchange" };

    private static readonly TableShape Rows = TableShape.Of("id",
        TableColumn.Of("ID", "id"), TableColumn.Of("AT", "at"), TableColumn.Of("METHOD", "method"), TableColumn.Of("ADDRESS", "address"), TableColumn.Of("STATUS", "status_code"),
        TableColumn.Of("FAILURE", "failure"), TableColumn.Of("TOTAL_MS", "total_ms"));

    public static void AddStudioCommands(this RootCommand root, Surroundings around)
    {
        var room = root.AddRoom("studio", "try a request without a job, and make a job of it");
        room.Add("test", "send one request and see what happened on the wire", around, [File, Job, Curl, .. JobFlags.Request, Secrets, Document], TestAsync);
        room.Add("import", "a job document made of a curl line, without asking a node", around, [Line], ImportAsync);
        room.Add("list", "what you tried last on this node, newest first", around, [Arguments.Limit, Arguments.Cursor, Arguments.All], async call => call.Print.List(
            await Pages.ReadAsync(call, (cursor, limit) => new Query("/studio/exchanges").And("limit", limit).And("cursor", cursor)), Rows));
        room.Add("get", "one exchange", around, [Exchange, Document], async call =>
            Show(call, (await call.Api.GetAsync($"/studio/exchanges/{Arguments.Segment("exchange", call.Of(Exchange))}", call.Cancellation)).Json));
    }

    private static async Task TestAsync(Call call)
    {
        var (source, values) = await SourceAsync(call);
        var body = JsonNode.Parse(source.Json.GetRawText())!.AsObject();
        foreach (var pair in call.Of(Secrets) ?? [])
        {
            var (name, value) = Arguments.Pair("--secret", pair);
            values[name] = value is ['@', .. var file] ? JobFiles.Text(call, file).TrimEnd('\r', '\n') : value;
        }

        if (values.Count > 0)
        {
            var given = body["secret_values"]?.AsObject() ?? [];
            foreach (var (name, value) in values)
            {
                given[name] = value;
            }

            if (given.Parent is null)
            {
                body["secret_values"] = given;
            }
        }

        JsonElement exchange;
        try
        {
            exchange = (await call.Api.SendAsync(new ApiRequest(HttpMethod.Post, "/studio/test").With(body), call.Cancellation)).Json;
        }
        catch (CliFailure refused)
        {
            throw source.Placed(refused);
        }

        Show(call, exchange);
        if (exchange.Text("succeeded") != "true")
        {
            throw new CliFailure(ExitCode.Refused, $"the request failed ({exchange.Text("failure")})", [], exchange.Text("error") is { } error ? [error] : []);
        }
    }

    private static async Task<(SourceDocument Source, Dictionary<string, string> Values)> SourceAsync(Call call)
    {
        var ways = (call.Of(File) is null ? 0 : 1) + (call.Of(Job) is null ? 0 : 1) + (call.Of(Curl) is null ? 0 : 1) + (JobFlags.AnyRequest(call) ? 1 : 0);
        if (ways != 1)
        {
            throw CliFailure.Usage("give one of --file, --job, --curl, or --url with the other flags of a request");
        }

        if (call.Of(File) is { } file)
        {
            return (await JobFiles.OneAsync(call, file), []);
        }

        if (call.Of(Job) is { } job)
        {
            var document = (await call.Api.GetAsync($"/jobs/{Arguments.Segment("job", job)}", call.Cancellation)).Json;
            return (new SourceDocument("", 0, JobFiles.Stripped(document)), []);
        }

        if (call.Of(Curl) is not { } line)
        {
            return (JobFlags.Trial(call), []);
        }

        var imported = await ReadCurlAsync(call, line);
        Remarks(call, imported);
        return (new SourceDocument("", 0, imported.Document), imported.Values.ToDictionary(StringComparer.Ordinal));
    }

    private static async Task ImportAsync(Call call)
    {
        var imported = await ReadCurlAsync(call, call.Of(Line));
        var answer = new JsonObject
        {
            ["document"] = JsonNode.Parse(imported.Document.GetRawText()),
            ["secrets"] = new JsonArray([.. imported.Secrets.Select(secret => new JsonObject { ["name"] = secret.Name, ["used_for"] = secret.UsedFor })]),
            ["notes"] = new JsonArray([.. imported.Notes.Select(note => (JsonNode?)JsonValue.Create(note))]),
        };
        if (call.Print.TryPrograms(JsonText.ToElement(answer)))
        {
            return;
        }

        JobDocumentYamlWriter.Write(call.Around.Out, [imported.Document]);
        Remarks(call, imported);
    }

    private static async Task<ImportedRequest> ReadCurlAsync(Call call, string line)
    {
        var violations = new List<Violation>();
        return CurlImport.Read(line == "-" ? await call.Around.In.ReadToEndAsync(call.Cancellation) : line, violations)
            ?? throw new CliFailure(ExitCode.Refused, "the line cannot be taken over", violations, []);
    }

    private static void Remarks(Call call, ImportedRequest imported)
    {
        foreach (var note in imported.Notes)
        {
            call.Print.Remark(note);
        }

        Needs(call, imported.Secrets.Select(secret => (secret.Name, secret.UsedFor)));
    }

    private static void Needs(Call call, IEnumerable<(string Name, string UsedFor)> secrets)
    {
        foreach (var (name, use) in secrets)
        {
            call.Print.Remark($"the job needs the secret '{name}' for {use}: put it into <data>/secrets/{name} on the nodes");
        }
    }

    private static void Show(Call call, JsonElement exchange)
    {
        if (call.Of(Document))
        {
            var document = exchange.Field("document") ?? JsonText.EmptyObject;
            if (!call.Print.TryPrograms(document))
            {
                JobDocumentYamlWriter.Write(call.Around.Out, [document]);
            }

            Needs(call, exchange.Items("secrets").Select(secret => (secret.Text("name") ?? "", secret.Text("used_for") ?? "")));
            return;
        }

        if (call.Print.IsQuiet || call.Print.Format != OutputFormat.Table)
        {
            call.Print.Done(exchange, "id", "");
            return;
        }

        foreach (var sent in exchange.Items("sent"))
        {
            call.Print.Line($"> {sent.Text("method")} {sent.Text("address")}");
            Fields(call, ">", sent.Items("properties").Concat(sent.Items("headers")));
            Text(call, ">", sent.Text("body"));
        }

        var response = exchange.Field("response") ?? JsonText.EmptyObject;
        call.Print.Line($"< {(exchange.Text("succeeded") == "true" ? "succeeded" : exchange.Text("failure"))} {response.Text("status_code")} {response.Text("version")}".TrimEnd());
        Fields(call, "<", response.Items("headers"));
        foreach (var fact in response.Field("facts")?.EnumerateObject().ToArray() ?? [])
        {
            call.Print.Line($"< {fact.Name}: {fact.Value.Cell()}");
        }

        Text(call, "<", response.Text("body"));
        var timings = exchange.Field("timings") ?? JsonText.EmptyObject;
        call.Print.Line(string.Join(", ", new[] { ("dns", "dns_ms"), ("connect", "connect_ms"), ("tls", "tls_ms"), ("first byte", "first_byte_ms"), ("total", "total_ms") }
            .Where(step => timings.Field(step.Item2) is not null)
            .Select(step => string.Create(CultureInfo.InvariantCulture, $"{step.Item1} {timings.Field(step.Item2)!.Value.GetDouble():0.#} ms"))));
        if (exchange.Field("connection") is { } connection && connection.Text("remote") is { } remote)
        {
            call.Print.Line($"connected to {remote}{(connection.Text("tls") is { } tls ? $", {tls} {connection.Text("cipher")}, {connection.Text("certificate")}" : "")}");
        }

        call.Print.Remark($"exchange {exchange.Text("id")}; 'studio get {exchange.Text("id")} --document' prints a job that sends the same");
    }

    private static void Fields(Call call, string mark, IEnumerable<JsonElement> fields)
    {
        foreach (var field in fields)
        {
            call.Print.Line($"{mark} {field.Text("name")}: {field.Text("value")}");
        }
    }

    private static void Text(Call call, string mark, string? body)
    {
        if (string.IsNullOrEmpty(body))
        {
            return;
        }

        call.Print.Line(mark);
        foreach (var line in body.Split('\n'))
        {
            call.Print.Line($"{mark} {line}");
        }
    }
}

using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Chronos.Cli.Documents;
using Chronos.Cli.Output;
using Chronos.Core.Kernel;

namespace Chronos.Cli.Commands;

/// <summary>
/// <c>job apply</c>: checks every document here first, then sends all of them as one request, which the server does wholly or not
/// at all. A fault is named by file, document and field, whoever finds it.
/// </summary>
internal static partial class JobApply
{
    private static readonly Option<bool> Prune = new("--prune") { Description = "also delete every job that no document names" };

    private static readonly Option<string[]> Files = new("--file", "-f")
    {
        Description = "YAML or JSON file, folder, or - for stdin; may be given several times",
        HelpName = "path",
        Required = true,
    };

    public static readonly Symbol[] Takes = [Files, Arguments.DryRun, Prune, Arguments.IdempotencyKey];

    public static async Task RunAsync(Call call)
    {
        var documents = await JobFiles.AllAsync(call, call.Of(Files)!);
        if (documents.Count == 0)
        {
            throw new CliFailure(ExitCode.Refused, "the files hold no documents");
        }

        Check(documents);
        var path = new Query("/jobs:apply").And("dry_run", call.Of(Arguments.DryRun) ? "true" : null).And("prune", call.Of(Prune) ? "true" : null);
        var body = new JsonArray([.. documents.Select(d => JsonNode.Parse(d.Json.GetRawText()))]);
        JsonElement answer;
        try
        {
            answer = (await call.Api.SendAsync(call.Post(path.ToString()) with { Body = JsonText.Utf8(body) }, call.Cancellation)).Json;
        }
        catch (CliFailure refused)
        {
            throw Placed(refused, documents);
        }

        call.Print.List(answer, "results", JobShapes.Applied(index => Of(documents, index)?.Place));
        call.Print.Remark(Summary(answer, call.Of(Arguments.DryRun)));
    }

    private static void Check(IReadOnlyList<SourceDocument> documents)
    {
        var faults = new List<Violation>();
        var carets = new List<string>();
        var names = new Dictionary<string, SourceDocument>(StringComparer.Ordinal);
        foreach (var document in documents)
        {
            var own = document.Faults();
            faults.AddRange(own);
            carets.AddRange(document.Carets(own));
            if (document.Json.Text("name") is { } name && !names.TryAdd(name, document))
            {
                faults.Add(new Violation($"{document.Place}:name", $"'{name}' is also the name of {names[name].Place}"));
            }
        }

        if (faults.Count > 0)
        {
            throw new CliFailure(ExitCode.Refused, $"nothing was applied: {SourceDocument.Summary(faults)}", faults, carets);
        }
    }

    private static CliFailure Placed(CliFailure refused, IReadOnlyList<SourceDocument> documents) => new(
        refused.ExitCode,
        refused.Message,
        [.. refused.Violations.Select(v => Indexed().Match(v.Field) is { Success: true } match && Of(documents, int.Parse(match.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture)) is { } document
            ? v with { Field = match.Groups[2].Length == 0 ? document.Place : $"{document.Place}:{match.Groups[2].Value}" }
            : v)],
        refused.Remarks);

    private static SourceDocument? Of(IReadOnlyList<SourceDocument> documents, long index) =>
        index >= 0 && index < documents.Count ? documents[(int)index] : null;

    private static string Summary(JsonElement answer, bool dryRun)
    {
        var counts = answer.Items("results").GroupBy(r => r.Text("action") ?? "?").OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Count()} {g.Key}").ToList();
        return $"{(dryRun ? "would be: " : "")}{(counts.Count > 0 ? string.Join(", ", counts) : "nothing to do")}";
    }

    // The server counts documents from 0 in the order in which they were sent: documents[3].webhook.url
    [GeneratedRegex(@"\A[a-z_]*\[(\d{1,9})\]\.?(.*)\z", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Indexed();
}

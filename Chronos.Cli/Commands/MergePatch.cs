using System.Text.Json.Nodes;

namespace Chronos.Cli.Commands;

/// <summary>Turns <c>--set a.b=1 --set c=null</c> into a JSON merge patch.</summary>
internal static class MergePatch
{
    public static JsonObject Of(IEnumerable<string> changes)
    {
        var patch = new JsonObject();
        foreach (var change in changes)
        {
            var (path, value) = Arguments.Pair("--set", change);
            var steps = Steps(path);
            var place = patch;
            foreach (var step in steps[..^1])
            {
                if (place[step] is not JsonObject next)
                {
                    place[step] = next = [];
                }

                place = next;
            }

            place[steps[^1]] = Value(value);
        }

        return patch;
    }

    // A backslash keeps a dot inside a name: webhook.headers.X-Trace\.Id
    private static string[] Steps(string path)
    {
        var steps = path.Replace("\\.", "\0", StringComparison.Ordinal).Split('.').Select(s => s.Replace('\0', '.')).ToArray();
        return steps.All(s => s.Length > 0) ? steps : throw CliFailure.Usage($"--set: '{path}' is no path; write retry.max_attempts=5");
    }

    private static JsonNode? Value(string text) =>
        JsonText.TryParse(text, out var json) ? JsonNode.Parse(json.GetRawText()) : JsonValue.Create(text);
}

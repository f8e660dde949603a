using System.Text.Json.Nodes;

namespace Chronos.Cli.Documents;

/// <summary>A schedule as it is typed: a cron expression, a macro, or the JSON object of a job document.</summary>
internal static class ScheduleArgument
{
    public static JsonNode Read(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith("{"))
        {
            return JsonValue.Create(text);
        }

        return JsonText.TryParse(text, out var json) ? JsonNode.Parse(json.GetRawText())! : throw CliFailure.Usage($"schedule: {(text.Length <= ScheduleCaret.MostShown ? text : text[..ScheduleCaret.MostShown] + "…")} is no JSON object");
    }
}

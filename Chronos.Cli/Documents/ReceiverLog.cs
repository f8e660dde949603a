using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Core.Kernel;
using Chronos.Core.Verification;

namespace Chronos.Cli.Documents;

/// <summary>What a receiver got, one JSON object per line: <c>at, execution_id, attempt, scheduled_at, key, duplicate</c>.</summary>
internal static class ReceiverLog
{
    public static string Line(ReceivedRequest request, string key, bool duplicate) => new JsonObject
    {
        ["at"] = Rfc3339.Format(request.At),
        ["execution_id"] = request.ExecutionId,
        ["attempt"] = request.Attempt,
        ["scheduled_at"] = Rfc3339.Format(request.Nominal),
        ["key"] = key,
        ["duplicate"] = duplicate,
    }.ToJsonString();

    /// <exception cref="CliFailure">The file cannot be read, or a line is not as <see cref="Line"/> writes it; the line is named.</exception>
    public static List<ReceivedRequest> Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliFailure.Usage($"--received: {e.Message}");
        }

        var lines = text.Split('\n');
        var found = new List<ReceivedRequest>(lines.Length);
        for (var i = 0; i < lines.Length; i++)
        {
            // A receiver that was killed leaves half a line at the end: the beginning of one, without a line's end.
            if (lines[i].AsSpan().Trim().IsEmpty || (i == lines.Length - 1 && lines[i][0] == '{' && !lines[i].EndsWith('}')))
            {
                continue;
            }

            try
            {
                var json = JsonText.Parse(lines[i]);
                found.Add(new ReceivedRequest(
                    json.GetProperty("execution_id").GetString()!, json.GetProperty("attempt").GetInt32(),
                    json.GetProperty("scheduled_at").GetDateTimeOffset(), json.GetProperty("at").GetDateTimeOffset()));
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw CliFailure.Usage($"--received: line {i + 1} is no line of a receiver's log: {e.Message}");
            }
        }

        return found;
    }
}

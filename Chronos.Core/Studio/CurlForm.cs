using System.Text.Json.Nodes;
using Chronos.Core.Kernel;

namespace Chronos.Core.Studio;

/// <summary>The parts of a form as curl's <c>-F</c> writes them: <c>name=text;type=text/csv;filename=a.csv</c>.</summary>
internal static class CurlForm
{
    private const string Field = "curl";

    public static JsonArray Read(IEnumerable<(string Text, bool IsPlain)> parts, CredentialMoves moves, ICollection<Violation> faults) =>
        [.. parts.Select(part => Part(part.Text, part.IsPlain, moves, faults))];

    private static JsonObject? Part(string text, bool isPlain, CredentialMoves moves, ICollection<Violation> faults)
    {
        if (text.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var at))
        {
            faults.Add(new Violation(Field, "a part of a form is written name=content"));
            return null;
        }

        var (name, content) = (text[..at], text[(at + 1)..]);
        var made = new JsonObject { ["name"] = name };
        if (!isPlain && content.Length > 0 && content[0] is '@' or '<')
        {
            faults.Add(new Violation(Field, "-F reads a file; put its text into the line"));
            return null;
        }

        var value = content;
        if (!isPlain)
        {
            value = Unquoted(Attributes(content, made, faults));
        }

        made["value"] = CredentialText.IsName(name) && value.Length > 0 ? moves.Template(name, value, $"webhook.multipart.{name}") : value;
        return made;
    }

    /// <summary>Takes what stands behind the content: its type and the name of a file.</summary>
    private static string Attributes(string content, JsonObject part, ICollection<Violation> faults)
    {
        for (var end = content.LastIndexOf(';'); end >= 0 && !IsQuoted(content, end); end = content.LastIndexOf(';'))
        {
            var attribute = content[(end + 1)..].Trim();
            switch (attribute.Split('=', 2))
            {
                case ["type", var type]: part["content_type"] = type.Trim(); break;
                case ["filename", var file]: part["filename"] = Unquoted(file.Trim()); break;
                case [("headers" or "encoder") and var other, _]:
                    faults.Add(new Violation(Field, $"{other} of a part of a form cannot be taken over into a job"));
                    break;
                default: return content;
            }

            content = content[..end];
        }

        return content;
    }

    private static bool IsQuoted(string content, int at) => content.Length > 0 && content[0] == '"' && content.LastIndexOf('"') > at;

    private static string Unquoted(string text) =>
        text.Length >= 2 && text[0] == '"' && text[^1] == '"' ? text[1..^1].Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal) : text;
}

using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>What is true of any JSON that becomes part of a job: its text can be read, nothing is given twice, and it is not too deep.</summary>
public static class JobDocumentText
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One spelling of a value: no white space, one way to escape. Needs a sound value.</summary>
    public static string Compact(JsonElement value)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
        {
            value.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>
    /// A JSON text may be well formed and still hold strings that are no Unicode (half a surrogate pair, broken UTF-8): the reader
    /// then throws wherever the string is first looked at. So everything is looked at here, once.
    /// </summary>
    public static bool IsSound(JsonElement value, ICollection<Violation> violations) => IsSound(value, "", 0, violations);

    private static bool IsSound(JsonElement value, string path, int depth, ICollection<Violation> violations)
    {
        if (depth > JobDocumentLimits.MaxDepth)
        {
            violations.Add(new Violation(path, $"is nested deeper than {JobDocumentLimits.MaxDepth} levels"));
            return false;
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.String when !TryText(value, out _):
                violations.Add(new Violation(path, "is no valid Unicode text"));
                return false;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var element in value.EnumerateArray())
                {
                    if (!IsSound(element, $"{path}[{index++}]", depth + 1, violations))
                    {
                        return false;
                    }
                }

                return true;
            case JsonValueKind.Object:
                return AreMembersSound(value, path, depth, violations);
            default:
                return true;
        }
    }

    private static bool AreMembersSound(JsonElement value, string path, int depth, ICollection<Violation> violations)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            if (!TryName(member, out var name))
            {
                violations.Add(new Violation(path, "has a name that is no valid Unicode text"));
                return false;
            }

            var memberPath = path.Length == 0 ? name : $"{path}.{name}";
            memberPath = memberPath.Length <= 200 ? memberPath : memberPath[..200];
            if (!names.Add(name))
            {
                violations.Add(new Violation(memberPath, "is given twice"));
                return false;
            }

            if (!IsSound(member.Value, memberPath, depth + 1, violations))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryText(JsonElement value, out string text)
    {
        try
        {
            text = value.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            text = "";
            return false;
        }
    }

    private static bool TryName(JsonProperty member, out string name)
    {
        try
        {
            name = member.Name;
            return true;
        }
        catch (InvalidOperationException)
        {
            name = "";
            return false;
        }
    }
}

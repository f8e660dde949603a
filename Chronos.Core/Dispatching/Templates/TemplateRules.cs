using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Templates;

/// <summary>Checks a string of a document that may be a template.</summary>
internal static class TemplateRules
{
    // Who sends so many faults gets no more of them: each may have taken its whole time limit.
    private const int MostFaults = 16;

    /// <summary>Adds a violation for a template that cannot work. Answers the secrets that it uses.</summary>
    public static ImmutableArray<string> Check(string text, string path, ICollection<Violation> violations, bool inPayload)
    {
        if (!TemplateText.IsTemplate(text) || violations.Count >= MostFaults)
        {
            return [];
        }

        if (!TemplateText.TryParse(text, out var template, out var error))
        {
            violations.Add(new Violation(path, error));
            return [];
        }

        if (inPayload && template.Mentions("payload"))
        {
            violations.Add(new Violation(path, "a template inside the payload cannot use payload: it would refer to itself"));
        }

        return template.Secrets;
    }
}

/// <summary>Walks every string of a JSON value, with its path.</summary>
internal static class TemplateTree
{
    public static void Visit(JsonElement value, string path, Action<string, string> visit)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                visit(value.GetString()!, path);
                break;
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                {
                    Visit(property.Value, $"{path}.{property.Name}", visit);
                }

                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                {
                    Visit(item, string.Create(CultureInfo.InvariantCulture, $"{path}[{index++}]"), visit);
                }

                break;
        }
    }

    /// <summary>The same value with every string replaced; names of members stay as they are.</summary>
    public static void Rewrite(JsonElement value, Utf8JsonWriter writer, string path, Func<string, string, string> replace)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                writer.WriteStringValue(replace(value.GetString()!, path));
                break;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in value.EnumerateObject())
                {
                    writer.WritePropertyName(property.Name);
                    Rewrite(property.Value, writer, $"{path}.{property.Name}", replace);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                var index = 0;
                foreach (var item in value.EnumerateArray())
                {
                    Rewrite(item, writer, string.Create(CultureInfo.InvariantCulture, $"{path}[{index++}]"), replace);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}

using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Chronos.Core.Dispatching.Templates;

/// <summary>Renders the templates in the strings of a JSON value. What is put in is escaped, so it cannot change the shape of the JSON.</summary>
public static class TemplateJson
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The same JSON with every string that is a template rendered by <paramref name="render"/> (text, path of the field).</summary>
    public static string Render(string json, string path, Func<string, string, string> render)
    {
        // Braces may hide behind an escape.
        if (!TemplateText.IsTemplate(json) && !json.Contains("\\u", StringComparison.Ordinal))
        {
            return json;
        }

        using var document = JsonDocument.Parse(json);
        return Write(writer => TemplateTree.Rewrite(document.RootElement, writer, path, (text, at) => TemplateText.IsTemplate(text) ? render(text, at) : text));
    }

    /// <summary>Without white space and with one way of escaping.</summary>
    internal static string Canonical(JsonElement value) => Write(writer => TemplateTree.Rewrite(value, writer, string.Empty, static (text, _) => text));

    private static string Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Plain))
        {
            write(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}

using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Chronos.Cli;

/// <summary>JSON in and out without reflection, so that the program can be trimmed.</summary>
internal static class JsonText
{
    public static readonly JsonElement EmptyObject = Parse("{}");

    // Text that people read in a terminal or a file, never inside HTML.
    private static readonly JsonWriterOptions Pretty = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    public static bool TryParse(string text, out JsonElement json)
    {
        try
        {
            json = Parse(text);
            return true;
        }
        catch (JsonException)
        {
            json = default;
            return false;
        }
    }

    /// <summary>An object of these members; one that is given twice stays twice, for the reader to refuse.</summary>
    public static JsonElement Object(IEnumerable<JsonProperty> members)
    {
        using var document = JsonDocument.Parse(Write(
            writer =>
            {
                writer.WriteStartObject();
                foreach (var member in members)
                {
                    member.WriteTo(writer);
                }

                writer.WriteEndObject();
            },
            Compact));
        return document.RootElement.Clone();
    }

    public static JsonElement ToElement(JsonNode node)
    {
        using var document = JsonDocument.Parse(Utf8(node));
        return document.RootElement.Clone();
    }

    public static byte[] Utf8(JsonElement json) => Write(json.WriteTo, Compact).ToArray();

    public static byte[] Utf8(JsonNode node) => Write(writer => node.WriteTo(writer), Compact).ToArray();

    public static string Indented(JsonElement json) => Encoding.UTF8.GetString(Write(json.WriteTo, Pretty).Span);

    public static string OneLine(JsonElement json) => Encoding.UTF8.GetString(Write(json.WriteTo, Compact).Span);

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write, JsonWriterOptions options)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, options);
        write(writer);
        writer.Flush();
        return buffer.WrittenMemory;
    }
}

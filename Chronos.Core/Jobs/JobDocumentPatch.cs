using System.Text.Encodings.Web;
using System.Text.Json;

namespace Chronos.Core.Jobs;

/// <summary>JSON merge patch (RFC 7396): members of the patch replace those of the target, null removes them, objects merge.</summary>
public static class JobDocumentPatch
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The patched document. Both must be sound JSON of bounded depth, as every parsed request is.</summary>
    public static JsonElement Apply(JsonElement target, JsonElement patch)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            Write(writer, target, patch);
        }

        using var merged = JsonDocument.Parse(buffer.ToArray());
        return merged.RootElement.Clone();
    }

    private static void Write(Utf8JsonWriter writer, JsonElement? target, JsonElement patch)
    {
        if (patch.ValueKind != JsonValueKind.Object)
        {
            patch.WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        var patched = new HashSet<string>(StringComparer.Ordinal);
        if (target is { ValueKind: JsonValueKind.Object } old)
        {
            foreach (var member in old.EnumerateObject())
            {
                if (!patch.TryGetProperty(member.Name, out var change))
                {
                    member.WriteTo(writer);
                    continue;
                }

                patched.Add(member.Name);
                if (change.ValueKind != JsonValueKind.Null)
                {
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value, change);
                }
            }
        }

        foreach (var member in patch.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.Null && patched.Add(member.Name))
            {
                writer.WritePropertyName(member.Name);
                Write(writer, null, member.Value);
            }
        }

        writer.WriteEndObject();
    }
}

using System.Collections.Frozen;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Chronos.Core.Jobs;

/// <summary>JSON merge patch (RFC 7396): members of the patch replace those of the target, null removes them, objects merge.</summary>
/// <remarks>
/// The canonical document folds an object that says one thing to that word. Under a patch of its members it is the object again: a patch of one
/// must not take the word away. Of the kinds of a schedule a job has one: a patch that names one replaces the other, which the plain merge would
/// leave beside it, to be refused.
/// </remarks>
public static class JobDocumentPatch
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The fields that may be written as one word or as an object, and the member of the object that the word is.</summary>
    public static readonly FrozenDictionary<string, string> Words = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["schedule"] = "cron",
        ["misfire"] = "policy",
        ["concurrency_key"] = "name",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly string[] Kinds = ["cron", "every", "at", "rrule"];

    /// <summary>The patched document. Both must be sound JSON of bounded depth, as every parsed request is.</summary>
    public static JsonElement Apply(JsonElement target, JsonElement patch)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            Write(writer, target, patch, Words);
        }

        using var merged = JsonDocument.Parse(buffer.ToArray());
        return merged.RootElement.Clone();
    }

    /// <param name="words">The fields of this object that may be words.</param>
    private static void Write(Utf8JsonWriter writer, JsonElement? target, JsonElement patch, FrozenDictionary<string, string> words)
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
                    Write(
                        writer,
                        change.ValueKind == JsonValueKind.Object && words.TryGetValue(member.Name, out var word) ? Unfolded(member.Value, word, change) : member.Value,
                        change,
                        FrozenDictionary<string, string>.Empty);
                }
            }
        }

        foreach (var member in patch.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.Null && patched.Add(member.Name))
            {
                writer.WritePropertyName(member.Name);
                Write(writer, null, member.Value, FrozenDictionary<string, string>.Empty);
            }
        }

        writer.WriteEndObject();
    }

    private static JsonElement Unfolded(JsonElement field, string word, JsonElement change)
    {
        var full = field.ValueKind == JsonValueKind.String ? new JsonObject { [word] = field.GetString() } : JsonObject.Create(field);
        if (full is not null && Kinds.Contains(word) && Kinds.Any(k => change.TryGetProperty(k, out var kind) && kind.ValueKind != JsonValueKind.Null))
        {
            foreach (var other in Kinds.Where(k => !change.TryGetProperty(k, out _)))
            {
                full.Remove(other);
            }
        }

        return full is null ? field : JsonSerializer.SerializeToElement(full);
    }
}

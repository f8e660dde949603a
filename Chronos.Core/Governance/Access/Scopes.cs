using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chronos.Core.Governance.Access;

/// <summary>What the holder of a key may do. Written as words: <c>jobs:read</c>, …</summary>
[Flags]
[JsonConverter(typeof(ScopesConverter))]
public enum Scopes
{
    None = 0,
    JobsRead = 1 << 0,
    JobsWrite = 1 << 1,
    ExecutionsRead = 1 << 2,
    ExecutionsWrite = 1 << 3,
    ClusterRead = 1 << 4,
    ClusterWrite = 1 << 5,
    KeysRead = 1 << 6,
    KeysWrite = 1 << 7,

    /// <summary>Implies every scope, those of later versions too.</summary>
    Admin = 1 << 30,
}

/// <summary>The words of <see cref="Scopes"/>, and what a grant allows.</summary>
public static class ScopeWords
{
    private static readonly (string Word, Scopes Scope)[] Table =
    [
        ("admin", Scopes.Admin),
        ("jobs:read", Scopes.JobsRead), ("jobs:write", Scopes.JobsWrite),
        ("executions:read", Scopes.ExecutionsRead), ("executions:write", Scopes.ExecutionsWrite),
        ("cluster:read", Scopes.ClusterRead), ("cluster:write", Scopes.ClusterWrite),
        ("keys:read", Scopes.KeysRead), ("keys:write", Scopes.KeysWrite),
    ];

    private static readonly FrozenDictionary<string, Scopes> ByWord = Table.ToFrozenDictionary(r => r.Word, r => r.Scope);

    /// <summary>Every word, in the order of the documentation.</summary>
    public static readonly ImmutableArray<string> All = [.. Table.Select(r => r.Word)];

    public static bool TryParse(string? word, out Scopes scope)
    {
        scope = Scopes.None;
        return word is not null && ByWord.TryGetValue(word, out scope);
    }

    public static ImmutableArray<string> Of(Scopes scopes) => [.. Table.Where(r => (scopes & r.Scope) != 0).Select(r => r.Word)];

    /// <summary>Whether a grant covers all that is needed.</summary>
    public static bool Allows(this Scopes granted, Scopes needed) => (granted & Scopes.Admin) != 0 || (granted & needed) == needed;
}

/// <summary>Writes scopes as a list of words. A word that this version does not know grants nothing.</summary>
public sealed class ScopesConverter : JsonConverter<Scopes>
{
    public override Scopes Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException("a list of scopes is expected");
        }

        var scopes = Scopes.None;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            scopes |= ScopeWords.TryParse(reader.GetString(), out var scope) ? scope : Scopes.None;
        }

        return scopes;
    }

    public override void Write(Utf8JsonWriter writer, Scopes value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var word in ScopeWords.Of(value))
        {
            writer.WriteStringValue(word);
        }

        writer.WriteEndArray();
    }
}

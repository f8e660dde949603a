using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching;

/// <summary>A credential as a document names it: <c>{secret: name}</c>. The value is found by the worker and is never stored.</summary>
public readonly partial record struct SecretRef(string Name)
{
    /// <summary>Whether a text can name a secret; no name can leave the folder of the secrets.</summary>
    public static bool IsName(string? text) => text is not null && Names().IsMatch(text);

    /// <summary>Every name that a canonical section refers to; those of templates are listed by the job itself.</summary>
    public static ImmutableSortedSet<string> NamesIn(string section)
    {
        using var document = JsonDocument.Parse(section);
        var names = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        Visit(document.RootElement);
        return names.ToImmutable();

        void Visit(JsonElement value)
        {
            if (value.ValueKind == JsonValueKind.Object)
            {
                foreach (var member in value.EnumerateObject())
                {
                    if (member is { Name: "secret", Value.ValueKind: JsonValueKind.String } && IsName(member.Value.GetString()))
                    {
                        names.Add(member.Value.GetString()!);
                    }

                    Visit(member.Value);
                }
            }
            else if (value.ValueKind == JsonValueKind.Array)
            {
                foreach (var element in value.EnumerateArray())
                {
                    Visit(element);
                }
            }
        }
    }

    internal static SecretRef? Read(JsonElement value, string path, ICollection<Violation> violations)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            violations.Add(new Violation(path, "a credential is never written into a job: give it to the nodes under a name and write {\"secret\": \"name\"} here"));
            return null;
        }

        var members = value.EnumerateObject().ToList();
        if (members is not [{ Name: "secret", Value.ValueKind: JsonValueKind.String }])
        {
            violations.Add(new Violation(path, "a reference to a secret has exactly one member: {\"secret\": \"name\"}"));
            return null;
        }

        var name = members[0].Value.GetString();
        if (!IsName(name))
        {
            violations.Add(new Violation($"{path}.secret", "a name of a secret has up to 64 letters, digits, '_', '.' and '-', and begins with a letter, a digit or '_'"));
            return null;
        }

        return new SecretRef(name!);
    }

    internal void Write(Utf8JsonWriter writer, string property)
    {
        writer.WriteStartObject(property);
        writer.WriteString("secret", Name);
        writer.WriteEndObject();
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Names();
}

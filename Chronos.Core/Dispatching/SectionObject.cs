using System.Text.Json;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching;

/// <summary>Reads an object of a document strictly: each member once, of its type; what nobody asked for is a fault.</summary>
internal sealed class SectionObject
{
    private readonly Dictionary<string, JsonElement> _members = new(StringComparer.Ordinal);
    private readonly ICollection<Violation> _violations;

    private SectionObject(string path, ICollection<Violation> violations)
    {
        (Path, _violations) = (path, violations);
    }

    public string Path { get; }

    public static SectionObject? Open(JsonElement value, string path, ICollection<Violation> violations)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            violations.Add(new Violation(path, $"an object is expected, not {Describe(value)}"));
            return null;
        }

        var section = new SectionObject(path, violations);
        foreach (var property in value.EnumerateObject())
        {
            if (!section._members.TryAdd(property.Name, property.Value))
            {
                violations.Add(new Violation($"{path}.{property.Name}", "is given twice"));
            }
        }

        return section;
    }

    /// <summary>The member, unless it is absent or null.</summary>
    public JsonElement? Take(string name) =>
        _members.Remove(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? TakeString(string name)
    {
        if (Take(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        Fault(name, $"a string is expected, not {Describe(value)}");
        return null;
    }

    public bool TakeBoolean(string name)
    {
        if (Take(name) is not { } value)
        {
            return false;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Fault(name, $"true or false is expected, not {Describe(value)}");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    public string? TakeRequiredString(string name)
    {
        if (!_members.TryGetValue(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            _members.Remove(name);
            Fault(name, "is required");
            return null;
        }

        return TakeString(name);
    }

    public SecretRef? TakeSecret(string name)
    {
        if (Take(name) is { } value)
        {
            return SecretRef.Read(value, At(name), _violations);
        }

        Fault(name, "is required: {\"secret\": \"name\"}");
        return null;
    }

    /// <summary>Whatever was not taken is unknown here.</summary>
    public void Close(string knownNames)
    {
        foreach (var name in _members.Keys)
        {
            _violations.Add(new Violation(At(name), $"is not known here; known are {knownNames}"));
        }
    }

    public string At(string name) => $"{Path}.{name}";

    public void Fault(string name, string message) => _violations.Add(new Violation(At(name), message));

    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };
}

using System.Globalization;
using System.Text.Json;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>How a document is read: from a user, who is told everything that is wrong, or from the journal, which is believed.</summary>
public enum DocumentMode
{
    Strict,

    /// <summary>Names that this build does not know and bounds that have become tighter since are no reason not to load.</summary>
    Stored,
}

/// <summary>The members of one object of a document: typed, bounded, each taken once; what nobody took is an unknown name.</summary>
public sealed class JobDocumentFields
{
    private readonly Dictionary<string, JsonElement> _left = new(StringComparer.Ordinal);
    private readonly List<string> _known = [];
    private readonly string _path;
    private readonly DocumentMode _mode;
    private readonly ICollection<Violation> _violations;

    public JobDocumentFields(JsonElement document, string path, DocumentMode mode, ICollection<Violation> violations)
    {
        _path = path;
        _mode = mode;
        _violations = violations;
        foreach (var member in document.EnumerateObject())
        {
            if (!_left.TryAdd(member.Name, member.Value))
            {
                Fault(member.Name, "is given twice");
            }
        }
    }

    public string PathOf(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    public void Fault(string name, string message) => _violations.Add(new Violation(PathOf(name), message));

    public bool Has(string name) => _left.ContainsKey(name);

    public bool IsObject(string name) => _left.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.Object;

    public JsonElement? Any(string name)
    {
        _known.Add(name);
        return _left.Remove(name, out var value) ? value : null;
    }

    public string? Text(string name, int max)
    {
        if (Any(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            Wrong(name, value, "a string");
            return null;
        }

        var text = value.GetString()!;
        if (_mode == DocumentMode.Strict && text.Length > max)
        {
            Fault(name, $"is longer than {max} characters");
            return null;
        }

        if (_mode == DocumentMode.Strict && text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')))
        {
            Fault(name, "holds control characters");
            return null;
        }

        return text;
    }

    public bool? Flag(string name)
    {
        if (Any(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Wrong(name, value, "true or false");
        return null;
    }

    public int? Whole(string name, int min, int max)
    {
        if (Any(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            Wrong(name, value, "a whole number");
            return null;
        }

        if (value.TryGetInt32(out var number) && (_mode == DocumentMode.Stored || (number >= min && number <= max)))
        {
            return number;
        }

        Fault(name, $"must be a whole number from {min} to {max}");
        return null;
    }

    public double? Real(string name, double min, double max)
    {
        if (Any(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            Wrong(name, value, "a number");
            return null;
        }

        if (value.TryGetDouble(out var number) && double.IsFinite(number) && (_mode == DocumentMode.Stored || (number >= min && number <= max)))
        {
            return number;
        }

        Fault(name, string.Create(CultureInfo.InvariantCulture, $"must be a number from {min} to {max}"));
        return null;
    }

    public TimeSpan? Span(string name, TimeSpan min, TimeSpan max)
    {
        if (Any(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            Wrong(name, value, "a duration such as \"90s\" or \"PT1H30M\"");
            return null;
        }

        if (!Durations.TryParse(value.GetString(), out var span))
        {
            Fault(name, $"'{Shown(value)}' is no duration; write it as 90s, 1h30m or PT1H30M");
            return null;
        }

        if (_mode == DocumentMode.Stored || (span >= min && span <= max))
        {
            return span;
        }

        Fault(name, $"must be from {Durations.Format(min)} to {Durations.Format(max)}");
        return null;
    }

    /// <summary>An instant with its offset.</summary>
    public DateTimeOffset? Instant(string name)
    {
        if (Any(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String && Rfc3339.TryParse(value.GetString(), out var at))
        {
            return at;
        }

        const string Expected = "an instant with its offset, such as 2026-12-24T18:00:00Z";
        if (value.ValueKind == JsonValueKind.String)
        {
            Fault(name, $"must be {Expected}");
        }
        else
        {
            Wrong(name, value, Expected);
        }

        return null;
    }

    internal T? Word<T>(string name, JobDocumentWords<T> words)
        where T : struct
    {
        if (Any(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String && words.Find(value.GetString()!) is { } found)
        {
            return found;
        }

        Fault(name, value.ValueKind == JsonValueKind.String ? $"'{Shown(value)}' is not one of {words}" : $"must be one of {words}, not {KindOf(value)}");
        return null;
    }

    /// <summary>An object within this one, or null when it is absent or none.</summary>
    public JobDocumentFields? Object(string name)
    {
        if (Any(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return new JobDocumentFields(value, PathOf(name), _mode, _violations);
        }

        Wrong(name, value, "an object");
        return null;
    }

    /// <summary>The members of an object that was taken as it is.</summary>
    public JobDocumentFields Within(string name, JsonElement value) => new(value, PathOf(name), _mode, _violations);

    /// <summary>A list within this one, element by element with its index in the path.</summary>
    public IEnumerable<(string Name, JsonElement Value)>? List(string name, int max)
    {
        if (Any(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            Wrong(name, value, "a list");
            return null;
        }

        if (_mode == DocumentMode.Strict && value.GetArrayLength() > max)
        {
            Fault(name, $"has more than {max} entries");
            return null;
        }

        return value.EnumerateArray().Select((element, index) => ($"{name}[{index}]", element));
    }

    public void Wrong(string name, JsonElement value, string expected) => Fault(name, $"must be {expected}, not {KindOf(value)}");

    /// <summary>Reports every member that nobody asked for.</summary>
    public void Finish()
    {
        if (_mode == DocumentMode.Stored)
        {
            if (_violations is StoredDocument stored)
            {
                foreach (var (name, value) in _left)
                {
                    stored.Keep(_path, name, value);
                }
            }

            return;
        }

        foreach (var name in _left.Keys)
        {
            Fault(Shorten(name), $"is no field here; known: {string.Join(", ", _known)}");
        }
    }

    public static string KindOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null (leave the field out instead)",
    };

    public static string Shown(JsonElement value) => Shorten(value.GetString()!);

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";
}

using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Chronos.Core.Dispatching.Templates;

namespace Chronos.Core.Studio;

/// <summary>A secret that the nodes need before a document works.</summary>
/// <param name="Name">How the document refers to it.</param>
/// <param name="UsedFor">The field that held the credential.</param>
public sealed record StudioSecret(string Name, string UsedFor);

/// <summary>Moves credentials out of a document: each becomes a reference to a secret, and its value is kept apart.</summary>
public sealed class CredentialMoves
{
    private const int LongestName = 40;

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly List<StudioSecret> _secrets = [];
    private readonly SortedSet<string> _inTemplates = new(StringComparer.Ordinal);

    /// <summary>What was moved, in the order of being found.</summary>
    public ImmutableArray<StudioSecret> Secrets => [.. _secrets];

    /// <summary>The credentials themselves. Never part of an answer or of anything that is kept.</summary>
    public ImmutableSortedDictionary<string, string> Values => _values.ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>Names that a document must list under <c>secrets</c>, because templates use them.</summary>
    public ImmutableArray<string> InTemplates => [.. _inTemplates];

    /// <summary>A secret for a value; the same value has one secret.</summary>
    /// <param name="hint">What the secret is named after.</param>
    public string Secret(string hint, string value, string usedFor)
    {
        if (_values.FirstOrDefault(known => known.Value == value).Key is { } same)
        {
            return same;
        }

        var wanted = NameOf(hint);
        var name = wanted;
        for (var number = 2; _values.ContainsKey(name); number++)
        {
            name = $"{wanted}_{number}";
        }

        _values.Add(name, value);
        _secrets.Add(new StudioSecret(name, usedFor));
        return name;
    }

    /// <summary>The same as the template that puts it out.</summary>
    public string Template(string hint, string value, string usedFor)
    {
        var name = Secret(hint, value, usedFor);
        _inTemplates.Add(name);
        return $"{{{{ secrets.{name} }}}}";
    }

    /// <summary>An address without the credentials of its query.</summary>
    public string Address(string url, string usedFor)
    {
        var mark = url.IndexOf('?', StringComparison.Ordinal);
        if (mark < 0 || !url.Contains("://", StringComparison.Ordinal))
        {
            return url;
        }

        var end = url.IndexOf('#', mark);
        var query = end < 0 ? url[(mark + 1)..] : url[(mark + 1)..end];
        var parameters = query.Split('&').Select(pair =>
        {
            var (name, value) = pair.IndexOf('=', StringComparison.Ordinal) is >= 0 and var at ? (pair[..at], pair[(at + 1)..]) : (pair, "");
            return value.Length > 0 && CredentialText.IsParameter(name) && !TemplateText.IsTemplate(value) ? $"{name}={Template(name, value, usedFor)}" : pair;
        });
        return $"{url[..mark]}?{string.Join('&', parameters)}{(end < 0 ? "" : url[end..])}";
    }

    /// <summary>Replaces every string in a value that stands under the name of a credential, and the credentials in addresses.</summary>
    public void Walk(JsonNode? node, string path)
    {
        switch (node)
        {
            case JsonObject { Count: 1 } reference when reference.ContainsKey("secret"):
                break;
            case JsonObject members:
                foreach (var name in members.Select(member => member.Key).ToList())
                {
                    if (members[name] is JsonValue value && value.TryGetValue<string>(out var text))
                    {
                        var moved = Text(name, text, $"{path}.{name}");
                        if (moved != text)
                        {
                            members[name] = moved;
                        }
                    }
                    else
                    {
                        Walk(members[name], $"{path}.{name}");
                    }
                }

                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    Walk(list[i], $"{path}[{i}]");
                }

                break;
        }
    }

    private string Text(string name, string text, string path) =>
        TemplateText.IsTemplate(text) || text.Length == 0 ? text
        : CredentialText.IsName(name) ? Template(name, text, path)
        : Address(text, path);

    /// <summary>Letters, digits and underscores, as a template may write it.</summary>
    private static string NameOf(string hint)
    {
        var name = new StringBuilder();
        foreach (var c in hint.ToLowerInvariant())
        {
            name.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        }

        var text = name.ToString().Trim('_');
        return text.Length == 0 ? "secret" : text.Length > LongestName ? text[..LongestName] : text;
    }
}

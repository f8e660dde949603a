using System.Text.RegularExpressions;

namespace Chronos.Core.Dispatching.CloudEvents;

/// <summary>What CloudEvents 1.0 allows in attributes; asked of the document and again of what a template made.</summary>
public static partial class CloudEventRules
{
    /// <summary>The longest name of an extension: the specification advises against more.</summary>
    public const int LongestName = 20;

    private static readonly HashSet<string> Own = new(StringComparer.Ordinal)
    {
        "id", "source", "specversion", "type", "datacontenttype", "dataschema", "subject", "time", "data",
    };

    /// <summary>What is wrong with the name of an extension, or null.</summary>
    public static string? FaultOfName(string name) =>
        name.Length is 0 or > LongestName || !name.All(static c => c is >= 'a' and <= 'z' or >= '0' and <= '9') ? $"a name of an extension has 1 to {LongestName} lower-case letters and digits"
        : Own.Contains(name) ? "is an attribute of CloudEvents itself, no extension"
        : null;

    /// <summary>What is wrong with a text, or null: no control characters, no half of a surrogate pair, no code point that is no character.</summary>
    public static string? FaultOfText(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsControl(c))
            {
                return "holds a control character";
            }

            if (char.IsSurrogate(c))
            {
                if (!char.IsHighSurrogate(c) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                {
                    return "holds half of a surrogate pair, which is no character";
                }

                if ((char.ConvertToUtf32(c, text[++i]) & 0xFFFE) == 0xFFFE)
                {
                    return "holds a code point that is no character";
                }
            }
            else if (c is >= '\uFDD0' and <= '\uFDEF' or '\uFFFE' or '\uFFFF')
            {
                return "holds a code point that is no character";
            }
        }

        return null;
    }

    /// <summary>The same for an attribute that may not be empty.</summary>
    public static string? FaultOfRequired(string text) => text.Length == 0 ? "is empty" : FaultOfText(text);

    /// <summary>What is wrong with a source, or null.</summary>
    public static string? FaultOfSource(string text) =>
        UriReference().IsMatch(text) && Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out _) ? null : "is no URI reference, such as /orders or https://example.com/orders (other characters are written %XX)";

    /// <summary>What is wrong with the address of a schema, or null.</summary>
    public static string? FaultOfSchema(string text) =>
        UriReference().IsMatch(text) && Scheme().IsMatch(text) && Uri.TryCreate(text, UriKind.Absolute, out _) ? null : "is no absolute URI";

    /// <summary>What is wrong with a media type, or null.</summary>
    public static string? FaultOfMediaType(string text) =>
        MediaType().IsMatch(text) ? null : "is no media type, such as application/json";

    /// <summary>Whether data of a type is JSON.</summary>
    public static bool IsJson(string mediaType)
    {
        var plain = mediaType.Split(';')[0].Trim();
        return plain.EndsWith("/json", StringComparison.OrdinalIgnoreCase) || plain.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    [GeneratedRegex(@"\A(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex UriReference();

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9+.\-]*:", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Scheme();

    [GeneratedRegex(@"\A[A-Za-z0-9!#$&^_.+\-]{1,127}/[A-Za-z0-9!#$&^_.+\-]{1,127}(?:\s*;\s*[A-Za-z0-9!#$&^_.+\-]{1,127}=(?:[A-Za-z0-9!#$&'*^_`|~.+\-]{1,127}|""[^""\\\x00-\x1F]{0,127}""))*\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex MediaType();
}

using Chronos.Core.Kernel;

namespace Chronos.Core.Catalog;

/// <summary>A tag that is looked for: by its key alone, or with its value.</summary>
public sealed record TagFilter(string Key, string? Value)
{
    private const int MaxLength = 400;

    /// <summary>Reads <c>key</c>, <c>key:value</c> or <c>key=value</c>; the first separator counts. Null, and a violation of <c>tag</c>, when it is none.</summary>
    public static TagFilter? Parse(string text, ICollection<Violation> violations)
    {
        var at = text.AsSpan().IndexOfAny(':', '=');
        var key = (at < 0 ? text : text[..at]).Trim();
        if (key.Length == 0 || text.Length > MaxLength || text.Any(char.IsControl))
        {
            violations.Add(new Violation("tag", "is written key, key:value or key=value"));
            return null;
        }

        return new TagFilter(key, at < 0 ? null : text[(at + 1)..].Trim());
    }
}

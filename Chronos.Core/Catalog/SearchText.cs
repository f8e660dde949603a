using System.Collections.Immutable;
using Chronos.Core.Kernel;

namespace Chronos.Core.Catalog;

/// <summary>What a user typed into a search box, as words.</summary>
public static class SearchText
{
    private const int MaxLength = 200;
    private const int MaxWords = 12;

    /// <summary>The words, all of which are wanted, each as the beginning of one. None, and a violation of <c>q</c>, when there is nothing to look for.</summary>
    public static ImmutableArray<string> Words(string text, ICollection<Violation> violations)
    {
        var words = text.Length > MaxLength
            ? []
            : text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Where(w => w.Any(c => char.IsLetterOrDigit(c) || char.IsSurrogate(c))).ToImmutableArray();
        if (words.Length is 0 or > MaxWords || text.Contains('\0', StringComparison.Ordinal))
        {
            violations.Add(new Violation("q", $"needs 1 to {MaxWords} words with letters or digits, of at most {MaxLength} characters together"));
            return [];
        }

        return words;
    }
}

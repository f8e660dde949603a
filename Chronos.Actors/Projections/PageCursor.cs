using System.Buffers.Text;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Chronos.Core.Contracts;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Projections;

/// <summary>
/// The place after the last item of a page: its sort key and its row. A page begins by comparing with it, not by counting, so
/// what is added or removed elsewhere meanwhile neither repeats nor drops an item.
/// </summary>
/// <param name="List">Fingerprint of the list and its filter: the cursor of one list means nothing in another.</param>
internal readonly record struct PageCursor(string List, string Key, long Row)
{
    private const int MaxLength = 1_000;

    public long Number => long.Parse(Key, CultureInfo.InvariantCulture);

    public static PageCursor At(string list, long key, long row) => new(list, key.ToString(CultureInfo.InvariantCulture), row);

    public static string Fingerprint(params ReadOnlySpan<string?> parts) =>
        XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(string.Join('\u001f', parts))).ToString("x16", CultureInfo.InvariantCulture);

    public string Write() => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{List} {Row} {Key}")));

    /// <summary>Checks limit and cursor of a list. Null for no cursor, and, with a violation, for a wrong one.</summary>
    public static PageCursor? Read(string? text, string list, int limit, KeyKind kind, ICollection<Violation> violations)
    {
        if (limit is < 1 or > PageLimits.Max)
        {
            violations.Add(new Violation("limit", $"is 1 to {PageLimits.Max}"));
        }

        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (Decode(text) is { } cursor && cursor.List == list
            && (kind == KeyKind.Text || long.TryParse(cursor.Key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)))
        {
            return cursor;
        }

        violations.Add(new Violation("cursor", "is not a cursor that this list gave for this filter"));
        return null;
    }

    private static PageCursor? Decode(string text)
    {
        if (text.Length > MaxLength || !Base64Url.IsValid(text))
        {
            return null;
        }

        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split(' ', 3);
        return parts.Length == 3 && long.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var row)
            ? new PageCursor(parts[0], parts[2], row)
            : null;
    }

    /// <summary>What a list is ordered by.</summary>
    internal enum KeyKind
    {
        Number,
        Text,
    }
}

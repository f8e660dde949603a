using System.Globalization;

namespace Chronos.Core.Kernel;

/// <summary>Instants as users and files see them: RFC 3339, always UTC with <c>Z</c> on the way out, fractions only where there are any.</summary>
public static class Rfc3339
{
    private static readonly string[] Accepted =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd' 'HH:mm:ssK",
    ];

    /// <summary>Length of a whole second as text.</summary>
    private const int WholeSecond = 20;

    /// <summary>Digits of a second that a <see cref="DateTimeOffset"/> has.</summary>
    private const int TickDigits = 7;

    public static string Format(DateTimeOffset at) => at.UtcTicks % TimeSpan.TicksPerSecond == 0
        ? string.Create(WholeSecond, at.UtcDateTime, static (text, whole) => Write(text, whole))
        : at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>The prefix and the instant in one text: the identity of every execution is made so.</summary>
    internal static string Format(string prefix, char separator, DateTimeOffset at) => at.UtcTicks % TimeSpan.TicksPerSecond == 0
        ? string.Create(prefix.Length + 1 + WholeSecond, (prefix, separator, at.UtcDateTime), static (text, parts) =>
        {
            parts.prefix.CopyTo(text);
            text[parts.prefix.Length] = parts.separator;
            Write(text[(parts.prefix.Length + 1)..], parts.UtcDateTime);
        })
        : $"{prefix}{separator}{Format(at)}";

    /// <summary>
    /// Reads an instant that says its offset (<c>Z</c> or <c>+02:00</c>); a time without an offset is refused, because it is no instant. RFC 3339
    /// allows any number of digits of a second; what is finer than 100 ns, as Go and Java write it, is cut off.
    /// </summary>
    public static bool TryParse(string? text, out DateTimeOffset at)
    {
        at = default;
        if (string.IsNullOrEmpty(text) || !HasOffset(text) || WithoutNanoseconds(text) is not { } fine)
        {
            return false;
        }

        if (!DateTimeOffset.TryParseExact(fine.Replace('t', 'T').Replace('z', 'Z'), Accepted, CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowTrailingWhite, out var parsed))
        {
            return false;
        }

        at = parsed.ToUniversalTime();
        return true;
    }

    private static void Write(Span<char> text, DateTime whole)
    {
        whole.TryFormat(text, out var written, "s", CultureInfo.InvariantCulture);
        text[written] = 'Z';
    }

    /// <summary>Null where no digit follows the point.</summary>
    private static string? WithoutNanoseconds(string text)
    {
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var end = point + 1;
        while (point >= 0 && end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return point >= 0 && end == point + 1 ? null
            : end - point - 1 > TickDigits ? text.Remove(point + 1 + TickDigits, end - point - 1 - TickDigits) : text;
    }

    private static bool HasOffset(string text) =>
        text[^1] is 'Z' or 'z' || (text.Length > 6 && text[^6] is '+' or '-' && text[^3] == ':');
}

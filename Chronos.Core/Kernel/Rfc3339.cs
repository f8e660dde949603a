using System.Globalization;

namespace Chronos.Core.Kernel;

/// <summary>Instants as users and files see them: RFC 3339, always UTC with <c>Z</c> on the way out, fractions only where there are any.</summary>
public static class Rfc3339
{
    private static readonly string[] Accepted =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd' 'HH:mm:ssK",
    ];

    public static string Format(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads an instant that says its offset (<c>Z</c> or <c>+02:00</c>); a time without an offset is refused, because it is no instant.</summary>
    public static bool TryParse(string? text, out DateTimeOffset at)
    {
        at = default;
        if (string.IsNullOrEmpty(text) || !HasOffset(text))
        {
            return false;
        }

        if (!DateTimeOffset.TryParseExact(text.Replace('t', 'T').Replace('z', 'Z'), Accepted, CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowTrailingWhite, out var parsed))
        {
            return false;
        }

        at = parsed.ToUniversalTime();
        return true;
    }

    private static bool HasOffset(string text) =>
        text[^1] is 'Z' or 'z' || (text.Length > 6 && text[^6] is '+' or '-' && text[^3] == ':');
}

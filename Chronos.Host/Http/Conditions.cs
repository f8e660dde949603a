using System.Globalization;

namespace Chronos.Host.Http;

/// <summary>Entity tags: the version of a job in quotes.</summary>
internal static class Conditions
{
    /// <summary>Matches no version: what a tag that we never gave stands for.</summary>
    private const long Never = -1;

    public static string Tag(long version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    public static void SetTag(HttpContext http, long version) => http.Response.Headers.ETag = Tag(version);

    /// <summary>The version that the caller wants to change; null when any will do. A list with the current version in it means that one.</summary>
    public static long? IfMatch(HttpContext http, long? current)
    {
        var tags = Split(http.Request.Headers.IfMatch);
        if (tags.Length == 0 || tags.Contains("*"))
        {
            return null;
        }

        return current is { } version && tags.Contains(Tag(version)) ? version
            : tags.Length == 1 && tags[0] is ['"', .. var digits, '"'] && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var only) ? only
            : Never;
    }

    /// <summary>Whether a list of tags needs to know the current version before it can be decided.</summary>
    public static bool IsList(HttpContext http) => Split(http.Request.Headers.IfMatch).Length > 1;

    /// <summary>True when the caller already has this version.</summary>
    public static bool IsKnown(HttpContext http, long version) =>
        Split(http.Request.Headers.IfNoneMatch).Any(tag => tag == "*" || tag == Tag(version) || tag == $"W/{Tag(version)}");

    private static string[] Split(Microsoft.Extensions.Primitives.StringValues header) =>
        header.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}

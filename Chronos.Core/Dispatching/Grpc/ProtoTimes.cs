using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Chronos.Core.Dispatching.Grpc;

/// <summary>The well-known types whose JSON is a text of its own: times, durations, field masks. Nanoseconds are kept.</summary>
internal static partial class ProtoTimes
{
    private const long Longest = 315_576_000_000;
    private static readonly long Epoch = DateTime.UnixEpoch.Ticks / TimeSpan.TicksPerSecond;

    /// <summary>Whether a type stands under <c>value</c> inside an Any.</summary>
    public static bool HasValueOfItsOwn(string type) => type is "google.protobuf.Any" or "google.protobuf.Timestamp" or "google.protobuf.Duration" or "google.protobuf.FieldMask" or "google.protobuf.Empty"
        or "google.protobuf.Struct" or "google.protobuf.ListValue" or "google.protobuf.Value" or "google.protobuf.DoubleValue" or "google.protobuf.FloatValue"
        or "google.protobuf.Int64Value" or "google.protobuf.UInt64Value" or "google.protobuf.Int32Value" or "google.protobuf.UInt32Value" or "google.protobuf.BoolValue"
        or "google.protobuf.StringValue" or "google.protobuf.BytesValue";

    public static (long Seconds, int Nanos)? Timestamp(string text)
    {
        var match = Rfc3339Time().Match(text);
        if (!match.Success
            || !DateTime.TryParseExact(match.Groups["at"].Value, "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at))
        {
            return null;
        }

        var seconds = (at.Ticks / TimeSpan.TicksPerSecond) - Epoch;
        if (match.Groups["sign"].Success)
        {
            var offset = (int.Parse(match.Groups["h"].ValueSpan, CultureInfo.InvariantCulture) * 3600) + (int.Parse(match.Groups["m"].ValueSpan, CultureInfo.InvariantCulture) * 60);
            seconds -= match.Groups["sign"].Value == "-" ? -offset : offset;
        }

        return seconds >= -Epoch && seconds <= 253_402_300_799 ? (seconds, Nanos(match.Groups["part"].Value)) : null;
    }

    public static string? Timestamp(long seconds, int nanos) =>
        seconds < -Epoch || seconds > 253_402_300_799 || nanos is < 0 or > 999_999_999
            ? null
            : new DateTime((seconds + Epoch) * TimeSpan.TicksPerSecond, DateTimeKind.Utc).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture) + Part(nanos) + "Z";

    public static (long Seconds, int Nanos)? Duration(string text)
    {
        var match = Seconds().Match(text);
        if (!match.Success || !long.TryParse(match.Groups["s"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > Longest)
        {
            return null;
        }

        var nanos = Nanos(match.Groups["part"].Value);
        return seconds == Longest && nanos > 0 ? null : match.Groups["sign"].Success ? (-seconds, -nanos) : (seconds, nanos);
    }

    public static string? Duration(long seconds, int nanos)
    {
        if (seconds is < -Longest or > Longest || nanos is < -999_999_999 or > 999_999_999 || (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0))
        {
            return null;
        }

        var sign = seconds < 0 || nanos < 0 ? "-" : string.Empty;
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{Math.Abs(seconds)}{Part(Math.Abs(nanos))}s");
    }

    /// <summary>A path of a field mask as the descriptor writes it; null when it cannot come back from JSON.</summary>
    public static string? SnakeCase(string camel)
    {
        if (camel.Contains('_', StringComparison.Ordinal))
        {
            return null;
        }

        var text = new StringBuilder();
        foreach (var c in camel)
        {
            text.Append(char.IsAsciiLetterUpper(c) ? "_" : string.Empty).Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    private static int Nanos(string part) => part.Length == 0 ? 0 : int.Parse(part.PadRight(9, '0'), CultureInfo.InvariantCulture);

    /// <summary>None, three, six or nine digits.</summary>
    private static string Part(int nanos) =>
        nanos == 0 ? string.Empty
        : nanos % 1_000_000 == 0 ? string.Create(CultureInfo.InvariantCulture, $".{nanos / 1_000_000:D3}")
        : nanos % 1_000 == 0 ? string.Create(CultureInfo.InvariantCulture, $".{nanos / 1_000:D6}")
        : string.Create(CultureInfo.InvariantCulture, $".{nanos:D9}");

    [GeneratedRegex(@"\A(?<at>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.(?<part>\d{1,9}))?(Z|(?<sign>[+-])(?<h>\d{2}):(?<m>\d{2}))\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Rfc3339Time();

    [GeneratedRegex(@"\A(?<sign>-)?(?<s>\d{1,12})(\.(?<part>\d{1,9}))?s\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Seconds();
}

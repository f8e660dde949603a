using System.Globalization;
using System.Text;
using System.Xml;

namespace Chronos.Core.Kernel;

/// <summary>Durations as users write them: Go style (<c>1h30m</c>, <c>1.5s</c>, <c>250ms</c>, also <c>2d</c> and <c>1w</c>) and ISO 8601 (<c>PT1H30M</c>).</summary>
public static class Durations
{
    private static readonly (string Unit, long Ticks)[] Units =
    [
        ("ms", TimeSpan.TicksPerMillisecond), ("us", TimeSpan.TicksPerMicrosecond), ("µs", TimeSpan.TicksPerMicrosecond),
        ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour),
        ("d", TimeSpan.TicksPerDay), ("w", TimeSpan.TicksPerDay * 7),
    ];

    /// <summary>Of one number; no sum of so great ones leaves the range of <see cref="decimal"/>.</summary>
    private const int MostDigits = 15;

    /// <summary>What is longer is not read.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(36525);

    /// <summary>Whether the text is refused only because it says more than <see cref="Longest"/>.</summary>
    public static bool IsTooLong(string? text) =>
        !string.IsNullOrWhiteSpace(text) && text.Length <= 64 && text[0] is not ('P' or 'p') && TryParseGo(text, out var ticks) && ticks > Longest.Ticks;

    /// <summary>Reads a duration that is not negative. Years and months of ISO 8601 are refused: they have no fixed length.</summary>
    public static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = default;
        if (string.IsNullOrWhiteSpace(text) || text.Length > 64)
        {
            return false;
        }

        return text[0] is 'P' or 'p' ? TryParseIso(text.ToUpperInvariant(), out duration) : TryParseGo(text, out var ticks) && TryTake(ticks, out duration);
    }

    /// <summary>The shortest Go-style form: <c>1h30m</c>, <c>90s</c> becomes <c>1m30s</c>, zero is <c>0s</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            return "0s";
        }

        var text = new StringBuilder();
        var ticks = duration.Ticks;
        foreach (var (unit, size) in new[] { ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond), ("ms", TimeSpan.TicksPerMillisecond) })
        {
            var count = ticks / size;
            ticks -= count * size;
            if (count > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"{count}{unit}");
            }
        }

        return ticks > 0 ? text.Append(CultureInfo.InvariantCulture, $"{ticks / TimeSpan.TicksPerMicrosecond}us").ToString() : text.ToString();
    }

    private static bool TryParseIso(string text, out TimeSpan duration)
    {
        duration = default;
        var date = text.Split('T')[0];
        if (date.Contains('Y', StringComparison.Ordinal) || date.Contains('M', StringComparison.Ordinal))
        {
            return false;
        }

        try
        {
            if (date.EndsWith('W') && text == date && int.TryParse(date[1..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var weeks))
            {
                duration = TimeSpan.FromDays(7L * weeks);
                return true;
            }

            duration = XmlConvert.ToTimeSpan(text);
            return duration >= TimeSpan.Zero;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return false;
        }
    }

    private static bool TryTake(decimal ticks, out TimeSpan duration)
    {
        duration = ticks > Longest.Ticks ? default : TimeSpan.FromTicks((long)ticks);
        return ticks <= Longest.Ticks;
    }

    private static bool TryParseGo(string text, out decimal ticks)
    {
        ticks = 0;
        var at = 0;
        while (at < text.Length)
        {
            var start = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            {
                at++;
            }

            var digits = text.AsSpan(start, at - start);
            var number = 0m;
            var beyond = IsBeyond(digits);
            if (!beyond && (digits.Length > MostDigits || !decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number)))
            {
                return false;
            }

            start = at;
            while (at < text.Length && char.IsLetter(text[at]))
            {
                at++;
            }

            var name = text[start..at];
            var unit = Array.Find(Units, u => u.Unit == name);
            if (unit.Unit is null)
            {
                return false;
            }

            ticks += beyond ? Longest.Ticks + 1m : number * unit.Ticks;
        }

        return true;
    }

    /// <summary>A number so great that it is more than <see cref="Longest"/> in any unit.</summary>
    private static bool IsBeyond(ReadOnlySpan<char> digits)
    {
        var whole = digits.TrimStart('0');
        return whole.Length > MostDigits && !whole.Contains('.');
    }
}

using System.Globalization;

namespace Chronos.Core.Scheduling;

/// <summary>A moment in a recurrence: a time of the wall clock, or of UTC, or a whole day.</summary>
internal readonly record struct RuleTime(DateTime Value, bool Utc, bool WholeDay)
{
    public static bool TryParse(string text, out RuleTime time)
    {
        var utc = text.EndsWith('Z');
        var wholeDay = text.Length == 8;
        var ok = DateTime.TryParseExact(utc ? text[..^1] : text, wholeDay ? "yyyyMMdd" : "yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture,
            DateTimeStyles.None, out var value);
        time = new RuleTime(value, utc, wholeDay);
        return ok;
    }

    /// <summary>On the wall clock of the zone.</summary>
    public long Local(ZoneRules zone) => Utc ? Value.Ticks + zone.At(Value.Ticks).Offset : Value.Ticks;
}

/// <summary>The lines of a recurrence as calendars write them: <c>DTSTART</c>, one <c>RRULE</c>, <c>EXDATE</c>; or the bare rule.</summary>
internal sealed class RuleText
{
    public string? Rule { get; private set; }

    /// <summary>Where the rule stands in the whole text.</summary>
    public int RuleAt { get; private set; }

    public RuleTime? Start { get; private set; }

    public List<RuleTime> Excluded { get; } = [];

    /// <summary>Null when the text was read; otherwise what is wrong with it.</summary>
    /// <param name="zone">The zone that a TZID must name; null when it is not known yet.</param>
    public static RuleError? Read(string text, string? zone, out RuleText read)
    {
        read = new RuleText();
        for (var at = 0; at < text.Length;)
        {
            var end = text.AsSpan(at).IndexOfAny('\r', '\n') is >= 0 and var length ? at + length : text.Length;
            var line = text[at..end];
            var start = at + line.Length - line.TrimStart().Length;
            line = line.Trim();
            if (line.Length > 0 && read.ReadLine(line, start, zone) is { } fault)
                return new RuleError(fault, start, line.Length);

            at = end + 1;
        }

        return read.Rule is null ? new RuleError("has no RRULE", 0, Math.Max(1, text.Length)) : null;
    }

    private string? ReadLine(string line, int at, string? zone)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 && line.StartsWith("FREQ", StringComparison.OrdinalIgnoreCase))
            return SetRule(line, at);
        if (colon < 0)
            return $"'{Short(line)}' is not FREQ=…, DTSTART:…, RRULE:… or EXDATE:…";

        var (head, value) = (line[..colon].Split(';'), line[(colon + 1)..]);
        foreach (var parameter in head.Skip(1))
        {
            if (zone is not null && parameter.StartsWith("TZID=", StringComparison.OrdinalIgnoreCase) && parameter[5..] != zone)
                return $"{head[0]} is in {Short(parameter[5..])}, the job's timezone is {zone}";
        }

        switch (head[0].ToUpperInvariant())
        {
            case "RRULE": return SetRule(value, at + colon + 1);
            case "DTSTART":
                if (Start is not null || !RuleTime.TryParse(value, out var start))
                    return $"DTSTART '{Short(value)}' is not one time such as 20260101T090000 or 20260101T080000Z";

                Start = start;
                return null;
            case "EXDATE":
                foreach (var item in value.Split(','))
                {
                    if (!RuleTime.TryParse(item, out var excluded))
                        return $"EXDATE '{Short(item)}' is not a time such as 20260101T090000 or 20260101";

                    Excluded.Add(excluded);
                }

                return null;
            default: return $"{Short(head[0])} is not supported";
        }
    }

    private string? SetRule(string rule, int at)
    {
        if (Rule is not null)
            return "has more than one RRULE";

        (Rule, RuleAt) = (rule, at);
        return null;
    }

    private static string Short(string text) => text.Length <= 40 ? text : text[..40] + "…";
}

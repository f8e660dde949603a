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

    public RuleTime? Start { get; private set; }

    public List<RuleTime> Excluded { get; } = [];

    /// <summary>Null when the text was read; otherwise what is wrong with it.</summary>
    /// <param name="zone">The zone that a TZID must name; null when it is not known yet.</param>
    public static string? Read(string text, string? zone, out RuleText read)
    {
        read = new RuleText();
        foreach (var line in text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (read.ReadLine(line, zone) is { } fault)
                return fault;
        }

        return read.Rule is null ? "has no RRULE" : null;
    }

    private string? ReadLine(string line, string? zone)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 && line.StartsWith("FREQ", StringComparison.OrdinalIgnoreCase))
            return SetRule(line);
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
            case "RRULE": return SetRule(value);
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

    private string? SetRule(string rule)
    {
        if (Rule is not null)
            return "has more than one RRULE";

        Rule = rule;
        return null;
    }

    private static string Short(string text) => text.Length <= 40 ? text : text[..40] + "…";
}

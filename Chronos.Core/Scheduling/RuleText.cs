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
    private Line? _rule;

    /// <summary>The text of the rule, folded lines joined.</summary>
    public string? Rule { get; private set; }

    public RuleTime? Start { get; private set; }

    public List<RuleTime> Excluded { get; } = [];

    /// <summary>Null when the text was read; otherwise what is wrong with it.</summary>
    /// <param name="zone">The zone that a TZID must name; null when it is not known yet.</param>
    public static RuleError? Read(string text, string? zone, out RuleText read)
    {
        read = new RuleText();
        foreach (var line in Unfolded(text))
        {
            if (read.ReadLine(line, zone) is { } fault)
                return new RuleError(fault, line.At(0), line.At(line.Text.Length) - line.At(0));
        }

        return read.Rule is null ? new RuleError("has no RRULE", 0, Math.Max(1, text.Length)) : null;
    }

    /// <summary>A fault within <see cref="Rule"/>, as it stands in the whole text.</summary>
    public RuleError InText(RuleError error)
    {
        var (line, from) = (_rule!, _rule!.Text.Length - Rule!.Length + error.Position);
        var at = line.At(from);
        return error with { Position = at, Length = Math.Max(1, line.At(from + error.Length) - at) };
    }

    /// <summary>
    /// The lines, without blanks around them. What begins with a blank goes on with the line before it (RFC 5545, 3.1: long lines are
    /// folded), unless it begins as a line of its own does: then it was only indented.
    /// </summary>
    private static List<Line> Unfolded(string text)
    {
        var (lines, open) = (new List<Line>(), false);
        for (var at = 0; at < text.Length;)
        {
            var end = text.AsSpan(at).IndexOfAny('\r', '\n') is >= 0 and var length ? at + length : text.Length;
            var part = text[at..end];
            var start = at + part.Length - part.TrimStart().Length;
            var words = part.Trim();
            if (open && words.Length > 0 && start > at && !Begins(words, lines[^1].Text))
                lines[^1].Add(words, start);
            else if (words.Length > 0)
                lines.Add(new Line(words, start));

            open = words.Length > 0;
            at = end + (text.AsSpan(end).StartsWith("\r\n") ? 2 : 1);
        }

        return lines;
    }

    private static bool Begins(string words, string before) =>
        words.StartsWith("FREQ=", StringComparison.OrdinalIgnoreCase)
            ? !before.StartsWith("RRULE", StringComparison.OrdinalIgnoreCase)
            : Names.Any(name => words.Length > name.Length && words.StartsWith(name, StringComparison.OrdinalIgnoreCase) && words[name.Length] is ':' or ';');

    private static readonly string[] Names = ["DTSTART", "RRULE", "EXDATE", "RDATE", "EXRULE"];

    private string? ReadLine(Line read, string? zone)
    {
        var line = read.Text;
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 && line.StartsWith("FREQ", StringComparison.OrdinalIgnoreCase))
            return SetRule(line, read);
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
            case "RRULE": return SetRule(value, read);
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

    private string? SetRule(string rule, Line line)
    {
        if (Rule is not null)
            return "has more than one RRULE";

        (Rule, _rule) = (rule, line);
        return null;
    }

    private static string Short(string text) => text.Length <= 40 ? text : text[..40] + "…";

    /// <summary>A line whose folds are undone, and where each of its parts stood.</summary>
    private sealed class Line(string text, int at)
    {
        private readonly List<(int From, int At)> _parts = [(0, at)];

        public string Text { get; private set; } = text;

        public void Add(string part, int at)
        {
            _parts.Add((Text.Length, at));
            Text += part;
        }

        /// <summary>Where this place of the line is in the whole text; of its end, the place behind its last character.</summary>
        public int At(int place)
        {
            var (from, at) = _parts.Last(p => p.From < place || p.From == 0 || (p.From == place && place < Text.Length));
            return at + place - from;
        }
    }
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Core.Calendars;

/// <summary>The entries of a calendar as its document writes them: days of the week, clock times, dates, local date-times.</summary>
internal static class CalendarTexts
{
    private const int MaxNote = 200;
    private const int MinutesOfDay = 24 * 60;
    private const string DateForm = "yyyy-MM-dd";
    private const string TimeForm = "yyyy-MM-dd'T'HH:mm";

    private static readonly string[] DayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    public static CalendarWeekly? ReadWeekly(JsonElement value, string path, DocumentMode mode, ICollection<Violation> violations)
    {
        var before = violations.Count;
        if (Fields(value, path, mode, violations) is not { } fields)
        {
            return null;
        }

        // What was stored before days had to be named meant every day.
        var named = fields.Has("days");
        var days = named ? ReadDays(fields) : 0x7F;
        var from = Clock(fields, "from", 0);
        var to = Clock(fields, "to", MinutesOfDay);
        if (from == MinutesOfDay)
        {
            fields.Fault("from", "24:00 is only an end");
        }

        fields.Finish();
        if (mode == DocumentMode.Strict && violations.Count == before && (days == 0 || !named))
        {
            fields.Fault("days", days == 0 ? "is empty: name at least one day, such as mon-fri" : "is missing: name the days, such as [mon-fri]");
        }

        return violations.Count == before ? new CalendarWeekly(days, from, to) : null;
    }

    public static CalendarDate? ReadDate(JsonElement value, string path, DocumentMode mode, ICollection<Violation> violations)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            var text = value.GetString()!;
            if (TryDate(text, out var date))
            {
                return new CalendarDate(date.Year, date.Month, date.Day);
            }

            // 2000 has a 29 February, so that 02-29 is a day of every leap year.
            if (text.Length == 5 && TryDate($"2000-{text}", out var yearly))
            {
                return new CalendarDate(null, yearly.Month, yearly.Day);
            }
        }

        violations.Add(new Violation(path, "must be a date such as 2026-12-25, or 12-25 for every year"));
        return null;
    }

    public static CalendarRange? ReadRange(JsonElement value, string path, DocumentMode mode, ICollection<Violation> violations)
    {
        var before = violations.Count;
        if (Fields(value, path, mode, violations) is not { } fields)
        {
            return null;
        }

        var from = Local(fields, "from", 0);
        var to = Local(fields, "to", 1);
        var note = fields.Text("note", MaxNote);
        if (violations.Count == before && to <= from)
        {
            fields.Fault("to", "is not after from");
        }

        fields.Finish();
        return violations.Count == before ? new CalendarRange(from, to, note) : null;
    }

    public static void WriteWeekly(Utf8JsonWriter writer, ImmutableArray<CalendarWeekly> rules)
    {
        if (rules.IsEmpty)
        {
            return;
        }

        writer.WriteStartArray("weekly");
        foreach (var rule in rules)
        {
            writer.WriteStartObject();
            writer.WriteStartArray("days");
            foreach (var day in Enumerable.Range(1, 7).Select(d => d % 7).Where(d => (rule.Days & (1 << d)) != 0))
            {
                writer.WriteStringValue(DayNames[day]);
            }

            writer.WriteEndArray();
            writer.WriteString("from", ClockText(rule.From));
            writer.WriteString("to", ClockText(rule.To));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    public static void WriteDates(Utf8JsonWriter writer, ImmutableArray<CalendarDate> dates)
    {
        if (dates.IsEmpty)
        {
            return;
        }

        writer.WriteStartArray("dates");
        foreach (var date in dates)
        {
            var day = string.Create(CultureInfo.InvariantCulture, $"{date.Month:00}-{date.Day:00}");
            writer.WriteStringValue(date.Year is { } year ? string.Create(CultureInfo.InvariantCulture, $"{year:0000}-{day}") : day);
        }

        writer.WriteEndArray();
    }

    public static void WriteRanges(Utf8JsonWriter writer, string name, ImmutableArray<CalendarRange> ranges)
    {
        if (ranges.IsEmpty)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var range in ranges)
        {
            // Whole days are written as people count them: the last day is part of the range.
            var days = range.From.TimeOfDay == TimeSpan.Zero && range.To.TimeOfDay == TimeSpan.Zero;
            writer.WriteStartObject();
            writer.WriteString("from", range.From.ToString(days ? DateForm : TimeForm, CultureInfo.InvariantCulture));
            writer.WriteString("to", (days ? range.To.AddDays(-1) : range.To).ToString(days ? DateForm : TimeForm, CultureInfo.InvariantCulture));
            if (range.Note is { } note)
            {
                writer.WriteString("note", note);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static JobDocumentFields? Fields(JsonElement value, string path, DocumentMode mode, ICollection<Violation> violations)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            return new JobDocumentFields(value, path, mode, violations);
        }

        violations.Add(new Violation(path, $"must be an object, not {JobDocumentFields.KindOf(value)}"));
        return null;
    }

    private static int ReadDays(JobDocumentFields fields)
    {
        var days = 0;
        foreach (var (path, value) in fields.List("days", 7) ?? [])
        {
            var found = value.ValueKind == JsonValueKind.String ? DaysOf(value.GetString()!) : 0;
            if (found == 0)
            {
                fields.Fault(path, "must be a day such as mon, or days such as mon-fri");
            }

            days |= found;
        }

        return days;
    }

    private static int DaysOf(string text)
    {
        var parts = text.ToLowerInvariant().Split('-');
        var (first, last) = (Array.IndexOf(DayNames, parts[0]), Array.IndexOf(DayNames, parts[^1]));
        if (parts.Length > 2 || first < 0 || last < 0)
        {
            return 0;
        }

        var days = 1 << last;
        for (var day = first; day != last; day = (day + 1) % 7)
        {
            days |= 1 << day;
        }

        return days;
    }

    private static int Clock(JobDocumentFields fields, string name, int absent)
    {
        if (fields.Any(name) is not { } value)
        {
            return absent;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            var text = value.GetString()!;
            if (text == "24:00")
            {
                return MinutesOfDay;
            }

            if (TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
            {
                return (time.Hour * 60) + time.Minute;
            }
        }

        fields.Fault(name, "must be a time of day in whole minutes such as \"09:00\"");
        return absent;
    }

    /// <param name="wholeDay">Days to add to a bare date: 1 for an end, whose day is part of the range.</param>
    private static DateTime Local(JobDocumentFields fields, string name, int wholeDay)
    {
        if (fields.Any(name) is { ValueKind: JsonValueKind.String } value)
        {
            var text = value.GetString()!;
            if (TryDate(text, out var date))
            {
                return date.ToDateTime(TimeOnly.MinValue).AddDays(wholeDay);
            }

            if (DateTime.TryParseExact(text, [TimeForm, "yyyy-MM-dd' 'HH:mm"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) && InBounds(time.Year))
            {
                return time;
            }
        }

        fields.Fault(name, "must be a date such as 2026-12-24 or a local time of whole minutes such as 2026-12-24T12:00, without an offset: the calendar has a timezone");
        return default;
    }

    private static bool TryDate(string text, out DateOnly date) =>
        DateOnly.TryParseExact(text, DateForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out date) && InBounds(date.Year);

    private static bool InBounds(int year) => year is >= 1970 and <= 2999;

    private static string ClockText(int minutes) => string.Create(CultureInfo.InvariantCulture, $"{minutes / 60:00}:{minutes % 60:00}");
}

using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Calendars;

/// <summary>Reads and writes the document of a calendar: in the API, in files and in the journal alike.</summary>
public static class CalendarDocument
{
    /// <summary>A calendar travels in one message between nodes, whose frames are bounded.</summary>
    public const int MaxBytes = 48 * 1024;

    private const int MaxWeekly = 200;
    private const int MaxEntries = 2_000;
    private const int MaxText = 1_000;

    internal static readonly JobDocumentWords<CalendarMode> Modes = new(("exclude", CalendarMode.Exclude), ("include", CalendarMode.Include));

    internal static readonly JobDocumentWords<OnExcluded> Actions =
        new(("skip", OnExcluded.Skip), ("next_open", OnExcluded.NextOpen), ("previous_open", OnExcluded.PreviousOpen));

    /// <summary>The valid calendar; or null, and every fault is in <paramref name="violations"/>.</summary>
    public static CalendarDefinition? Read(JsonElement document, ICollection<Violation> violations)
    {
        if (ReadToImport(document, violations) is not { } calendar)
        {
            return null;
        }

        if (NeverOpen(calendar, "mode") is not { } fault)
        {
            return calendar;
        }

        violations.Add(fault);
        return null;
    }

    /// <summary>The same of a calendar that gets its times from an import, and so may list none yet.</summary>
    public static CalendarDefinition? ReadToImport(JsonElement document, ICollection<Violation> violations) => Read(document, DocumentMode.Strict, violations);

    /// <summary>Business times that list none: every job under them would stand still. Null when it lists some.</summary>
    public static Violation? NeverOpen(CalendarDefinition calendar, string field) =>
        calendar is { Mode: CalendarMode.Include, Weekly.IsEmpty: true, Dates.IsEmpty: true, Ranges.IsEmpty: true, Imported.IsEmpty: true }
            ? new Violation(field, "include without any times: the calendar would never be open; give weekly, dates or ranges")
            : null;

    /// <summary>Reads what was stored, which was valid once.</summary>
    public static CalendarDefinition ReadStored(JsonElement document)
    {
        var violations = new List<Violation>();
        return Read(document, DocumentMode.Stored, violations)
            ?? throw new JsonException($"the stored calendar cannot be read: {violations[0].Field}: {violations[0].Message}");
    }

    public static string ToJson(CalendarDefinition calendar) => Encoding.UTF8.GetString(Bytes(calendar));

    public static JsonElement ToElement(CalendarDefinition calendar)
    {
        using var document = JsonDocument.Parse(Bytes(calendar));
        return document.RootElement.Clone();
    }

    /// <summary>The canonical form: fixed order, without defaults.</summary>
    public static void Write(Utf8JsonWriter writer, CalendarDefinition calendar)
    {
        writer.WriteStartObject();
        writer.WriteString("name", calendar.Name);
        if (calendar.Description is { } description)
        {
            writer.WriteString("description", description);
        }

        writer.WriteString("timezone", calendar.Timezone);
        writer.WriteString("mode", Modes.Of(calendar.Mode));
        writer.WriteString("on_excluded", Actions.Of(calendar.OnExcluded));
        CalendarTexts.WriteWeekly(writer, calendar.Weekly);
        CalendarTexts.WriteDates(writer, calendar.Dates);
        CalendarTexts.WriteRanges(writer, "ranges", calendar.Ranges);
        CalendarTexts.WriteRanges(writer, "imported", calendar.Imported);
        writer.WriteEndObject();
    }

    /// <summary>What does not fit into a message, or null.</summary>
    public static Violation? TooLarge(CalendarDefinition calendar, string field) =>
        Bytes(calendar).Length is var length && length > MaxBytes ? new Violation(field, $"the calendar has {length} bytes, more than {MaxBytes}; split it in two") : null;

    private static byte[] Bytes(CalendarDefinition calendar)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(writer, calendar);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static CalendarDefinition? Read(JsonElement document, DocumentMode mode, ICollection<Violation> violations)
    {
        var before = violations.Count;
        if (document.ValueKind != JsonValueKind.Object)
        {
            violations.Add(new Violation("", $"a calendar must be an object, not {JobDocumentFields.KindOf(document)}"));
            return null;
        }

        var fields = new JobDocumentFields(document, "", mode, violations);
        var name = fields.Text("name", 100);
        if (name is null ? !violations.Skip(before).Any(v => v.Field == "name") : !JobDocument.IsName(name))
        {
            fields.Fault("name", name is null ? "is missing" : "must match ^[a-z0-9][a-z0-9._-]{0,99}$");
        }

        var timezone = fields.Text("timezone", 64) ?? "UTC";
        if (mode == DocumentMode.Strict && ZoneRules.Find(timezone) is null)
        {
            fields.Fault("timezone", ZoneNames.Unknown(timezone, ZoneSource.Default));
        }

        var calendar = new CalendarDefinition
        {
            Name = name ?? "",
            Timezone = timezone,
            Description = fields.Text("description", MaxText),
            Mode = fields.Word("mode", Modes) ?? CalendarMode.Exclude,
            OnExcluded = fields.Word("on_excluded", Actions) ?? OnExcluded.Skip,
            Weekly = Entries(fields, "weekly", MaxWeekly, CalendarTexts.ReadWeekly, mode, violations),
            Dates = Entries(fields, "dates", MaxEntries, CalendarTexts.ReadDate, mode, violations),
            Ranges = Entries(fields, "ranges", MaxEntries, CalendarTexts.ReadRange, mode, violations),
            Imported = Entries(fields, "imported", MaxEntries, CalendarTexts.ReadRange, mode, violations),
        };
        fields.Finish();
        if (violations.Count == before && mode == DocumentMode.Strict && TooLarge(calendar, "") is { } large)
        {
            violations.Add(large);
        }

        return violations.Count == before ? calendar : null;
    }

    private static ImmutableArray<T> Entries<T>(
        JobDocumentFields fields, string name, int max, Func<JsonElement, string, DocumentMode, ICollection<Violation>, T?> read, DocumentMode mode, ICollection<Violation> violations)
        where T : class
    {
        var entries = ImmutableArray.CreateBuilder<T>();
        foreach (var (path, value) in fields.List(name, max) ?? [])
        {
            if (read(value, path, mode, violations) is { } entry)
            {
                entries.Add(entry);
            }
        }

        return entries.ToImmutable();
    }
}

/// <summary>Embeds the calendar's document in events and messages as what it is.</summary>
public sealed class CalendarDocumentConverter : JsonConverter<CalendarDefinition>
{
    public override CalendarDefinition Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        CalendarDocument.ReadStored(JsonElement.ParseValue(ref reader));

    public override void Write(Utf8JsonWriter writer, CalendarDefinition value, JsonSerializerOptions options) => CalendarDocument.Write(writer, value);
}

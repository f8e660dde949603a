using System.Text.Json.Serialization;
using Chronos.Core.Wire;

namespace Chronos.Core.Calendars;

/// <summary>The wire rows of this room.</summary>
public static class CalendarsWire
{
    private static CalendarsJson Json => CalendarsJson.Default;

    public static IReadOnlyList<WireRow> Rows { get; } =
    [
        WireRow.Of("calendar.changed.1", Json.Changed),
        WireRow.Of("calendar.deleted.1", Json.Deleted),
        WireRow.Of("calendar.spread.1", Json.Spread),
        WireRow.Of("calendar.put.1", Json.Put),
        WireRow.Of("calendar.delete.1", Json.Delete),
        WireRow.Of("calendar.get.1", Json.Get),
        WireRow.Of("calendar.repeat.1", Json.Repeat),
        WireRow.Of("calendar.accepted.1", Json.Accepted),
        WireRow.Of("calendar.refused.1", Json.Refused),
    ];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CalendarEvents.Changed))]
[JsonSerializable(typeof(CalendarEvents.Deleted))]
[JsonSerializable(typeof(CalendarEvents.Spread))]
[JsonSerializable(typeof(CalendarCommands.Put))]
[JsonSerializable(typeof(CalendarCommands.Delete))]
[JsonSerializable(typeof(CalendarCommands.Get))]
[JsonSerializable(typeof(CalendarCommands.Repeat))]
[JsonSerializable(typeof(CalendarReplies.Accepted))]
[JsonSerializable(typeof(CalendarReplies.Refused))]
internal sealed partial class CalendarsJson : JsonSerializerContext;

using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Core.Calendars;
using Chronos.Host.Http;

namespace Chronos.Host.Calendars;

/// <summary>The calendar document, as the OpenAPI document describes it. What is valid is decided by <see cref="CalendarDocument"/>.</summary>
internal record CalendarBody
{
    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public string Timezone { get; set; } = "UTC";

    /// <summary>exclude: closed in the times listed; include: open only in them.</summary>
    public string Mode { get; set; } = "exclude";

    /// <summary>skip, next_open or previous_open.</summary>
    public string OnExcluded { get; set; } = "skip";

    public ImmutableArray<WeeklyBody>? Weekly { get; set; }

    /// <summary>2026-12-25, or 12-25 for every year.</summary>
    public ImmutableArray<string>? Dates { get; set; }

    public ImmutableArray<RangeBody>? Ranges { get; set; }

    /// <summary>What the last import of an iCalendar file brought.</summary>
    public ImmutableArray<RangeBody>? Imported { get; set; }
}

/// <summary>Times of every week; an end that is not later than the beginning is on the next day.</summary>
internal sealed record WeeklyBody(ImmutableArray<string>? Days, string? From, string? To);

/// <summary>A stretch of local time. Of dates the last one is part of it; a time is exclusive.</summary>
internal sealed record RangeBody(string From, string To, string? Note);

/// <summary>A calendar with what the server knows of it.</summary>
internal sealed record CalendarView : CalendarBody
{
    /// <summary>Members that the server makes. They may stand in a body that was read here and is sent back.</summary>
    public static readonly string[] ServerMade = ["version", "created_at", "created_by", "updated_at", "updated_by"];

    public long Version { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public string? CreatedBy { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public string? UpdatedBy { get; set; }

    public static CalendarView Of(CalendarSnapshot calendar)
    {
        var view = JsonSerializer.Deserialize(CalendarDocument.ToJson(calendar.Definition), ApiJson.Api.CalendarView)!;
        return view with
        {
            Version = calendar.Version,
            CreatedAt = calendar.CreatedAt,
            CreatedBy = calendar.CreatedBy.Name,
            UpdatedAt = calendar.UpdatedAt,
            UpdatedBy = calendar.UpdatedBy.Name,
        };
    }
}

/// <summary>A page of calendars, by name.</summary>
internal sealed record CalendarListView(ImmutableArray<CalendarView> Items, string? NextCursor);

/// <summary>What an import did.</summary>
/// <param name="Imported">Events that were taken.</param>
/// <param name="LeftOut">Events that are cancelled, over, or without length.</param>
/// <param name="Stretches">Stretches of time that they became.</param>
/// <param name="RecurringUntil">Recurring events were written out up to here; import again before.</param>
internal sealed record CalendarImportView(CalendarView Calendar, int Imported, int LeftOut, int Stretches, DateTimeOffset? RecurringUntil, bool DryRun);

using System.Collections.Immutable;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Core.Calendars;

/// <summary>What a calendar decided: at most one event, or a refusal. Neither means that nothing had to change.</summary>
public sealed record CalendarDecision(ICalendarEvent? Event, Rejection? Rejection, bool Replayed);

/// <summary>Everything a calendar knows, as the fold of its events. Pure.</summary>
public sealed record CalendarState
{
    private const int RememberedRequests = 16;

    public static readonly CalendarState Empty = new();

    public long Version { get; init; }

    /// <summary>The version that every timetable has.</summary>
    public long SpreadVersion { get; init; }

    /// <summary>Null before it was made and after it was deleted.</summary>
    public CalendarDefinition? Definition { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public Principal CreatedBy { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public Principal UpdatedBy { get; init; }

    public ImmutableArray<RequestMark> Requests { get; init; } = [];

    public static Rejection NoSuchCalendar(string name) => Rejection.Of(RejectionCode.NotFound, $"there is no calendar '{name}'");

    public CalendarSnapshot? Snapshot(TenantId tenant) =>
        Definition is { } definition ? new CalendarSnapshot(tenant, definition.Name, Version, definition, CreatedAt, CreatedBy, UpdatedAt, UpdatedBy) : null;

    public CalendarDecision Decide(CalendarCommands.Put c, DateTimeOffset now)
    {
        if (c.Request is { } request && Requests.FirstOrDefault(r => r.Key == request.Key) is { } seen)
        {
            return seen.Fingerprint == request.Fingerprint
                ? new CalendarDecision(null, null, true)
                : Refuse(RejectionCode.Conflict, $"the idempotency key '{request.Key}' was used for another request");
        }

        return Mismatch(c.IfMatch) is { } mismatch ? new CalendarDecision(null, mismatch, false)
            : c.Definition == Definition ? new CalendarDecision(null, null, false)
            : new CalendarDecision(new CalendarEvents.Changed(c.Tenant, c.Name, Version + 1, c.Definition, c.By, now, c.Request), null, false);
    }

    /// <param name="users">Names of jobs that list it.</param>
    /// <param name="count">How many jobs list it.</param>
    public CalendarDecision Decide(CalendarCommands.Delete c, ImmutableArray<string> users, int count, DateTimeOffset now)
    {
        if (Definition is null)
        {
            return new CalendarDecision(null, NoSuchCalendar(c.Name), false);
        }

        if (Mismatch(c.IfMatch) is { } mismatch)
        {
            return new CalendarDecision(null, mismatch, false);
        }

        if (count > 0)
        {
            var more = count > users.Length ? $" and {count - users.Length} more" : "";
            return Refuse(RejectionCode.Conflict, $"the calendar '{c.Name}' is listed by {(count == 1 ? "the job" : $"{count} jobs:")} {string.Join(", ", users)}{more}; take it out of {(count == 1 ? "its" : "their")} schedule.calendars first");
        }

        return new CalendarDecision(new CalendarEvents.Deleted(c.Tenant, c.Name, Version + 1, c.By, now), null, false);
    }

    public CalendarState Apply(ICalendarEvent fact) => fact switch
    {
        CalendarEvents.Changed e => this with
        {
            Version = e.Version,
            Definition = e.Definition,
            CreatedAt = Definition is null ? e.At : CreatedAt,
            CreatedBy = Definition is null ? e.By : CreatedBy,
            UpdatedAt = e.At,
            UpdatedBy = e.By,
            Requests = e.Request is not { } mark ? Requests : Requests.Length < RememberedRequests ? Requests.Add(mark) : Requests.RemoveAt(0).Add(mark),
        },
        CalendarEvents.Deleted e => this with { Version = e.Version, Definition = null, UpdatedAt = e.At, UpdatedBy = e.By },
        CalendarEvents.Spread e => this with { SpreadVersion = Math.Max(SpreadVersion, e.Version) },
        _ => throw new InvalidOperationException($"{fact.GetType()} is no event of a calendar"),
    };

    private Rejection? Mismatch(long? ifMatch) => ifMatch switch
    {
        null => null,
        0 when Definition is not null => Rejection.Of(RejectionCode.PreconditionFailed, "there is such a calendar already"),
        0 => null,
        _ when Definition is null => Rejection.Of(RejectionCode.PreconditionFailed, "there is no such calendar"),
        _ when ifMatch != Version => Rejection.Of(RejectionCode.PreconditionFailed, $"the calendar is at version {Version}, not {ifMatch}"),
        _ => null,
    };

    private static CalendarDecision Refuse(RejectionCode code, string message) => new(null, Rejection.Of(code, message), false);
}

using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Wire;

namespace Chronos.Core.Calendars;

/// <summary>Something asked of a calendar. Answered by a <see cref="ICalendarReply"/>.</summary>
public interface ICalendarCommand : IWireMessage
{
    TenantId Tenant { get; }

    string Name { get; }
}

/// <summary>What a calendar can be asked.</summary>
public static class CalendarCommands
{
    /// <summary>The calendar becomes what <paramref name="Definition"/> says; it is made when there is none.</summary>
    /// <param name="IfMatch">The version that the caller saw; 0 when there must be none yet; null for any.</param>
    public sealed record Put(TenantId Tenant, string Name, CalendarDefinition Definition, Principal By, RequestMark? Request, long? IfMatch) : ICalendarCommand;

    /// <summary>Refused while jobs list it.</summary>
    public sealed record Delete(TenantId Tenant, string Name, Principal By, long? IfMatch) : ICalendarCommand;

    public sealed record Get(TenantId Tenant, string Name) : ICalendarCommand;

    /// <summary>Tell the timetables again; one of them may not have heard.</summary>
    public sealed record Repeat(TenantId Tenant, string Name) : ICalendarCommand;
}

/// <summary>What happened to a calendar.</summary>
public interface ICalendarEvent : IWireMessage
{
    TenantId Tenant { get; }

    string Name { get; }

    /// <summary>Rises by one with every change, across deletions too.</summary>
    long Version { get; }

    DateTimeOffset At { get; }
}

/// <summary>The journaled facts of a calendar.</summary>
public static class CalendarEvents
{
    /// <summary>It was made, or became another.</summary>
    public sealed record Changed(TenantId Tenant, string Name, long Version, CalendarDefinition Definition, Principal By, DateTimeOffset At, RequestMark? Request) : ICalendarEvent;

    public sealed record Deleted(TenantId Tenant, string Name, long Version, Principal By, DateTimeOffset At) : ICalendarEvent;

    /// <summary>Every timetable has this version; nothing needs to be repeated.</summary>
    public sealed record Spread(TenantId Tenant, string Name, long Version, DateTimeOffset At) : ICalendarEvent;
}

/// <summary>What a calendar answers.</summary>
public interface ICalendarReply : IWireMessage;

/// <summary>The closed family of answers of a calendar.</summary>
public static class CalendarReplies
{
    /// <summary>The calendar as it stands: durable, and the jobs that list it are planned by it.</summary>
    public sealed record Accepted(CalendarSnapshot Calendar, bool Created, bool Replayed) : ICalendarReply;

    public sealed record Refused(Rejection Rejection) : ICalendarReply;
}

/// <summary>A calendar as readers see it.</summary>
/// <param name="Version">The ETag.</param>
public sealed record CalendarSnapshot(
    TenantId Tenant, string Name, long Version, CalendarDefinition Definition, DateTimeOffset CreatedAt, Principal CreatedBy, DateTimeOffset UpdatedAt, Principal UpdatedBy);

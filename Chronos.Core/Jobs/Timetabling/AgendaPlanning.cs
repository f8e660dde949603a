using System.Collections.Immutable;
using Chronos.Core.Kernel;
using Chronos.Core.Wire;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What a timetable is asked for the agenda, and what it says.</summary>
public static class AgendaPlanning
{
    /// <summary>The next rows of a timetable in [<paramref name="From"/>, <paramref name="To"/>), in the order of the agenda. Computed aside; nothing is run.</summary>
    /// <param name="Session">The reading that this is a part of; the timetable keeps its place for a while.</param>
    /// <param name="After">The last row that was read; null for the first page.</param>
    public sealed record ReadAgenda(int Timetable, TenantId Tenant, string Session, DateTimeOffset From, DateTimeOffset To, AgendaRow? After, int Limit) : INumberedTimetableCommand;

    /// <summary>Nobody reads on; what is being computed for it is not wanted any more. Not answered.</summary>
    public sealed record EndAgenda(int Timetable, string Session) : INumberedTimetableCommand;

    public sealed record AgendaPage(int Timetable, string Session, ImmutableArray<AgendaRow> Rows, AgendaEnd End) : IWireMessage;
}

/// <summary>Whether there are further rows after a page.</summary>
public enum AgendaEnd
{
    More,
    Complete,
}

/// <summary>One coming execution.</summary>
/// <param name="FiresAt">When it will fire, with jitter and calendars.</param>
/// <param name="Nominal">The slot.</param>
/// <param name="Note">What is remarkable about it: what a calendar does, or that a fixed delay counts from here.</param>
public sealed record AgendaRow(DateTimeOffset FiresAt, DateTimeOffset Nominal, JobId Job, string Name, string? Note) : IComparable<AgendaRow>
{
    /// <summary>The order of the agenda: by time, then by job.</summary>
    public int CompareTo(AgendaRow? other) =>
        other is null ? 1
        : FiresAt != other.FiresAt ? FiresAt.CompareTo(other.FiresAt)
        : Job != other.Job ? string.CompareOrdinal(Job.Value, other.Job.Value)
        : Nominal.CompareTo(other.Nominal);

    public static bool operator <(AgendaRow left, AgendaRow right) => left.CompareTo(right) < 0;

    public static bool operator >(AgendaRow left, AgendaRow right) => left.CompareTo(right) > 0;

    public static bool operator <=(AgendaRow left, AgendaRow right) => left.CompareTo(right) <= 0;

    public static bool operator >=(AgendaRow left, AgendaRow right) => left.CompareTo(right) >= 0;
}

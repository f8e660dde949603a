using System.Collections.Immutable;
using Chronos.Core.Calendars;

namespace Chronos.Core.Scheduling;

/// <summary>What the calendars of a schedule make of a slot.</summary>
public enum SlotFate
{
    /// <summary>It fires at its own time.</summary>
    Open,

    /// <summary>It fires at another time.</summary>
    Moved,

    /// <summary>It does not run.</summary>
    Skipped,
}

/// <summary>The fate of one slot.</summary>
/// <param name="FireAt">When it fires; of a skipped one its nominal time.</param>
/// <param name="Note">Which calendar did what, as people read it; null for an open slot.</param>
public readonly record struct SlotTreatment(SlotFate Fate, DateTimeOffset FireAt, string? Note);

/// <summary>Neighbouring slots, all of one fate; the moved ones of a run all fire at the same instant.</summary>
public readonly record struct SlotRun(DateTimeOffset First, DateTimeOffset Last, SlotTreatment Treatment);

/// <summary>
/// The calendars of one schedule, in the order in which it lists them. A slot is open when all of them are. Else one that skips
/// decides before one that moves, and the first listed before the next; a moved slot goes where all are open.
/// </summary>
internal sealed class ScheduleCalendars(ImmutableArray<CalendarTimes> calendars)
{
    /// <summary>An opening further away than this is none.</summary>
    private const long Reach = 366 * TimeSpan.TicksPerDay;

    /// <summary>How long before the close a slot fires that is moved back: late enough to be the last moment, early enough to begin in open time.</summary>
    private const long BeforeClose = TimeSpan.TicksPerMinute;

    private const int MaxSteps = 10_000;

    /// <summary>True when slots may fire before their nominal time.</summary>
    public bool MovesBack { get; } = calendars.Any(c => c.OnExcluded == OnExcluded.PreviousOpen);

    /// <summary>The calendar that decides about an instant, or null when all are open.</summary>
    public CalendarTimes? Closed(long utc)
    {
        CalendarTimes? mover = null;
        foreach (var calendar in calendars)
        {
            if (calendar.OnExcluded == OnExcluded.Skip || mover is null)
            {
                var closed = !calendar.IsOpen(utc);
                if (closed && calendar.OnExcluded == OnExcluded.Skip)
                {
                    return calendar;
                }

                mover ??= closed ? calendar : null;
            }
        }

        return mover;
    }

    /// <summary>Where the instant's slot goes, given the calendar that excludes it; null when it has nowhere to go.</summary>
    public long? Target(CalendarTimes by, long utc) => by.OnExcluded switch
    {
        OnExcluded.NextOpen => NextOpen(utc),
        OnExcluded.PreviousOpen => PreviousOpen(utc),
        _ => null,
    };

    /// <summary>Until when no calendar changes (exclusive): so long the same one decides the same.</summary>
    public long Until(long utc)
    {
        var end = TimeSource.Never;
        foreach (var calendar in calendars)
        {
            end = Math.Min(end, calendar.Until(utc));
        }

        return end;
    }

    /// <summary>The first instant from this one on at which all are open.</summary>
    public long? NextOpen(long utc)
    {
        var at = utc;
        for (var i = 0; i < MaxSteps && at != TimeSource.Never && at - utc <= Reach; i++)
        {
            if (Closed(at) is not { } closed)
            {
                return at;
            }

            at = closed.Until(at);
        }

        return null;
    }

    private long? PreviousOpen(long utc)
    {
        var at = utc;
        for (var i = 0; i < MaxSteps && utc - at <= Reach; i++)
        {
            if (Closed(at) is not { } closed)
            {
                // The whole last minute is open, unless the open time is shorter than that.
                var early = at + 1 - BeforeClose;
                return Closed(early) is null ? early : at + 1 - TimeSpan.TicksPerSecond;
            }

            var since = closed.Since(at);
            if (since == TimeSource.Never)
            {
                return null;
            }

            at = since - 1;
        }

        return null;
    }
}

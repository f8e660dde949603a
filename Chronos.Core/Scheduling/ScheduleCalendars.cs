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
    internal const long Reach = 366 * TimeSpan.TicksPerDay;

    /// <summary>No instant is further than this before any.</summary>
    private const long BeforeAll = -Reach - 1;

    private static readonly long MostInstant = new DateTime(9999, 1, 1).Ticks;

    /// <summary>How long before the close a slot fires that is moved back: late enough to be the last moment, early enough to begin in open time.</summary>
    private const long BeforeClose = TimeSpan.TicksPerMinute;

    // Closed time that was looked at last: neighbouring slots are asked about one after another. Whoever comes first puts in what is true, so
    // that an answer never depends on what was asked before.
    private Closure? _ahead;
    private Closure? _behind;

    /// <summary>The same for the slots of the schedule that has these calendars.</summary>
    public MovedBack? Back { get; set; }

    /// <summary>Of the last open time behind which slots are moved back: the last of them.</summary>
    public MovedBound? LastMovedBack { get; set; }

    /// <summary>Of the opening to which slots are moved on: the first of them.</summary>
    public MovedBound? FirstMovedOn { get; set; }

    /// <summary>True when slots may fire before their nominal time.</summary>
    public bool MovesBack { get; } = calendars.Any(c => c.OnExcluded == OnExcluded.PreviousOpen);

    /// <summary>True when slots may be moved to after their nominal time.</summary>
    public bool MovesOn { get; } = calendars.Any(c => c.OnExcluded == OnExcluded.NextOpen);

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

    /// <summary>Since when no calendar has changed; 0 when none ever has.</summary>
    public long Since(long utc)
    {
        var begin = 0L;
        foreach (var calendar in calendars)
        {
            begin = calendar.Since(utc) is var since && since != TimeSource.Never ? Math.Max(begin, since) : begin;
        }

        return begin;
    }

    /// <summary>The first instant from this one on at which all are open; null when there is none within a year.</summary>
    public long? NextOpen(long utc)
    {
        var (from, at) = _ahead is { } known && utc >= known.From && utc <= known.To ? (known.From, known.To) : (utc, utc);
        while (at != TimeSource.Never && at - utc <= Reach)
        {
            if (Closed(at) is not { } closed)
            {
                _ahead = new Closure(from, at);
                return at;
            }

            at = closed.Until(at);
        }

        _ahead = new Closure(from, at);
        return null;
    }

    /// <summary>The last instant up to this one at which all were open; null when there is none within a year.</summary>
    public long? LastOpen(long utc)
    {
        var (at, known) = (utc, _behind);
        while (utc - at <= Reach)
        {
            if (at > known?.From && at <= known.To)
            {
                at = known.From;
                continue;
            }

            if (Closed(at) is not { } closed)
            {
                _behind = new Closure(at, utc);
                return at;
            }

            at = closed.Since(at) is var since && since != TimeSource.Never && since > 0 ? since - 1 : BeforeAll;
        }

        _behind = new Closure(at, utc);
        return null;
    }

    /// <summary>When a slot fires that is moved back before a close, given the last open instant: the whole last minute is open, unless the open time is shorter than that.</summary>
    public long BeforeClosing(long lastOpen)
    {
        var early = lastOpen + 1 - BeforeClose;
        return Closed(early) is null ? early : lastOpen + 1 - TimeSpan.TicksPerSecond;
    }

    /// <summary>
    /// From here on (exclusive) no slot fires before <paramref name="to"/>: behind the first open minute after it slots are moved back into that
    /// minute or behind it.
    /// </summary>
    public long NoneBefore(long to) => !MovesBack ? to : to > MostInstant - Reach ? MostInstant : NextOpen(to + BeforeClose) ?? to + Reach;

    /// <summary>Closed all the time between the two, of which the one that was looked for may be open.</summary>
    private sealed record Closure(long From, long To);
}

/// <summary>What became of slots that were moved back to before one stretch of closed time.</summary>
/// <param name="LastOpen">Behind this instant it is closed.</param>
/// <param name="FireAt">When they fire, unless one before them is moved on.</param>
/// <param name="SearchedTo">Up to here slots that are moved on were looked for.</param>
/// <param name="MovedOn">The first of them.</param>
internal sealed record MovedBack(long LastOpen, long FireAt, long SearchedTo, long MovedOn);

/// <summary>Where the slots end that are moved to one opening.</summary>
/// <param name="Open">The opening.</param>
/// <param name="Bound">The outermost of them, or an instant beyond it.</param>
internal sealed record MovedBound(long Open, long Bound);

using Chronos.Core.Calendars;

namespace Chronos.Core.Scheduling;

/// <summary>Where calendars move slots to, and how many of them.</summary>
public partial class Schedule
{
    /// <summary>Of one closed time no more slots than this are moved in one direction: a job of every second must not come as a weekend of executions at once.</summary>
    internal const int MostMoved = 100;

    /// <summary>Where a slot goes that this calendar excludes; null when it has nowhere to go.</summary>
    private long? Target(CalendarTimes by, long nominal) => by.OnExcluded switch
    {
        OnExcluded.NextOpen => Opening(nominal),
        OnExcluded.PreviousOpen => Calendars!.LastOpen(nominal) is { } open && IsMovedBack(nominal, open) ? BehindEarlier(nominal, open) : null,
        _ => null,
    };

    /// <summary>
    /// When a slot fires that is moved back: in the last minute before the close, but never before a slot that comes before it, because
    /// dispositions are given in nominal order. Only two kinds of slots can keep it waiting: those of the last open time, by their own time and
    /// jitter; and those of the same closed time that another calendar moves on to its end.
    /// </summary>
    private long BehindEarlier(long nominal, long lastOpen)
    {
        var back = Calendars!.Back is { } known && known.LastOpen == lastOpen ? known : new MovedBack(lastOpen, BehindOpen(lastOpen), lastOpen, TimeSource.Never);
        if (Calendars.MovesOn && back.MovedOn == TimeSource.Never && back.SearchedTo < nominal - 1)
        {
            back = back with { SearchedTo = nominal - 1, MovedOn = FirstMovedOn(back.SearchedTo, nominal) };
        }

        Calendars.Back = back;
        return back.MovedOn < nominal && Calendars.NextOpen(nominal) is { } opening ? opening : back.FireAt;
    }

    /// <summary>When slots fire that are moved back to before the close behind <paramref name="lastOpen"/>, given those of the open time.</summary>
    private long BehindOpen(long lastOpen)
    {
        var target = Calendars!.BeforeClosing(lastOpen);
        var reach = target - (Spec.Jitter?.Ticks ?? 0) - 1;
        for (var at = lastOpen; at > reach && Last(Instant(reach), Instant(at)) is { } slot;)
        {
            switch (Treat(slot))
            {
                case { Fate: SlotFate.Skipped }:
                    at = Calendars.Since(slot.UtcTicks) - 1;
                    continue;
                case { Fate: SlotFate.Moved } when slot.UtcTicks < target:
                    return target;
                case var treatment:
                    return Math.Max(target, treatment.FireAt.UtcTicks);
            }
        }

        return target;
    }

    /// <summary>The first slot of (<paramref name="after"/>, <paramref name="before"/>), which is closed time, that goes on to its end; or <see cref="TimeSource.Never"/>.</summary>
    private long FirstMovedOn(long after, long before)
    {
        while (Next(Instant(after)) is { } slot && slot.UtcTicks < before)
        {
            if (Calendars!.Closed(slot.UtcTicks)?.OnExcluded == OnExcluded.NextOpen && Opening(slot.UtcTicks) is not null)
            {
                return slot.UtcTicks;
            }

            after = Math.Min(FateUntil(slot.UtcTicks), before) - 1;
        }

        return TimeSource.Never;
    }

    /// <summary>The opening that a slot is moved on to; null when there is none within a year, or enough slots nearer to it are.</summary>
    private long? Opening(long nominal) => Calendars!.NextOpen(nominal) is { } opening && IsMovedOn(nominal, opening) ? opening : null;

    private string WhyNotMoved(CalendarTimes by, long nominal) =>
        (by.OnExcluded == OnExcluded.NextOpen ? Calendars!.NextOpen(nominal) : Calendars!.LastOpen(nominal)) is null
            ? "there is no opening within a year"
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"no more than the {MostMoved} slots next to the opening are moved to it");

    /// <summary>Until when (exclusive) slots have the same fate as one at this instant: calendars change, or there are enough of those that are moved.</summary>
    private long FateUntil(long utc)
    {
        if (Calendars is null)
        {
            return TimeSource.Never;
        }

        var end = Calendars.Until(utc);
        if (AfterCompletion || Calendars.Closed(utc) is not { OnExcluded: not OnExcluded.Skip } closed)
        {
            return end;
        }

        if (closed.OnExcluded == OnExcluded.PreviousOpen)
        {
            return Calendars.LastOpen(utc) is { } open && !IsMovedBack(end - 1, open) && IsMovedBack(utc, open) ? LastMovedBack(open) + 1 : end;
        }

        if (Calendars.NextOpen(utc) is { } opening)
        {
            return IsMovedOn(utc, opening) ? end : Math.Min(end, FirstMovedOnTo(opening));
        }

        // An opening further away than a year comes into reach later, unless this calendar has closed for good.
        return closed.Until(utc) == TimeSource.Never || utc >= Latest.UtcTicks - (2 * ScheduleCalendars.Reach) ? end
            : Math.Min(end, Calendars.NextOpen(utc + ScheduleCalendars.Reach) is { } far ? far - ScheduleCalendars.Reach : utc + ScheduleCalendars.Reach);
    }

    // Nearly all closed times have fewer slots, and one count says so; where they end is looked for only where there are more.
    private bool IsMovedBack(long utc, long lastOpen) =>
        utc - lastOpen <= ScheduleCalendars.Reach
        && (AfterCompletion || (Calendars!.LastMovedBack is { } known && known.Open == lastOpen ? utc <= known.Bound : Count(Instant(lastOpen), Instant(utc)) <= MostMoved));

    private bool IsMovedOn(long utc, long opening) =>
        Calendars!.FirstMovedOn is { } known && known.Open == opening ? utc >= known.Bound : Count(Instant(utc - 1), Instant(opening - 1)) <= MostMoved;

    /// <summary>The last nominal time, or an instant behind it, of the slots that are moved back to before the close behind <paramref name="lastOpen"/>.</summary>
    private long LastMovedBack(long lastOpen)
    {
        if (Calendars!.LastMovedBack is { } known && known.Open == lastOpen)
        {
            return known.Bound;
        }

        var (last, bound) = (lastOpen, lastOpen + ScheduleCalendars.Reach);
        for (var count = 0; !AfterCompletion && Next(Instant(last)) is { } slot && slot.UtcTicks <= bound;)
        {
            last = slot.UtcTicks;
            if (++count == MostMoved)
            {
                bound = last;
            }
        }

        Calendars.LastMovedBack = new MovedBound(lastOpen, bound);
        return bound;
    }

    /// <summary>The first nominal time, or an instant before it, of the slots that are moved on to an opening.</summary>
    private long FirstMovedOnTo(long opening)
    {
        if (Calendars!.FirstMovedOn is { } known && known.Open == opening)
        {
            return known.Bound;
        }

        // How long before the opening there are enough, first roughly and then to the tick.
        var (near, far) = (0L, TimeSpan.TicksPerMinute);
        while (far < ScheduleCalendars.Reach && Between(far) < MostMoved)
        {
            (near, far) = (far, far * 2);
        }

        far = Math.Min(far, ScheduleCalendars.Reach);
        if (Between(far) < MostMoved)
        {
            near = far;
        }

        while (far - near > 1)
        {
            var middle = near + ((far - near) / 2);
            (near, far) = Between(middle) < MostMoved ? (middle, far) : (near, middle);
        }

        var bound = opening - far;
        Calendars.FirstMovedOn = new MovedBound(opening, bound);
        return bound;

        long Between(long before) => Count(Instant(Math.Max(opening - before, Earliest.UtcTicks) - 1), Instant(opening - 1));
    }

    private string MovedFrom(long from, long to)
    {
        var (before, after) = (from + Zone.At(from).Offset, to + Zone.At(to).Offset);
        return SchedulePreview.IsOneDay(before, after)
            ? $"{SchedulePreview.Clock(before)} to {SchedulePreview.Clock(after)}"
            : $"{SchedulePreview.Moment(before)} to {SchedulePreview.Moment(after)}";
    }
}

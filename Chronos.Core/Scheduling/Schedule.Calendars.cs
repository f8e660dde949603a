using Chronos.Core.Calendars;

namespace Chronos.Core.Scheduling;

/// <summary>What calendars make of the slots. Nominal times stay what they are: a slot that is moved or skipped keeps its identity.</summary>
public partial class Schedule
{
    /// <summary>Slots of a job that its calendars never let fire are looked for no further than this.</summary>
    private const int MaxRuns = 500;

    /// <summary>Null for nearly all: only a schedule that lists calendars pays for them.</summary>
    private protected virtual ScheduleCalendars? Calendars => null;

    /// <summary>True when it lists calendars.</summary>
    public bool HasCalendars => Calendars is not null;

    /// <summary>What becomes of the slot at this nominal time.</summary>
    public SlotTreatment Treat(DateTimeOffset nominal)
    {
        if (Calendars?.Closed(nominal.UtcTicks) is not { } closed)
        {
            return new SlotTreatment(SlotFate.Open, nominal + JitterOf(nominal), null);
        }

        // A fixed delay has no grid whose slots could be skipped: it goes on when there is an opening.
        if (AfterCompletion && Calendars.NextOpen(nominal.UtcTicks) is { } opening)
        {
            return new SlotTreatment(SlotFate.Moved, Instant(opening), $"calendar {closed.Name}: moved from {MovedFrom(nominal.UtcTicks, opening)}");
        }

        if (closed.OnExcluded == OnExcluded.Skip)
        {
            return new SlotTreatment(SlotFate.Skipped, nominal, $"calendar {closed.Name}: skipped");
        }

        if (Target(closed, nominal.UtcTicks) is { } target)
        {
            // Dispositions are given in nominal order: where an earlier slot fires later, one that was to be moved back follows it.
            var waits = closed.OnExcluded == OnExcluded.PreviousOpen && target > nominal.UtcTicks ? "not moved back, since an earlier slot fires later; " : "";
            return new SlotTreatment(SlotFate.Moved, Instant(target), $"calendar {closed.Name}: {waits}moved from {MovedFrom(nominal.UtcTicks, target)}");
        }

        return new SlotTreatment(SlotFate.Skipped, nominal, $"calendar {closed.Name}: skipped, {WhyNotMoved(closed, nominal.UtcTicks)}");
    }

    /// <summary>
    /// When a timetable looks at the slot: when it fires; a skipped one together with those of the next hour that share its fate, so
    /// that a job of every second does not write a line for each second of a holiday.
    /// </summary>
    internal DateTimeOffset LookAt(DateTimeOffset nominal)
    {
        if (Calendars is null)
        {
            return FireAt(nominal);
        }

        var treatment = Treat(nominal);
        if (treatment.Fate != SlotFate.Skipped || AfterCompletion)
        {
            return treatment.FireAt;
        }

        var end = Math.Min(FateUntil(nominal.UtcTicks) - 1, nominal.UtcTicks + TimeSpan.TicksPerHour);
        var last = Last(nominal.AddTicks(-1), Instant(end))!.Value;
        return MovedBehind(nominal) is { } moved && moved < last ? moved : last;
    }

    /// <summary>The skipped slots from <paramref name="nominal"/> on whose time has come; null when it is not skipped or its time has not come.</summary>
    /// <remarks>A slot behind them that was moved back to before them takes them along: dispositions are given in the order of nominal times.</remarks>
    internal SlotRun? SkippedBy(DateTimeOffset nominal, DateTimeOffset now)
    {
        if (Treat(nominal).Fate != SlotFate.Skipped)
        {
            return null;
        }

        var whole = MovedBehind(nominal) <= now;
        return whole || nominal <= now ? Runs(nominal.AddTicks(-1), whole ? Horizon(nominal) : now).First() : null;
    }

    /// <summary>Whether a run could start at this instant without breaking a calendar.</summary>
    public bool IsOpenAt(DateTimeOffset at) => Calendars?.Closed(at.UtcTicks) is null;

    /// <summary>The first instant from <paramref name="at"/> on at which every calendar is open; null when there is none within a year.</summary>
    public DateTimeOffset? NextOpen(DateTimeOffset at) =>
        Calendars is null ? at : Calendars.NextOpen(at.UtcTicks) is { } open ? Instant(open) : null;

    /// <summary>The slots of (<paramref name="after"/>, <paramref name="upTo"/>] in runs of one fate, by nominal time; does not walk over the slots.</summary>
    public IEnumerable<SlotRun> Runs(DateTimeOffset after, DateTimeOffset upTo)
    {
        for (var next = Next(after); next is { } first && first <= upTo; next = Next(after))
        {
            var treatment = Treat(first);
            var end = FateUntil(first.UtcTicks);
            var last = AfterCompletion ? first
                : end > upTo.UtcTicks ? Last(first.AddTicks(-1), upTo)!.Value
                : Last(first.AddTicks(-1), Instant(end - 1))!.Value;
            yield return new SlotRun(first, last, treatment);
            if (AfterCompletion)
            {
                // The next one counts from the end of an execution that there has not been.
                yield break;
            }

            after = last;
        }
    }

    /// <summary>
    /// The last slot after <paramref name="after"/> that was to fire, or to be skipped, at or before <paramref name="at"/>, with all
    /// slots before it; null when there is none.
    /// </summary>
    public DateTimeOffset? LastDue(DateTimeOffset after, DateTimeOffset at)
    {
        if (Calendars is null)
        {
            // Jitter does not carry a slot past the next one, so that at most the last has to wait for its own.
            return Last(after, at) is not { } nominal ? null
                : nominal + JitterOf(nominal) <= at ? nominal
                : Last(after, nominal.AddTicks(-1));
        }

        if (AfterCompletion)
        {
            return Next(after) is { } only && Treat(only).FireAt <= at ? only : null;
        }

        DateTimeOffset? last = null;
        foreach (var run in Runs(after, Horizon(at)))
        {
            if (run.Treatment.Fate == SlotFate.Moved)
            {
                if (run.Treatment.FireAt > at)
                {
                    break;
                }

                last = run.Last;
                continue;
            }

            if (run.First <= at)
            {
                last = run.Last <= at ? run.Last : Last(run.First.AddTicks(-1), at);
            }

            // Behind skipped slots that are still to come there may be some that were moved back to before them.
            if (run.Last > at && !(run.Treatment.Fate == SlotFate.Skipped && Calendars.MovesBack))
            {
                break;
            }
        }

        return last;
    }

    /// <summary>The first slot after <paramref name="after"/> that fires, with when it does; null when none does in the next years.</summary>
    public (DateTimeOffset Nominal, DateTimeOffset FireAt)? NextFiring(DateTimeOffset after) => NextFiring(after, Earliest);

    /// <summary>
    /// The same of those that fire at or after <paramref name="from"/>. What it costs does not depend on how far away that is: only closed time
    /// around it, and jitter, lead a slot from far into it.
    /// </summary>
    public (DateTimeOffset Nominal, DateTimeOffset FireAt)? NextFiring(DateTimeOffset after, DateTimeOffset from)
    {
        var search = new FiringSearch(this, after, from, DateTimeOffset.MaxValue);
        for (var i = 0; i < MaxRuns && !search.Step(); i++)
        {
        }

        return search.Found;
    }

    /// <summary>All slots up to the answer that fire do so before <paramref name="from"/>.</summary>
    internal DateTimeOffset FiredBefore(DateTimeOffset from)
    {
        var before = Math.Max(from.UtcTicks, Earliest.UtcTicks) - 1;
        var open = Calendars is null ? before : Calendars.LastOpen(before) ?? Math.Max(before - ScheduleCalendars.Reach, Earliest.UtcTicks);

        // Jitter does not carry a slot past the next one, so that it matters of the last slot only.
        var reach = Math.Max(Spec.Jitter?.Ticks ?? 0, before - open);
        var last = reach == 0 ? null : Last(Instant(Math.Max(before - reach - 1, Earliest.UtcTicks - 1)), Instant(before));
        return Instant(last is { } slot ? Math.Min(open, slot.UtcTicks - 1) : before);
    }

    /// <summary>From here on (exclusive) all slots that fire do so at or after <paramref name="to"/>.</summary>
    internal DateTimeOffset FiringAfter(DateTimeOffset to) => Calendars is null ? to : Instant(Math.Max(to.UtcTicks, Calendars.NoneBefore(to.UtcTicks)));

    /// <summary>The last slot with the same fate as this one, which calendars move or skip; later than any when that never ends.</summary>
    internal DateTimeOffset LastAlike(DateTimeOffset nominal) => FateUntil(nominal.UtcTicks) is var end && end < Latest.UtcTicks ? Instant(end - 1) : Latest;

    /// <summary>How many slots of (<paramref name="after"/>, <paramref name="upTo"/>] fire, by nominal time.</summary>
    public long CountFiring(DateTimeOffset after, DateTimeOffset upTo) => CountFiring(after, upTo, long.MaxValue)!.Value;

    /// <summary>The same; null when they, or the stretches of open and closed time that they lie in, are more than <paramref name="most"/>.</summary>
    public long? CountFiring(DateTimeOffset after, DateTimeOffset upTo, long most)
    {
        if (Calendars is null)
        {
            return Count(after, upTo) is var all && all <= most ? all : null;
        }

        var (count, runs) = (0L, 0L);
        foreach (var run in Runs(after, upTo))
        {
            count += run.Treatment.Fate == SlotFate.Skipped ? 0 : Count(run.First.AddTicks(-1), run.Last);
            if (count > most || ++runs > most)
            {
                return null;
            }
        }

        return count;
    }

    /// <summary>When the first slot behind a skipped one and its skipped neighbours fires, if it was moved.</summary>
    private DateTimeOffset? MovedBehind(DateTimeOffset skipped)
    {
        if (Calendars?.MovesBack != true || AfterCompletion)
        {
            return null;
        }

        for (var (nominal, i) = (skipped, 0); i < MaxRuns; i++)
        {
            var end = FateUntil(nominal.UtcTicks);
            if (end == TimeSource.Never || Next(Instant(end - 1)) is not { } next)
            {
                return null;
            }

            var treatment = Treat(next);
            if (treatment.Fate != SlotFate.Skipped)
            {
                return treatment.Fate == SlotFate.Moved ? treatment.FireAt : null;
            }

            nominal = next;
        }

        return null;
    }

    /// <summary>A slot that is moved back fires before its nominal time, but never by more than a year.</summary>
    private static DateTimeOffset Horizon(DateTimeOffset at) => at.Year >= 9998 ? at : at.AddDays(367);

    private sealed class UnderCalendars(ScheduleSpec spec, TimeSource source, ZoneRules zone, ulong seed, ScheduleCalendars calendars) : Schedule(spec, source, zone, seed)
    {
        private protected override ScheduleCalendars Calendars => calendars;
    }
}

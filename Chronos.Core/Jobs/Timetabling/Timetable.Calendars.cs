using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What calendars make of slots, and what happens when a calendar changes.</summary>
public sealed partial class Timetable
{
    /// <summary>More slots than these are recorded as one range when a new plan meets slots that were decided ahead of their time.</summary>
    private const int AheadOneByOne = 1_000;

    /// <summary>A calendar is there, changed or gone: what was due under the old one is disposed of first, then the jobs that list it are planned anew.</summary>
    public CalendarPlanning.CalendarNoted SetCalendar(CalendarPlanning.SetCalendar command, DateTimeOffset now)
    {
        var noted = new CalendarPlanning.CalendarNoted(command.Timetable, command.Tenant, command.Name, command.Version);
        if (State.CalendarOf(command.Tenant, command.Name) is { } known && known.Version >= command.Version)
        {
            return noted;
        }

        var jobs = State.JobsWithCalendar(command.Tenant, command.Name).Select(j => j.Id).ToList();
        foreach (var id in jobs)
        {
            if (State.Find(id) is { } job && !job.IsPausedAt(now))
            {
                SettleSlots(id, now);
            }

            EndBackfill(id, $"the calendar {command.Name} was changed", now);
        }

        // A job that came to list it while it was being deleted goes on with what the calendar last said: to fire at an excluded time would be worse.
        var definition = command.Definition ?? (jobs.Count > 0 ? State.CalendarOf(command.Tenant, command.Name)?.Definition : null);
        var calendar = new PlannedCalendar(command.Tenant, command.Name, command.Version, definition);
        State.Apply(calendar);
        Outbox.Add(calendar);
        foreach (var id in jobs)
        {
            SettleMovedBehind(id, now);
            Drain(id, now);
        }

        return noted;
    }

    public CalendarPlanning.CalendarUse GetCalendarUse(CalendarPlanning.GetCalendarUse query)
    {
        var names = State.JobsWithCalendar(query.Tenant, query.Name).Where(j => !j.Removed).Select(j => j.Definition.Name).Order(StringComparer.Ordinal).ToList();
        return new CalendarPlanning.CalendarUse(query.Timetable, query.Tenant, query.Name, [.. names.Take(CalendarPlanning.CalendarUse.Shown)], names.Count);
    }

    /// <summary>Records the next slots if a calendar skips them, as far as their time has come.</summary>
    private void SkipClosed(JobId id, Schedule schedule, DateTimeOffset now)
    {
        while (schedule.HasCalendars && schedule.Next(State.Find(id)!.Cursor) is { } nominal && schedule.SkippedBy(nominal, now) is { } run)
        {
            SkipRun(id, schedule, run, run.Last);
        }
    }

    private void SkipRun(JobId id, Schedule schedule, SlotRun run, DateTimeOffset last) =>
        Emit(new SlotsSkipped(id, run.First, last, CountUpTo(schedule, run.First.AddTicks(-1), last), SkipReason.Calendar, run.Treatment.Note));

    /// <summary>Slots that a calendar moves back to before the plan began can fire no more; they are recorded at once.</summary>
    private void SettleMovedBehind(JobId id, DateTimeOffset from)
    {
        if (State.Find(id) is not { Removed: false } job || job.State == PlanState.Disabled || State.ScheduleOf(id) is not { HasCalendars: true } schedule)
        {
            return;
        }

        var after = job.Cursor > from ? job.Cursor : from;
        if (schedule.LastDue(after, from) is not { } last)
        {
            return;
        }

        foreach (var run in schedule.Runs(after, last))
        {
            Emit(new SlotsSkipped(
                id, run.First, run.Last, CountUpTo(schedule, run.First.AddTicks(-1), run.Last), SkipReason.Calendar, $"{run.Treatment.Note}, which had passed when this was planned"));
        }
    }

    /// <summary>
    /// A calendar that moves slots back has them decided ahead of their time; and a plan that comes late, after a crash between job and
    /// timetable, finds slots decided by the one before. The new schedule's slots of that time which the old one did not have are recorded,
    /// because the cursor does not go back: going back could claim a slot twice. Where two changes come late one after the other, what was
    /// decided before the first of them is left as it is.
    /// </summary>
    private void SettleDecidedAhead(JobId id, Schedule? old, DateTimeOffset from, DateTimeOffset decidedTo)
    {
        if (decidedTo <= from || State.ScheduleOf(id) is not { AfterCompletion: false } schedule)
        {
            return;
        }

        var (reason, why) = old?.HasCalendars == true
            ? (SkipReason.Calendar, "slots up to then had been decided ahead of their time, because a calendar moved them back")
            : (SkipReason.Misfire, "slots up to then had been decided by the schedule before, when the change of schedule arrived");
        var fresh = schedule.After(from).TakeWhile(n => n <= decidedTo).Where(n => !IsDecided(n)).Take(AheadOneByOne + 1).ToList();
        if (fresh.Count > AheadOneByOne)
        {
            Emit(new SlotsSkipped(id, fresh[0], decidedTo, -1, reason, why));
            return;
        }

        foreach (var nominal in fresh)
        {
            Skip(id, nominal, reason, why);
        }

        // The times of a fixed delay count from ends that are known no more, except of the last one.
        bool IsDecided(DateTimeOffset nominal) => old is { AfterCompletion: true } ? nominal == decidedTo : old?.Next(nominal.AddTicks(-1)) == nominal;
    }

    /// <summary>A run that is late anyway does not start in closed time: it waits for the opening. True when it has to.</summary>
    private bool WaitsForOpening(PlannedJob job, WaitingSlot next, DateTimeOffset now)
    {
        if (next.Trigger != ExecutionTrigger.CatchUp || State.ScheduleOf(job.Id) is not { HasCalendars: true } schedule || schedule.IsOpenAt(now))
        {
            return false;
        }

        if (schedule.NextOpen(now) is not { } open)
        {
            Skip(job.Id, next.Nominal, SkipReason.Calendar, "its calendars do not open within a year");
            return false;
        }

        State.Hold(job.Id, open);
        return true;
    }
}

using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What becomes of slots: fired, queued, caught up, or not run with a reason.</summary>
public sealed partial class Timetable
{
    /// <summary>Above this a range is recorded without its count: counting would cost more than it tells.</summary>
    private const long CountedSlots = 100_000;

    /// <summary>Gives every slot that is due its disposition.</summary>
    private void SettleSlots(JobId id, DateTimeOffset now)
    {
        if (State.Find(id) is not { Removed: false } job || State.ScheduleOf(id) is not { } schedule || job.State == PlanState.Disabled)
        {
            return;
        }

        if (job.State == PlanState.Paused)
        {
            if (!PauseIsOver(job, now))
            {
                return;
            }

            // At the very instant at which a pause ends it is over: that slot fires.
            if (schedule.AfterCompletion)
            {
                EndPauseOfDelay(job, schedule, MisfireRule.None, job.PausedUntil!.Value);
            }
            else
            {
                SkipDue(job, schedule, job.Cursor, job.PausedUntil!.Value.AddTicks(-1), SkipReason.Paused, null);
            }

            Drain(id, now);
            AdvanceOpen(id, now);
            job = State.Find(id)!;
        }

        if (schedule.AfterCompletion)
        {
            if (job.Running.IsEmpty && job.Waiting.IsEmpty && FixedDelay.Next(job, schedule) is { } due && schedule.Treat(due) is var fate && fate.FireAt <= now)
            {
                if (fate.Fate == SlotFate.Skipped)
                {
                    Skip(id, due, SkipReason.Calendar, fate.Note);
                }
                else
                {
                    FireSlot(id, due, ExecutionTrigger.Schedule, now);
                }
            }

            return;
        }

        SkipClosed(id, schedule, now);
        SettleMissed(id, schedule, now);
        while (schedule.Next(State.Find(id)!.Cursor) is { } nominal && schedule.Treat(nominal) is { Fate: not SlotFate.Skipped } treatment && treatment.FireAt <= now)
        {
            FireSlot(id, nominal, ExecutionTrigger.Schedule, now);
            SkipClosed(id, schedule, now);
        }

        if (schedule.HasCalendars)
        {
            Drain(id, now);
        }
    }

    /// <summary>Claims the slots that come due within the lead, as far as they can only be claimed then.</summary>
    private void ClaimWhatComes(JobId id, DateTimeOffset now)
    {
        while (State.ClaimableAhead(id, now) is { } next)
        {
            Claim(State.Find(id)!, next.Nominal, ExecutionTrigger.Schedule, now, next.FireAt);
        }
    }

    /// <summary>What was claimed ahead and is not due yet is not sent: the job is switched off. It was told so before the slot's time.</summary>
    private void CancelHeld(PlannedJob job, DateTimeOffset now)
    {
        foreach (var held in job.Running.Values.Where(e => e is { AttemptRuns: true, EndsAs: null } && e.IsHeldAt(now)))
        {
            RequestEnd(job, held, ExecutionStatus.Cancelled, "the job was disabled before the slot was due", Principal.System, now);
        }
    }

    /// <summary>Slots that are later than the job's grace are misfires; the policy says which of them are caught up.</summary>
    private void SettleMissed(JobId id, Schedule schedule, DateTimeOffset now)
    {
        var job = State.Find(id)!;
        var limit = now - job.Definition.Misfire.Grace;
        if (schedule.Next(job.Cursor) is not { } first || schedule.FireAt(first) >= limit || schedule.LastDue(job.Cursor, limit) is not { } last)
        {
            return;
        }

        if (schedule.FireAt(last) >= limit)
        {
            // Jitter moved this one into the grace; the one before it is the last that was missed.
            if (schedule.Last(job.Cursor, last.AddTicks(-1)) is not { } before)
            {
                return;
            }

            last = before;
        }

        CatchUp(job, schedule, last, job.Definition.Misfire.Rule, SkipReason.Misfire, now);
        Drain(id, now);
    }

    /// <summary>Disposes of every slot in (cursor, <paramref name="last"/>]: the chosen ones wait as catch-ups, the rest is skipped. Returns both counts.</summary>
    private (long Missed, long CaughtUp) CatchUp(PlannedJob job, Schedule schedule, DateTimeOffset last, MisfireRule rule, SkipReason reason, DateTimeOffset now)
    {
        var misfire = job.Definition.Misfire;
        var oldest = now - misfire.Window;
        if (schedule.HasCalendars)
        {
            return CatchUpOpen(job, schedule, last, rule, reason, oldest);
        }

        var chosen = new List<DateTimeOffset>();
        if (rule == MisfireRule.Last && last >= oldest)
        {
            chosen.Add(last);
        }
        else if (rule == MisfireRule.All)
        {
            chosen.AddRange(LatestSlots(schedule, job.Cursor > oldest ? job.Cursor : oldest.AddTicks(-1), last, misfire.Max));
        }

        var skippedTo = chosen.Count > 0 ? chosen[0].AddTicks(-1) : last;
        var skipped = SkipNominal(job, schedule, job.Cursor, skippedTo, reason, reason == SkipReason.Misfire ? MissedDetail(misfire, rule) : null);
        foreach (var nominal in chosen)
        {
            Emit(new SlotQueued(job.Id, nominal, ExecutionTrigger.CatchUp));
        }

        return (skipped + chosen.Count, chosen.Count);
    }

    /// <summary>The same under calendars: what they skip is their doing and not missed, and nothing of it is caught up.</summary>
    private (long Missed, long CaughtUp) CatchUpOpen(PlannedJob job, Schedule schedule, DateTimeOffset last, MisfireRule rule, SkipReason reason, DateTimeOffset oldest)
    {
        var misfire = job.Definition.Misfire;
        var runs = schedule.Runs(job.Cursor, last).ToList();
        var room = rule switch { MisfireRule.None => 0, MisfireRule.Last => 1, _ => misfire.Max };
        var chosen = new List<DateTimeOffset>();
        for (var i = runs.Count - 1; i >= 0 && chosen.Count < room && runs[i].Last >= oldest; i--)
        {
            if (runs[i].Treatment.Fate != SlotFate.Skipped)
            {
                var after = runs[i].First > oldest ? runs[i].First.AddTicks(-1) : oldest.AddTicks(-1);
                chosen.InsertRange(0, LatestSlots(schedule, after, runs[i].Last, room - chosen.Count));
            }
        }

        var (missed, at) = (0L, 0);
        foreach (var run in runs)
        {
            if (run.Treatment.Fate == SlotFate.Skipped)
            {
                SkipRun(job.Id, schedule, run, run.Last);
                continue;
            }

            var skippedTo = chosen.Count == 0 || chosen[0] > run.Last ? run.Last : chosen[0].AddTicks(-1);
            missed += SkipNominal(job, schedule, run.First.AddTicks(-1), skippedTo, reason, reason == SkipReason.Misfire ? MissedDetail(misfire, rule) : null);
            for (; at < chosen.Count && chosen[at] <= run.Last; at++)
            {
                Emit(new SlotQueued(job.Id, chosen[at], ExecutionTrigger.CatchUp));
            }
        }

        return (missed + chosen.Count, chosen.Count);
    }

    private static string MissedDetail(MisfirePolicy policy, MisfireRule rule) => rule switch
    {
        MisfireRule.None => "misfire policy none",
        MisfireRule.Last => "misfire policy last",
        _ => $"misfire policy all, at most {policy.Max} within {Durations.Format(policy.Window)}",
    };

    /// <summary>The last <paramref name="max"/> slots of (<paramref name="after"/>, <paramref name="upTo"/>], without walking through a long range.</summary>
    private static List<DateTimeOffset> LatestSlots(Schedule schedule, DateTimeOffset after, DateTimeOffset upTo, int max)
    {
        for (var span = TimeSpan.FromMinutes(1); ; span *= 2)
        {
            var from = upTo - after <= span ? after : upTo - span;
            var slots = new List<DateTimeOffset>();
            for (var next = schedule.Next(from); next is { } nominal && nominal <= upTo; next = schedule.Next(nominal))
            {
                slots.Add(nominal);
            }

            if (slots.Count >= max || from == after)
            {
                return slots.Count > max ? slots[^max..] : slots;
            }
        }
    }

    /// <summary>Skips what was due after the cursor's slot <paramref name="after"/> and up to <paramref name="at"/>.</summary>
    private long SkipDue(PlannedJob job, Schedule schedule, DateTimeOffset after, DateTimeOffset at, SkipReason reason, string? detail) =>
        schedule.LastDue(after, at) is { } last ? SkipNominal(job, schedule, after, last, reason, detail) : 0;

    private long SkipNominal(PlannedJob job, Schedule schedule, DateTimeOffset after, DateTimeOffset upTo, SkipReason reason, string? detail)
    {
        if (upTo <= after || schedule.Next(after) is not { } first || first > upTo || schedule.Last(after, upTo) is not { } last)
        {
            return 0;
        }

        var count = CountUpTo(schedule, after, last);
        Emit(new SlotsSkipped(job.Id, first, last, count, reason, detail));
        return count;
    }

    /// <summary>The number of slots, or -1 when there are too many to be worth counting.</summary>
    private static long CountUpTo(Schedule schedule, DateTimeOffset after, DateTimeOffset last)
    {
        long count = 0;
        for (var next = schedule.Next(after); next is { } nominal && nominal <= last; next = schedule.Next(nominal))
        {
            if (++count > CountedSlots)
            {
                return -1;
            }
        }

        return count;
    }

    private void FireSlot(JobId id, DateTimeOffset nominal, ExecutionTrigger trigger, DateTimeOffset now)
    {
        var job = State.Find(id)!;
        var policy = job.Definition.Concurrency;
        if (job.Running.Count < policy.EffectiveLimit && (policy.Overlap == OverlapPolicy.Allow || job.Waiting.IsEmpty))
        {
            Claim(job, nominal, trigger, now, now);
            return;
        }

        switch (policy.Overlap)
        {
            case OverlapPolicy.Allow or OverlapPolicy.Forbid:
                Skip(id, nominal, SkipReason.Overlap, Others(job));
                return;
            case OverlapPolicy.Queue when job.Waiting.Count >= policy.QueueLimit:
                Skip(id, nominal, SkipReason.QueueFull, $"{job.Waiting.Count} slots wait already");
                return;
            case OverlapPolicy.Queue:
                Emit(new SlotQueued(id, nominal, trigger));
                return;
            default:
                Replace(job, nominal, trigger, now);
                return;
        }
    }

    /// <summary>
    /// The newest slot takes the place of what waits and of the oldest that runs, and starts when that has ended. Not that of catch-ups: the
    /// misfire policy has chosen them, and it comes after them.
    /// </summary>
    private void Replace(PlannedJob job, DateTimeOffset nominal, ExecutionTrigger trigger, DateTimeOffset now)
    {
        foreach (var waiting in job.Waiting.Where(static w => w.Trigger != ExecutionTrigger.CatchUp))
        {
            Skip(job.Id, waiting.Nominal, SkipReason.Replaced, $"by the slot of {Rfc3339.Format(nominal)}");
        }

        Emit(new SlotQueued(job.Id, nominal, trigger));
        var oldest = job.Running.Values.Where(e => e is { EndsAs: null, Trigger: not ExecutionTrigger.CatchUp }).MinBy(e => e.ClaimedAt);
        if (oldest is not null && job.Waiting.All(static w => w.Trigger != ExecutionTrigger.CatchUp) && job.Running.Values.All(e => e.EndsAs is null))
        {
            RequestEnd(job, oldest, ExecutionStatus.Cancelled, $"replaced by the slot of {Rfc3339.Format(nominal)}", Principal.System, now);
        }
    }

    /// <summary>Starts what waits, as far as the policy admits; catch-ups one after another.</summary>
    private void Drain(JobId id, DateTimeOffset now)
    {
        while (!IsLeaving && State.Find(id) is { Removed: false } job && job.State != PlanState.Disabled && !job.IsPausedAt(now) && !job.Waiting.IsEmpty)
        {
            var next = job.Waiting[0];
            var oneByOne = next.Trigger == ExecutionTrigger.CatchUp && job.Running.Values.Any(e => e.Trigger == ExecutionTrigger.CatchUp);
            if (WaitsForOpening(job, next, now))
            {
                return;
            }

            if (State.Find(id)!.Waiting.IsEmpty || State.Find(id)!.Waiting[0] != next)
            {
                continue;
            }

            if (oneByOne || job.Running.Count >= job.Definition.Concurrency.EffectiveLimit)
            {
                return;
            }

            Claim(job, next.Nominal, next.Trigger, now, now);
        }
    }

    /// <param name="fireAt">When it is due; after <paramref name="now"/> where it is claimed ahead.</param>
    private void Claim(PlannedJob job, DateTimeOffset nominal, ExecutionTrigger trigger, DateTimeOffset now, DateTimeOffset fireAt)
    {
        var schedule = State.ScheduleOf(job.Id);
        var treatment = schedule is { HasCalendars: true } ? schedule.Treat(nominal) : default;
        var token = TokenFor(job);
        var fires = fireAt > now ? fireAt : schedule?.Spec.Jitter is null ? nominal : JitteredAt(schedule, nominal, now);
        var claim = new ExecutionStarted(job.Id, null, nominal, trigger, job.Revision, now, node)
        {
            Callback = token?.Hash,
            Due = treatment.Fate == SlotFate.Moved ? treatment.FireAt : null,
            FiresAt = treatment.Fate != SlotFate.Moved && fires != nominal ? fires : null,
            Note = treatment.Note,
        };
        Emit(claim);
        Offer(State.Find(job.Id)!, State.Find(job.Id)!.Running[claim.Id], token, now);
    }

    /// <remarks>What waited may be a slot of an earlier schedule: the jitter of this one is not its own then, and what it was is not known any more.</remarks>
    private static DateTimeOffset JitteredAt(Schedule schedule, DateTimeOffset nominal, DateTimeOffset now) =>
        (schedule.AfterCompletion || schedule.Next(nominal.AddTicks(-1)) == nominal) && schedule.FireAt(nominal) is var fires && fires <= now ? fires : nominal;

    /// <summary>
    /// A resume before the pause's end: every slot that the pause swallowed gets its disposition now. What came due between the resume and
    /// the arrival of its plan is none of them; after a crash that may be hours.
    /// </summary>
    private (long Missed, long CaughtUp) EndPause(PlannedJob job, MisfireRule rule, DateTimeOffset resumed, DateTimeOffset now) =>
        State.ScheduleOf(job.Id) is not { } schedule ? (0, 0)
        : schedule.AfterCompletion ? EndPauseOfDelay(job, schedule, rule, resumed < now ? resumed : now)
        : schedule.LastDue(job.Cursor, resumed < now ? resumed : now) is { } last ? CatchUp(job, schedule, last, rule, SkipReason.Paused, now)
        : (0, 0);

    /// <summary>
    /// The one slot that a pause can swallow of a fixed delay is recorded, up to where the delay counts on: its next is due the delay after it, but
    /// not before the pause ends, and so not late by the time that it was paused.
    /// </summary>
    private (long Missed, long CaughtUp) EndPauseOfDelay(PlannedJob job, Schedule schedule, MisfireRule rule, DateTimeOffset end)
    {
        if (!job.Running.IsEmpty || !job.Waiting.IsEmpty || FixedDelay.Next(job, schedule) is not { } due || schedule.Treat(due).FireAt >= end)
        {
            return (0, 0);
        }

        if (rule == MisfireRule.None)
        {
            Emit(new SlotsSkipped(job.Id, due, FixedDelay.AfterPause(schedule, due, end), 1, SkipReason.Paused, null));
            return (1, 0);
        }

        Emit(new SlotQueued(job.Id, due, ExecutionTrigger.CatchUp));
        return (1, 1);
    }

    /// <summary>Before a plan changes, what came due under the old one is disposed of by the old one.</summary>
    private void SettleBefore(PlannedJob job, TimetablePlanning.SetPlan next, DateTimeOffset now)
    {
        if (!job.IsPausedAt(now))
        {
            SettleSlots(job.Id, now);
        }
        else if (next.State != PlanState.Paused || job.Definition.IsTimedOtherwise(next.Definition))
        {
            RecordOpenSlots(job, now, SkipReason.Paused);
        }

        if (next.State == PlanState.Disabled)
        {
            foreach (var waiting in State.Find(job.Id)!.Waiting)
            {
                Skip(job.Id, waiting.Nominal, SkipReason.Cancelled, "the job was disabled");
            }
        }
    }

    /// <summary>Slots whose time has come but which jitter or a calendar fires later: under the next plan nobody would.</summary>
    private void RecordNotYetFired(JobId id, DateTimeOffset upTo, SkipReason reason, string why)
    {
        if (State.Find(id) is { Removed: false } job && job.State != PlanState.Disabled && State.ScheduleOf(id) is { AfterCompletion: false } schedule)
        {
            SkipNominal(job, schedule, job.Cursor, upTo, reason, why);
        }
    }

    private void RecordOpenSlots(PlannedJob job, DateTimeOffset now, SkipReason reason)
    {
        if (job.State != PlanState.Disabled && State.ScheduleOf(job.Id) is { AfterCompletion: false } schedule)
        {
            SkipDue(job, schedule, job.Cursor, now, job.IsPausedAt(now) ? SkipReason.Paused : reason, null);
        }
    }

    private static string Others(PlannedJob job) => job.Running.Count switch
    {
        0 => $"{job.Waiting.Count} earlier slots wait",
        1 => $"{job.Running.Keys.First()} still ran",
        _ => $"{job.Running.Count} executions still ran",
    };
}

using System.Collections.Immutable;
using Chronos.Core.Calendars;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Verification;

/// <summary>
/// Tries to prove the promises wrong for one job: computes from the history of its schedule which slots there are, and matches
/// them to the ledger and to what a receiver got.
/// </summary>
/// <remarks>
/// The idea is that of the Jepsen checker for the cron server Chronos (2015): a target is due, a run satisfies at most one target,
/// and whatever cannot be matched is a finding. Here the identity of a run names its target, so the matching is exact. Calendars
/// move and skip slots without touching their identity, and may have been edited since: of a schedule that lists some, early and
/// late are not judged.
/// </remarks>
public static class SlotVerifier
{
    /// <param name="received">What a receiver wrote down; null when there is no such log, and then nothing is said of deliveries.</param>
    public static Verification Verify(
        VerifiedJob job, VerificationWindow window, IReadOnlyList<VerifiedSlot> slots, IReadOnlyList<VerifiedExecution> executions,
        IReadOnlyList<ReceivedRequest>? received)
    {
        var findings = ImmutableArray.CreateBuilder<Finding>();
        var (due, ahead, certain) = Due(job, window);
        CheckDispositions(job, window, due, ahead, certain, slots, findings);
        CheckTimes(job, window, due, executions, findings);
        CheckOverlap(job, executions, findings);
        var redelivered = received is null ? 0 : CheckDeliveries(job, window, due, executions, received, findings);
        return new Verification(due.Count, executions.Count, redelivered, findings.DrainToImmutable());
    }

    /// <summary>The slots of the window, and whether they can be known: a fixed delay counts from ends of executions.</summary>
    /// <returns>
    /// Each slot with the instant at which it fires, null where that cannot be known; and those which the next change of the plan came too late
    /// for if they had been claimed ahead, with the instant of that change.
    /// </returns>
    private static (Dictionary<DateTimeOffset, DateTimeOffset?> Slots, Dictionary<DateTimeOffset, DateTimeOffset> Ahead, bool Certain) Due(
        VerifiedJob job, VerificationWindow window)
    {
        var (due, ahead, certain) = (new Dictionary<DateTimeOffset, DateTimeOffset?>(), new Dictionary<DateTimeOffset, DateTimeOffset>(), true);
        foreach (var interval in job.History)
        {
            var (from, to) = (interval.From > window.From ? interval.From : window.From, interval.To is { } end && end < window.To ? end : window.To);

            // What a pause swallows is decided when it ends.
            var counts = interval.Phase == PlanPhase.Active || (interval.Phase == PlanPhase.Paused && interval.To is not null);
            if (!counts || from >= to || interval.Schedule is null)
            {
                continue;
            }

            if (Schedule.Compile(interval.Schedule, interval.Timezone, job.Tenant, job.Name, CalendarLookups.Lenient, []) is not { AfterCompletion: false } schedule)
            {
                certain = false;
                continue;
            }

            foreach (var at in schedule.After(from.AddTicks(-1)).TakeWhile(at => at < to))
            {
                due[at] = interval.Schedule.Calendars.IsEmpty ? schedule.FireAt(at) : null;
            }

            if (interval.To is { } changed)
            {
                foreach (var at in schedule.After(changed.AddTicks(-1)).TakeWhile(at => at < changed + ClaimAhead.Most))
                {
                    ahead[at] = changed;
                }
            }
        }

        return (due, ahead, certain);
    }

    private static void CheckDispositions(
        VerifiedJob job, VerificationWindow window, Dictionary<DateTimeOffset, DateTimeOffset?> due, Dictionary<DateTimeOffset, DateTimeOffset> ahead, bool certain,
        IReadOnlyList<VerifiedSlot> slots, ImmutableArray<Finding>.Builder findings)
    {
        var seen = new Dictionary<DateTimeOffset, VerifiedSlot>();
        var ordered = due.Keys.Order().ToArray();
        foreach (var slot in slots)
        {
            var single = slot.First == slot.Last;
            if (single && certain && slot.First >= window.From && slot.First < window.To && !due.ContainsKey(slot.First) && !ahead.ContainsKey(slot.First))
            {
                findings.Add(new Finding(FindingKind.Unscheduled, job.Name, slot.First, slot.ExecutionId, "the ledger has a disposition, but no schedule of that time has this slot"));
            }

            foreach (var at in single ? [slot.First] : Within(ordered, slot.First, slot.Last))
            {
                if (!seen.TryAdd(at, slot) && !(slot.Waits || seen[at].Waits))
                {
                    findings.Add(new Finding(FindingKind.Doubled, job.Name, at, slot.ExecutionId, $"two dispositions{(seen[at].ExecutionId is { } other ? $", the other is {other}" : "")}"));
                }
            }
        }

        // A new plan begins behind the slot that was claimed ahead under the old one. A slot whose jitter leads beyond the window is not decided in it.
        var claimed = ahead.Where(a => seen.ContainsKey(a.Key) && !due.ContainsKey(a.Key)).ToList();
        foreach (var at in ordered.Where(at => !seen.ContainsKey(at) && !(due[at] >= window.To) && !claimed.Exists(a => a.Value <= at && at <= a.Key)))
        {
            findings.Add(new Finding(FindingKind.Undisposed, job.Name, at, null, "the schedule has this slot, the ledger has no disposition of it"));
        }
    }

    private static IEnumerable<DateTimeOffset> Within(DateTimeOffset[] ordered, DateTimeOffset first, DateTimeOffset last)
    {
        var index = Array.BinarySearch(ordered, first);
        for (var i = index < 0 ? ~index : index; i < ordered.Length && ordered[i] <= last; i++)
        {
            yield return ordered[i];
        }
    }

    private static void CheckTimes(
        VerifiedJob job, VerificationWindow window, Dictionary<DateTimeOffset, DateTimeOffset?> due, IReadOnlyList<VerifiedExecution> executions, ImmutableArray<Finding>.Builder findings)
    {
        foreach (var execution in executions)
        {
            if (execution.StartedAt is not { } started || !IsOfSlot(execution) || due.GetValueOrDefault(execution.Nominal) is not { } fires)
            {
                continue;
            }

            // What waits its turn under queue or replace is not late: its policy says so.
            var waits = job.Concurrency.Overlap is OverlapPolicy.Queue or OverlapPolicy.Replace;
            if (started < fires)
            {
                findings.Add(new Finding(FindingKind.Early, job.Name, execution.Nominal, execution.Id, $"sent {Durations.Format(fires - started)} before its time"));
            }
            else if (execution.Trigger == ExecutionTrigger.Schedule && !waits && started - fires > window.Late
                && !(job.IsLimited && execution.ClaimedAt - fires <= window.Late))
            {
                findings.Add(new Finding(FindingKind.Late, job.Name, execution.Nominal, execution.Id, $"sent {Durations.Format(started - fires)} after its time"));
            }
        }
    }

    /// <summary>
    /// Sweeps over starts and ends. Runs that somebody asked for may be forced past the policy, so they do not count; nor does what ended before it
    /// was to begin: it was claimed ahead and taken back, and never sent.
    /// </summary>
    private static void CheckOverlap(VerifiedJob job, IReadOnlyList<VerifiedExecution> executions, ImmutableArray<Finding>.Builder findings)
    {
        var limit = job.Concurrency.EffectiveLimit;
        if (limit == int.MaxValue)
        {
            return;
        }

        var running = new PriorityQueue<VerifiedExecution, DateTimeOffset>();
        foreach (var execution in executions.Where(e => e.StartedAt is not null && !(e.FinishedAt <= e.StartedAt) && IsOfSlot(e)).OrderBy(e => e.StartedAt))
        {
            while (running.TryPeek(out _, out var end) && end <= execution.StartedAt)
            {
                running.Dequeue();
            }

            if (running.Count >= limit)
            {
                findings.Add(new Finding(
                    FindingKind.Overlapped, job.Name, execution.Nominal, execution.Id, $"ran beside {running.Peek().Id}, the policy allows {limit} at once"));
            }

            running.Enqueue(execution, execution.FinishedAt ?? DateTimeOffset.MaxValue);
        }
    }

    private static bool IsOfSlot(VerifiedExecution execution) => execution.Trigger is ExecutionTrigger.Schedule or ExecutionTrigger.CatchUp;

    private static long CheckDeliveries(
        VerifiedJob job, VerificationWindow window, Dictionary<DateTimeOffset, DateTimeOffset?> due, IReadOnlyList<VerifiedExecution> executions,
        IReadOnlyList<ReceivedRequest> received, ImmutableArray<Finding>.Builder findings)
    {
        var (redelivered, known) = (0L, executions.ToDictionary(e => e.Id));
        var got = received.Where(r => r.ExecutionId.StartsWith(job.Id.Value, StringComparison.Ordinal)).GroupBy(r => r.ExecutionId).ToDictionary(g => g.Key, g => g.ToList());
        foreach (var execution in executions.Where(e => e.Status == ExecutionStatus.Succeeded && !(e.FinishedAt >= window.LogReadAt) && !got.ContainsKey(e.Id)))
        {
            findings.Add(new Finding(FindingKind.Missed, job.Name, execution.Nominal, execution.Id, "succeeded says the ledger, the receiver never got it"));
        }

        foreach (var (id, requests) in got)
        {
            var nominal = requests[0].Nominal;
            if (nominal < window.From || nominal >= window.To)
            {
                continue;
            }

            if (!known.ContainsKey(id) && !(due.GetValueOrDefault(nominal) >= window.To))
            {
                findings.Add(new Finding(FindingKind.Unscheduled, job.Name, nominal, id, "the receiver got it, the ledger does not know it"));
            }

            if (known.GetValueOrDefault(id) is { LastAttempt: { } last, FinishedAt: not null } && requests.Max(r => r.Attempt) is var most && most > last)
            {
                findings.Add(new Finding(FindingKind.Unscheduled, job.Name, nominal, id, $"the receiver got attempt {most}, the ledger knows {last}"));
            }

            foreach (var again in requests.GroupBy(r => r.Attempt).Where(g => g.Count() > 1))
            {
                findings.Add(new Finding(FindingKind.Doubled, job.Name, nominal, id, $"attempt {again.Key} was received {again.Count()} times"));
            }

            if (requests.Any(r => r.Nominal != nominal))
            {
                findings.Add(new Finding(FindingKind.Doubled, job.Name, nominal, id, "was received with two different nominal times"));
            }

            // A run that somebody asked for names the slot that it repeats, and does not wait for its jitter.
            if (id.Contains('@', StringComparison.Ordinal) && due.GetValueOrDefault(nominal) is { } fires && requests.Find(r => r.At < fires) is { } early)
            {
                findings.Add(new Finding(FindingKind.Early, job.Name, nominal, id, $"received {Durations.Format(fires - early.At)} before its time"));
            }

            redelivered += requests.Select(r => r.Attempt).Distinct().Count() > 1 ? 1 : 0;
        }

        return redelivered;
    }
}

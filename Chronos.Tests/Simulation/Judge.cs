using System.Collections.Immutable;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Core.Verification;

namespace Chronos.Tests.Simulation;

/// <summary>
/// Hands what the journal and the targets say to <see cref="SlotVerifier"/>, the judge of <c>chronosctl verify</c>, and adds what that one
/// cannot see: epochs only rise, nothing is claimed twice, everything comes to an end.
/// </summary>
internal sealed class Judge(SimulatedCluster cluster, DateTimeOffset end)
{
    /// <summary>The longest grace of a job, a commit that waits for another, and what a send takes.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(20);

    /// <summary>What began so long before the end, in a world that works, has ended.</summary>
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(25);

    private readonly List<string> _findings = [];

    public long Slots { get; private set; }

    public long Executions { get; private set; }

    public IReadOnlyList<string> Findings()
    {
        for (var n = 0; n < Conditions.Timetables; n++)
        {
            Judged(n);
        }

        return _findings;
    }

    private void Judged(int timetable)
    {
        var (state, ledgers, epoch) = (new TimetableState(), new Dictionary<JobId, Ledger>(), 0L);
        foreach (var batch in cluster.Store.Stream(TimetableIncarnation.StreamOf(timetable)).Cast<TimetableBatch>())
        {
            if (batch.Epoch < epoch)
            {
                _findings.Add($"timetable {timetable} followed epoch {batch.Epoch} at {Rfc3339.Format(batch.At)} after it had seen {epoch}");
            }

            epoch = Math.Max(epoch, batch.Epoch);
            foreach (var item in batch.Items)
            {
                if (!ledgers.TryGetValue(item.Job, out var ledger))
                {
                    ledgers.Add(item.Job, ledger = new Ledger());
                }

                var before = state.Find(item.Job);
                state.Apply(item);
                ledger.Fold(item, before, state, _findings);
            }
        }

        foreach (var (id, ledger) in ledgers)
        {
            Judged(cluster.JobOf(id), ledger);
        }
    }

    private void Judged(SimulatedJob job, Ledger ledger)
    {
        var window = new VerificationWindow(World.Start, end - Conditions.Settled, Late);
        var verified = new VerifiedJob(TenantId.Default, job.Id, job.One.Name, job.One.Concurrency, ledger.History(window.To));
        var result = SlotVerifier.Verify(verified, window, ledger.Slots, [.. ledger.Executions.Values], cluster.Received);
        _findings.AddRange(result.Findings.Select(f => $"{f.Kind} {f.Job} {Rfc3339.Format(f.At)} {f.ExecutionId}: {f.Detail}"));
        _findings.AddRange(ledger.Unfinished(end - Enough).Select(e => $"Unfinished {job.One.Name} {e.Id}: claimed at {Rfc3339.Format(e.StartedAt!.Value)}"));
        _findings.AddRange(ledger.Superseded().Select(f => $"{f} of {job.One.Name}"));
        (Slots, Executions) = (Slots + result.Slots, Executions + result.Executions);
    }

    /// <summary>The ledger of a job as its timetable's journal tells it. Stricter than the projection: it keeps every disposition, not the last.</summary>
    private sealed class Ledger
    {
        private readonly List<(DateTimeOffset From, PlanSet? Plan)> _plans = [];

        /// <summary>Slots of a plan that came late, from a time that had been decided under the one before: recorded as not run, or a finding.</summary>
        private readonly HashSet<DateTimeOffset> _expected = [];
        private readonly List<DateTimeOffset> _recorded = [];

        public List<VerifiedSlot> Slots { get; } = [];

        public IEnumerable<string> Superseded()
        {
            var decided = Slots.Where(s => s.First == s.Last).Select(s => s.First).ToHashSet();
            var ranges = Slots.Where(s => s.First < s.Last).ToList();
            return _expected.Where(n => !decided.Contains(n) && !ranges.Exists(r => r.First <= n && n <= r.Last) && !_recorded.Contains(n)).Select(n => $"Undisposed under a late plan: {Rfc3339.Format(n)}")
                .Concat(_recorded.Where(decided.Contains).Select(n => $"Doubled under a late plan: {Rfc3339.Format(n)}"))
                .Concat(_recorded.Where(n => !_expected.Contains(n)).Select(n => $"Unscheduled under a late plan: {Rfc3339.Format(n)}"));
        }

        public Dictionary<string, VerifiedExecution> Executions { get; } = [];

        public IEnumerable<VerifiedExecution> Unfinished(DateTimeOffset before) => Executions.Values.Where(e => e.FinishedAt is null && e.StartedAt < before);

        public void Fold(TimetableItem item, PlannedJob? before, TimetableState state, List<string> findings)
        {
            switch (item)
            {
                case PlanSet i:
                    _plans.Add((state.Find(i.Job)!.Cursor, i));
                    Expect(i, before, state.ScheduleOf(i.Job));
                    break;
                case PlanRemoved:
                    _plans.Add((before?.Cursor ?? default, null));
                    break;
                case SlotsSkipped i when i.Last <= before?.Cursor && before.Waiting.All(w => w.Nominal < i.First || w.Nominal > i.Last):
                    _recorded.Add(i.First);
                    break;
                case SlotsSkipped i:
                    Slots.Add(new VerifiedSlot(i.First, i.Last, false, false, null));
                    break;
                case SlotQueued i:
                    Slots.Add(new VerifiedSlot(i.Nominal, i.Nominal, false, true, ExecutionId.ForSlot(i.Job, i.Nominal).Value));
                    break;
                case ExecutionStarted i:
                    if (i.Id.IsSlot)
                    {
                        CheckFiresAt(i, before, state.ScheduleOf(i.Job), findings);
                        Slots.Add(new VerifiedSlot(i.Nominal, i.Nominal, true, false, i.Id.Value));
                    }

                    if (!Executions.TryAdd(i.Id.Value, new VerifiedExecution(i.Id.Value, i.Trigger, i.Nominal, ExecutionStatus.Running, i.Begins, null)))
                    {
                        findings.Add($"claimed twice: {i.Id}");
                    }

                    break;
                case AttemptEnded { Attempt: 1 } i:
                    Change(i.Execution, e => e with { StartedAt = i.StartedAt }, findings);
                    break;
                case ExecutionEnded i:
                    Change(i.Execution, e => e with { Status = i.Status, FinishedAt = i.At }, findings);
                    break;
            }
        }

        /// <summary>
        /// The plans of the job in the order in which its timetable took them over. A plan holds from its cursor on: what lies before was
        /// decided under the one before it.
        /// </summary>
        public ImmutableArray<PlanInterval> History(DateTimeOffset end)
        {
            var history = ImmutableArray.CreateBuilder<PlanInterval>();
            for (var n = 0; n < _plans.Count; n++)
            {
                var to = n + 1 < _plans.Count ? _plans[n + 1].From.AddTicks(1) : (DateTimeOffset?)null;
                if (_plans[n] is (var from, { } plan))
                {
                    var phase = plan.State switch
                    {
                        PlanState.Disabled => PlanPhase.Disabled,
                        PlanState.Paused when plan.PausedUntil is { } until && until < end - Late => PlanPhase.Active,
                        PlanState.Paused => PlanPhase.Paused,
                        _ => PlanPhase.Active,
                    };
                    history.Add(new PlanInterval(
                        from.AddTicks(1), to, phase, null, plan.Definition.Schedule, plan.Definition.Timezone, plan.Revision, plan.Version, Principal.System));
                }
            }

            return history.DrainToImmutable();
        }

        /// <summary>Lateness counts from what the claim says: it has to be when the schedule has the slot fire. What waited may be of an earlier one.</summary>
        private static void CheckFiresAt(ExecutionStarted claim, PlannedJob? before, Schedule? schedule, List<string> findings)
        {
            var said = claim.FiresAt ?? claim.Due ?? claim.Nominal;
            if (before?.Waiting.Any(w => w.Nominal == claim.Nominal) == false && schedule?.FireAt(claim.Nominal) is { } fires && fires != said)
            {
                findings.Add($"{claim.Id} was to fire at {Rfc3339.Format(fires)}, its claim says {Rfc3339.Format(said)}");
            }
        }

        private void Expect(PlanSet plan, PlannedJob? before, Schedule? schedule)
        {
            if (plan.State != PlanState.Disabled && before is { Removed: false } && before.Cursor > plan.From && before.Definition.IsTimedOtherwise(plan.Definition)
                && schedule is { AfterCompletion: false })
            {
                _expected.UnionWith(schedule.After(before.TakenOver > plan.From ? before.TakenOver.Value : plan.From).TakeWhile(n => n <= before.Cursor));
            }
        }

        private void Change(ExecutionId id, Func<VerifiedExecution, VerifiedExecution> change, List<string> findings)
        {
            if (Executions.TryGetValue(id.Value, out var execution))
            {
                Executions[id.Value] = change(execution);
            }
            else
            {
                findings.Add($"something happened to {id}, which was never claimed");
            }
        }
    }
}

using System.Collections.Immutable;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
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
                ledger.Fold(item, before, state.Find(item.Job), _findings);
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
        (Slots, Executions) = (Slots + result.Slots, Executions + result.Executions);
    }

    /// <summary>The ledger of a job as its timetable's journal tells it. Stricter than the projection: it keeps every disposition, not the last.</summary>
    private sealed class Ledger
    {
        private readonly List<(DateTimeOffset From, PlanSet? Plan)> _plans = [];

        public List<VerifiedSlot> Slots { get; } = [];

        public Dictionary<string, VerifiedExecution> Executions { get; } = [];

        public IEnumerable<VerifiedExecution> Unfinished(DateTimeOffset before) => Executions.Values.Where(e => e.FinishedAt is null && e.StartedAt < before);

        public void Fold(TimetableItem item, PlannedJob? before, PlannedJob? after, List<string> findings)
        {
            switch (item)
            {
                case PlanSet i:
                    _plans.Add((after!.Cursor, i));
                    break;
                case PlanRemoved:
                    _plans.Add((before?.Cursor ?? default, null));
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

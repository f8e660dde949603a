using Chronos.Core.Contracts;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Xunit;
using static Chronos.Tests.Actors.Projections.ReadSide;

namespace Chronos.Tests.Actors.Projections;

/// <summary>What holds on every database of the read side; see <c>ReadSideTests</c>.</summary>
public abstract class LedgerProjectionCompliance : IDisposable
{
    private static readonly DateTimeOffset Slot = T0.AddMinutes(5);
    private ReadSide? _opened;

    private protected ReadSide Side => _opened ??= Open();

    public void Dispose()
    {
        _opened?.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract ReadSide Open();

    [Fact]
    public async Task An_execution_is_running_after_its_claim_and_final_after_its_end()
    {
        await Side.Tell(Created("a"), Batch(Started("a", Slot)));
        var id = ExecutionId.ForSlot(Id("a"), Slot);
        var running = Side.Ledger.Find(TenantId.Default, id)!;
        Assert.Equal(ExecutionStatus.Running, running.Status);
        Assert.Null(running.LatenessMs);

        await Side.Tell(Batch(AttemptEnded("a", Slot), Ended("a", Slot)));
        var ended = Side.Ledger.Find(TenantId.Default, id)!;
        Assert.Equal(ExecutionStatus.Succeeded, ended.Status);
        Assert.Equal("a", ended.JobName);
        Assert.Equal(7, ended.LatenessMs);
        Assert.Equal(Slot.AddMilliseconds(7), ended.StartedAt);
        Assert.Equal(Slot.AddMilliseconds(40), ended.FinishedAt);
        Assert.Equal(TraceIds.For(id), ended.TraceId);
        var attempt = Assert.Single(ended.Attempts);
        Assert.Equal((1, "node-1", 33d, 200, "ok"), (attempt.Number, attempt.Node, attempt.DurationMs, attempt.StatusCode, attempt.Excerpt));
    }

    [Fact]
    public async Task A_failed_attempt_with_a_retry_leaves_the_execution_pending_until_the_next_attempt()
    {
        var id = ExecutionId.ForSlot(Id("a"), Slot);
        await Side.Tell(Created("a"), Batch(Started("a", Slot), AttemptEnded("a", Slot, FailureClass.Timeout, Slot.AddSeconds(9))));
        var waiting = Side.Ledger.Find(TenantId.Default, id)!;
        Assert.Equal((ExecutionStatus.Pending, Slot.AddSeconds(9)), (waiting.Status, waiting.RetryAt));
        Assert.Equal(SlotDisposition.Fired, Side.Ledger.DispositionOf(TenantId.Default, Id("a"), Slot)!.Disposition);

        await Side.Tell(Batch(new AttemptStarted(Id("a"), id, 2, Slot.AddSeconds(9), "node-2")));
        var again = Side.Ledger.Find(TenantId.Default, id)!;
        Assert.Equal((ExecutionStatus.Running, 2, "node-2"), (again.Status, again.Attempts.Length, again.Node));
        Assert.Equal(7, again.LatenessMs);
    }

    [Fact]
    public async Task What_an_open_circuit_refused_has_not_begun()
    {
        var (id, second) = (ExecutionId.ForSlot(Id("a"), Slot), Slot.AddSeconds(20));
        await Side.Tell(Created("a"), Batch(Started("a", Slot), AttemptEnded("a", Slot, FailureClass.CircuitOpen, second)));
        var refused = Side.Ledger.Find(TenantId.Default, id)!;
        Assert.Equal((ExecutionStatus.Pending, null, null), (refused.Status, refused.StartedAt, refused.LatenessMs));

        await Side.Tell(
            Batch(new AttemptStarted(Id("a"), id, 2, second, "node-1")),
            Batch(AttemptEnded("a", Slot) with { Attempt = 2, StartedAt = second.AddMilliseconds(5), At = second.AddMilliseconds(9) }, Ended("a", Slot)));
        var sent = Side.Ledger.Find(TenantId.Default, id)!;
        Assert.Equal((ExecutionStatus.Succeeded, second.AddMilliseconds(5), 20_005d), (sent.Status, sent.StartedAt, sent.LatenessMs));
    }

    [Fact]
    public async Task A_queued_slot_is_told_as_queued_and_then_as_what_became_of_it()
    {
        await Side.Tell(Created("a"), Batch(
            new SlotQueued(Id("a"), Slot, ExecutionTrigger.CatchUp), new SlotQueued(Id("a"), Slot.AddMinutes(1), ExecutionTrigger.Schedule)));
        Assert.Equal(SlotDisposition.Queued, Disposition(Slot).Disposition);

        await Side.Tell(Batch(
            Started("a", Slot) with { Trigger = ExecutionTrigger.CatchUp },
            new SlotsSkipped(Id("a"), Slot.AddMinutes(1), Slot.AddMinutes(1), 1, SkipReason.QueueFull, "100 wait")));
        Assert.Equal(SlotDisposition.CaughtUp, Disposition(Slot).Disposition);
        var skipped = Disposition(Slot.AddMinutes(1));
        Assert.Equal((SlotDisposition.NotRun, SkipReason.QueueFull, "100 wait"), (skipped.Disposition, skipped.Reason, skipped.Detail));
    }

    [Fact]
    public async Task A_single_skipped_slot_is_also_listed_as_an_execution()
    {
        await Side.Tell(Created("a"), Batch(new SlotsSkipped(Id("a"), Slot, Slot, 1, SkipReason.Overlap, null)));
        var listed = Assert.Single(List(new ExecutionFilter(TenantId.Default) { Statuses = [ExecutionStatus.Skipped] }).Items);
        Assert.Equal((SkipReason.Overlap, Slot, (DateTimeOffset?)null), (listed.SkipReason, listed.ScheduledAt, listed.ClaimedAt));
    }

    [Fact]
    public async Task A_range_of_skipped_slots_is_one_entry_that_answers_for_every_time_in_it()
    {
        await Side.Tell(Created("a"), Batch(
            new SlotQueued(Id("a"), Slot.AddMinutes(3), ExecutionTrigger.Schedule),
            new SlotsSkipped(Id("a"), Slot, Slot.AddMinutes(59), 60, SkipReason.Misfire, "down"), Started("a", Slot.AddMinutes(60))));
        var inside = Disposition(Slot.AddMinutes(30));
        Assert.Equal((SlotDisposition.NotRun, SkipReason.Misfire, 60L), (inside.Disposition, inside.Reason, inside.Count));
        Assert.Equal((Slot, Slot.AddMinutes(59)), (inside.First, inside.Last));
        Assert.Equal(SkipReason.Misfire, Disposition(Slot.AddMinutes(3)).Reason);
        Assert.Null(Side.Ledger.DispositionOf(TenantId.Default, Id("a"), Slot.AddMinutes(61)));
        Assert.Null(Side.Ledger.DispositionOf(TenantId.Default, Id("a"), Slot.AddMinutes(-1)));
        Assert.Equal(60, Side.Ledger.Stats(TenantId.Default, T0).SlotsNotRun);

        // What stands beside a time: the ends of a range, and single slots.
        (DateTimeOffset?, DateTimeOffset?) Beside(double minutes) => Side.Ledger.SlotsBeside(TenantId.Default, Id("a"), Slot.AddMinutes(minutes));
        Assert.Equal((null, Slot), Beside(-0.5));
        Assert.Equal((Slot.AddMinutes(59), Slot.AddMinutes(60)), Beside(59.5));
        Assert.Equal((Slot.AddMinutes(60), null), Beside(61));
    }

    [Fact]
    public async Task Slots_are_listed_in_order_whatever_the_size_of_the_page()
    {
        await Side.Tell(Created("a"), Batch([
            .. Enumerable.Range(0, 20).Select(i => Started("a", Slot.AddMinutes(i * 10))),
            .. Enumerable.Range(0, 20).Select(i => new SlotsSkipped(Id("a"), Slot.AddMinutes((i * 10) + 1), Slot.AddMinutes((i * 10) + 9), 9, SkipReason.Paused, null))]));
        foreach (var limit in new[] { 1, 3, 40, 500 })
        {
            var seen = new List<SlotView>();
            string? cursor = null;
            do
            {
                var violations = new List<Violation>();
                var page = Side.Ledger.Slots(new SlotFilter(TenantId.Default, Id("a"), Slot.AddMinutes(5), Slot.AddHours(9)) { Limit = limit, Cursor = cursor }, violations)!;
                seen.AddRange(page.Items);
                cursor = page.NextCursor;
            }
            while (cursor is not null);
            Assert.Equal(39, seen.Count);
            Assert.Equal(seen.Select(s => s.First).Order(), seen.Select(s => s.First));
            Assert.Equal(20 * 9, seen.Where(s => s.Reason is not null).Sum(s => s.Count));
        }
    }

    [Fact]
    public async Task A_manual_run_is_found_by_its_id_and_is_no_slot()
    {
        var id = ExecutionId.ForRun(Id("a"), "01J9ZZZZZZZZZZZZZZZZZZZZZZ");
        await Side.Tell(Created("a"), Batch(Started("a", Slot) with
        {
            Execution = id,
            Trigger = ExecutionTrigger.Manual,
            Payload = "{}",
            By = new Principal("ann"),
            Source = "hand",
        }));
        var run = Side.Ledger.Find(TenantId.Default, id)!;
        Assert.Equal((ExecutionTrigger.Manual, "{}", "ann", "hand"), (run.Trigger, run.Payload, run.By?.Name, run.Source));
        Assert.Null(Side.Ledger.DispositionOf(TenantId.Default, Id("a"), Slot));
        Assert.Null(Side.Ledger.Find(new TenantId("other"), id));
    }

    [Fact]
    public async Task Plan_history_tells_every_change_as_contiguous_intervals()
    {
        var by = new Principal("ann");
        await Side.Tell(
            Created("a"),
            new JobEvents.Paused(TenantId.Default, Id("a"), 2, "night", T0.AddHours(2), by, T0.AddHours(1), null),
            new JobEvents.Revised(TenantId.Default, Id("a"), 3, 2, Definition("a") with { Timezone = "Europe/Berlin" }, "patch", by, T0.AddHours(1.5), null),
            new JobEvents.Resumed(TenantId.Default, Id("a"), 4, MisfireRule.None, by, T0.AddHours(3), null),
            new JobEvents.Switched(TenantId.Default, Id("a"), 5, false, by, T0.AddHours(4), null),
            new JobEvents.Deleted(TenantId.Default, Id("a"), 6, by, T0.AddHours(5), null));
        var history = Side.Ledger.PlanHistory(TenantId.Default, Id("a"));
        Assert.Equal(
            [PlanPhase.Active, PlanPhase.Paused, PlanPhase.Paused, PlanPhase.Active, PlanPhase.Active, PlanPhase.Disabled, PlanPhase.Deleted],
            history.Select(i => i.Phase));
        Assert.Equal(history.Skip(1).Select(i => (DateTimeOffset?)i.From), history.SkipLast(1).Select(i => i.To));
        Assert.Equal(("night", "Europe/Berlin", T0.AddHours(2)), (history[2].Reason, history[2].Timezone, history[2].To));
        Assert.Equal("* * * * *", history[0].Schedule!.Cron);
        Assert.Null(history[^1].To);
    }

    [Fact]
    public async Task Plan_history_says_since_when_a_phase_lasts_whatever_was_edited_meanwhile()
    {
        var (ann, bob) = (new Principal("ann"), new Principal("bob"));
        await Side.Tell(
            Created("a"),
            new JobEvents.Paused(TenantId.Default, Id("a"), 2, "night", null, ann, T0.AddHours(1), null),
            new JobEvents.Revised(TenantId.Default, Id("a"), 3, 2, Definition("a") with { Timezone = "Europe/Berlin" }, "patch", bob, T0.AddHours(2), null),
            new JobEvents.Switched(TenantId.Default, Id("a"), 4, false, bob, T0.AddHours(3), null),
            new JobEvents.Revised(TenantId.Default, Id("a"), 5, 3, Definition("a") with { Enabled = false, Owner = "x" }, "patch", ann, T0.AddHours(4), null),
            new JobEvents.Switched(TenantId.Default, Id("a"), 6, true, ann, T0.AddHours(5), null),
            new JobEvents.Paused(TenantId.Default, Id("a"), 7, "day", T0.AddYears(50), bob, T0.AddHours(6), null));
        var history = Side.Ledger.PlanHistory(TenantId.Default, Id("a"));
        Assert.Equal(
            [(PlanPhase.Active, 0), (PlanPhase.Paused, 1), (PlanPhase.Paused, 1), (PlanPhase.Disabled, 3), (PlanPhase.Disabled, 3), (PlanPhase.Paused, 1), (PlanPhase.Paused, 6)],
            history.Select(i => (i.Phase, (int)(i.Since - T0).TotalHours)));
        Assert.Equal([ann, ann, bob, bob, ann, bob], history.Skip(1).Select(i => i.SinceBy));
        Assert.Equal(T0.AddYears(50), history[^1].Until);
    }

    [Fact]
    public async Task A_backfill_counts_its_runs()
    {
        await Side.Tell(Created("a"), Batch(
            new BackfillStarted(Id("a"), "op1", T0, T0.AddHours(1), 60, 2, T0, new Principal("ann")),
            Started("a", Slot) with { Execution = ExecutionId.ForRun(Id("a"), "01J9ZZZZZZZZZZZZZZZZZZZZZA"), Trigger = ExecutionTrigger.Backfill, Source = "op1" },
            new BackfillAdvanced(Id("a"), "op1", ExecutionStatus.Succeeded), new BackfillAdvanced(Id("a"), "op1", ExecutionStatus.Failed),
            new BackfillEnded(Id("a"), "op1", T0.AddHours(2), Cancelled: false)));
        var backfill = Assert.Single(Side.Ledger.Backfills(TenantId.Default, Id("a")));
        Assert.Equal((60L, 1L, 1L, 1L, "done"), (backfill.Total, backfill.Started, backfill.Succeeded, backfill.Failed, backfill.Status));
    }

    [Fact]
    public async Task Dead_letters_are_those_that_failed_for_good()
    {
        await Side.Tell(Created("a"), Batch([
            .. new[] { ExecutionStatus.Succeeded, ExecutionStatus.Failed, ExecutionStatus.Cancelled, ExecutionStatus.TimedOut, ExecutionStatus.Lost }
                .SelectMany((s, i) => new TimetableItem[] { Started("a", Slot.AddMinutes(i)), Ended("a", Slot.AddMinutes(i), s) })]));
        var dead = Side.Ledger.DeadLetters(new ExecutionFilter(TenantId.Default), [])!;
        Assert.Equal([ExecutionStatus.Lost, ExecutionStatus.TimedOut, ExecutionStatus.Failed], dead.Items.Select(e => e.Status));
        Assert.Equal(1, Side.Ledger.Stats(TenantId.Default, T0).Executions[ExecutionStatus.Lost]);
    }

    [Fact]
    public async Task A_dead_letter_is_open_until_it_is_replayed_dropped_or_too_old()
    {
        await Side.Tell(Created("a"), Batch([
            .. Enumerable.Range(0, 4).SelectMany(i => new TimetableItem[] { Started("a", Slot.AddMinutes(i)), Ended("a", Slot.AddMinutes(i), ExecutionStatus.Failed) })]));
        var ids = Enumerable.Range(0, 4).Select(i => ExecutionId.ForSlot(Id("a"), Slot.AddMinutes(i))).ToList();
        var again = ExecutionId.ForRun(Id("a"), "01J9ZZZZZZZZZZZZZZZZZZZZZA");
        await Side.Tell(Batch(
            Started("a", Slot.AddHours(1)) with { Execution = again, Trigger = ExecutionTrigger.Replay, Source = ids[0].Value, By = new Principal("ann") },
            new DeadLetterDropped(Id("a"), ids[1], Slot.AddHours(2), new Principal("bob")),
            new DeadLetterDropped(Id("a"), ExecutionId.ForSlot(Id("a"), Slot.AddYears(1)), Slot, new Principal("bob"))));
        var now = Slot.AddMinutes(3).AddDays(1);
        Assert.Equal(1, await Side.Retention.ExpireDeadLetters(TimeSpan.FromDays(1), now, TestContext.Current.CancellationToken));

        DeadLetterMark Mark(int n) => Side.Ledger.Find(TenantId.Default, ids[n])!.DeadLetter!;
        Assert.Equal(new DeadLetterMark(DeadLetterState.Replayed, Slot.AddHours(1).AddMilliseconds(2), new Principal("ann"), again), Mark(0));
        Assert.Equal(new DeadLetterMark(DeadLetterState.Dropped, Slot.AddHours(2), new Principal("bob"), null), Mark(1));
        Assert.Equal(new DeadLetterMark(DeadLetterState.Expired, now, null, null), Mark(2));
        Assert.Equal(ids[3], Assert.Single(Side.Ledger.DeadLetters(new ExecutionFilter(TenantId.Default), [])!.Items).Id);
        Assert.Equal(1, Side.Ledger.OpenDeadLetters(TenantId.Default));
    }

    [Fact]
    public async Task Retention_removes_what_is_old_or_too_much_and_keeps_what_still_runs()
    {
        await Side.Tell(Created("a"), Created("b"), Batch([
            Started("b", T0),
            .. Enumerable.Range(0, 5_000).SelectMany(i => new TimetableItem[] { Started("a", T0.AddMinutes(i)), Ended("a", T0.AddMinutes(i)) })]));
        var now = T0.AddMinutes(5_000);
        var byAge = await Side.Retention.RunOnce(TimeSpan.FromMinutes(4_000), long.MaxValue, now, TestContext.Current.CancellationToken);
        Assert.Equal(1_000, byAge.Executions);
        var byCount = await Side.Retention.RunOnce(TimeSpan.FromDays(900), 1_001, now, TestContext.Current.CancellationToken);
        Assert.Equal(3_000, byCount.Executions);
        Assert.Equal(ExecutionStatus.Running, Side.Ledger.Find(TenantId.Default, ExecutionId.ForSlot(Id("b"), T0))!.Status);
        Assert.Equal(1_000, Side.Ledger.Stats(TenantId.Default, T0).Executions[ExecutionStatus.Succeeded]);
        await Side.Tell(Batch(AttemptEnded("a", T0)));
        Assert.Null(Side.Ledger.Find(TenantId.Default, ExecutionId.ForSlot(Id("a"), T0)));
    }

    private SlotView Disposition(DateTimeOffset nominal) => Side.Ledger.DispositionOf(TenantId.Default, Id("a"), nominal)!;

    private Page<ExecutionView> List(ExecutionFilter filter) => Side.Ledger.List(filter, [])!;
}

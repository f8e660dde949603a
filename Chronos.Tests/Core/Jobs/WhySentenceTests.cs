using System.Collections.Immutable;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

public sealed class WhySentenceTests
{
    private static readonly JobId Job = JobId.For(TenantId.Default, "tick");
    private static readonly Principal Ann = new("ann");
    private static readonly DateTimeOffset Created = At("2026-03-01T00:00:00Z");
    private static readonly DateTimeOffset Slot = At("2026-03-02T10:00:00Z");
    private static readonly DateTimeOffset Now = At("2026-03-02T12:00:30Z");
    private static readonly ScheduleSpec Hourly = new() { Cron = "0 * * * *" };

    [Fact]
    public void A_slot_that_fired_on_time_says_how_late_it_was()
    {
        var why = Why(Slot, Fired(SlotDisposition.Fired, 3.25));
        Assert.Equal((WhyVerdict.Fired, "The slot 2026-03-02T10:00:00Z fired on time, 3.3 ms after its time, and succeeded."), (why.Verdict, why.Sentence));
    }

    [Fact]
    public void A_slot_that_fired_late_says_so()
    {
        var why = Why(Slot, Fired(SlotDisposition.Fired, 4200));
        Assert.Equal(
            (WhyVerdict.FiredLate, "The slot 2026-03-02T10:00:00Z fired late, 4s200ms after its time (it was claimed in time, and waited for a limit, a key, an open circuit or a place at its target), and succeeded."),
            (why.Verdict, why.Sentence));
        Assert.Contains(
            "(earlier executions had to end first, or no node could claim it sooner)",
            Why(Slot, Fired(SlotDisposition.Fired, 4200) with { At = Slot.AddSeconds(4) }).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_slot_that_waited_through_a_pause_says_so()
    {
        var pause = new PlanInterval(Slot.AddSeconds(1), Slot.AddSeconds(4), PlanPhase.Paused, null, Hourly, "UTC", 1, 2, Ann);
        Assert.Contains(
            "(the job was paused while it waited for its turn)",
            Why(Slot, Fired(SlotDisposition.Fired, 4200) with { At = Slot.AddSeconds(4) }, [Active(Created, pause.From), pause, Active(pause.To!.Value, null, 3)]).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_open_circuit_refused_was_not_sent()
    {
        var slot = Fired(SlotDisposition.Fired, null) with { At = Slot };
        Assert.Equal(
            "The slot 2026-03-02T10:00:00Z was claimed at 2026-03-02T10:00:00Z and never sent, because the circuit of its target was open; it failed.",
            Why(Slot, slot with { Status = ExecutionStatus.Failed }).Sentence);
        Assert.Equal(
            "The slot 2026-03-02T10:00:00Z was claimed at 2026-03-02T10:00:00Z and has not been sent yet: the circuit of its target is open.",
            Why(Slot, slot with { Status = ExecutionStatus.Pending }).Sentence);
    }

    [Fact]
    public void A_slot_that_was_caught_up_says_when()
    {
        var why = Why(Slot, Fired(SlotDisposition.CaughtUp, null) with { At = Slot.AddHours(1) });
        Assert.Equal((WhyVerdict.CaughtUp, "The slot 2026-03-02T10:00:00Z was caught up at 2026-03-02T11:00:00Z, 1h after its time, because it could not fire in its time, and succeeded."),
            (why.Verdict, why.Sentence));
    }

    [Fact]
    public void A_paused_slot_says_since_when_by_whom_and_why()
    {
        var pause = new PlanInterval(Slot.AddMinutes(-5), Slot.AddMinutes(5), PlanPhase.Paused, "stocktaking", Hourly, "UTC", 1, 2, Ann);
        var why = Why(Slot, NotRun(SkipReason.Paused), [Active(Created, pause.From), pause, Active(pause.To!.Value, null, 3)]);
        Assert.Equal((WhyVerdict.NotRun, SkipReason.Paused), (why.Verdict, why.Reason));
        Assert.Equal("The slot 2026-03-02T10:00:00Z was not run: the job was paused since 2026-03-02T09:55:00Z, by ann (stocktaking).", why.Sentence);
    }

    [Fact]
    public void While_the_pause_is_open_nothing_is_decided_yet()
    {
        var pause = new PlanInterval(Slot.AddMinutes(-5), null, PlanPhase.Paused, null, Hourly, "UTC", 1, 2, Ann);
        ImmutableArray<PlanInterval> history = [Active(Created, pause.From), pause];
        Assert.Contains("what becomes of it is decided when the job is resumed", Why(Slot, null, history).Sentence, StringComparison.Ordinal);
        Assert.Equal(WhyVerdict.Paused, Why(Slot.AddDays(1), null, history).Verdict);
        Assert.Contains("only if the job is resumed before", Why(Slot.AddDays(1), null, history).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void An_edit_within_a_pause_is_not_told_as_its_begin_or_its_end()
    {
        var pause = new PlanInterval(Slot.AddMinutes(-50), Slot.AddMinutes(-5), PlanPhase.Paused, "stocktaking", Hourly, "UTC", 1, 2, Ann);
        var edited = new PlanInterval(pause.To!.Value, null, PlanPhase.Paused, "stocktaking", Hourly, "UTC", 2, 3, new Principal("bob")) { Since = pause.From, SinceBy = Ann };
        ImmutableArray<PlanInterval> open = [Active(Created, pause.From), pause, edited];
        const string since = "since 2026-03-02T09:10:00Z, by ann (stocktaking)";
        Assert.Equal($"The slot 2026-03-02T10:00:00Z did not fire: the job 'tick' is paused {since}; what becomes of it is decided when the job is resumed.", Why(Slot, null, open).Sentence);
        var quarterly = new ScheduleSpec { Cron = "*/15 * * * *" };
        ImmutableArray<PlanInterval> often = [.. open.Select(i => i with { Schedule = quarterly })];
        Assert.Contains("what becomes of it is decided when the job is resumed", Why(Slot.AddMinutes(-30), null, often).Sentence, StringComparison.Ordinal);

        ImmutableArray<PlanInterval> over = [Active(Created, pause.From), pause, edited with { To = Slot.AddMinutes(5) }, Active(Slot.AddMinutes(5), null, 4)];
        Assert.Equal($"The slot 2026-03-02T10:00:00Z was not run: the job was paused {since}.", Why(Slot, NotRun(SkipReason.Paused), over).Sentence);
    }

    [Fact]
    public void A_slot_at_or_after_the_end_of_a_pause_will_fire()
    {
        var until = At("2026-03-02T14:00:00Z");
        ImmutableArray<PlanInterval> history = [Active(Created, Slot), new(Slot, null, PlanPhase.Paused, null, Hourly, "UTC", 1, 2, Ann) { Until = until }];
        Assert.Equal(WhyVerdict.Paused, Why(until.AddHours(-1), null, history).Verdict);
        Assert.Equal((WhyVerdict.Future, "The slot 2026-03-02T14:00:00Z is in the future: the job 'tick' will fire it at 2026-03-02T14:00:00Z, in 1h59m30s."),
            (Why(until, null, history).Verdict, Why(until, null, history).Sentence));
    }

    [Fact]
    public void Of_a_job_that_was_switched_on_again_it_is_not_said_that_it_is_disabled()
    {
        var off = new PlanInterval(Slot.AddMinutes(-50), Slot.AddMinutes(-5), PlanPhase.Disabled, null, Hourly, "UTC", 1, 2, Ann);
        var edited = off with { From = off.To!.Value, To = Slot.AddMinutes(5), Revision = 2, By = new Principal("bob"), Since = off.From, SinceBy = Ann };
        Assert.Equal("The slot 2026-03-02T10:00:00Z did not run: the job 'tick' was disabled from 2026-03-02T09:10:00Z until 2026-03-02T10:05:00Z, by ann.",
            Why(Slot, null, [Active(Created, off.From), off, edited, Active(Slot.AddMinutes(5), null, 4)]).Sentence);
        Assert.Equal("The slot 2026-03-02T10:00:00Z did not run: the job 'tick' is disabled since 2026-03-02T09:10:00Z, by ann.",
            Why(Slot, null, [Active(Created, off.From), off, edited with { To = null }]).Sentence);
    }

    [Theory]
    [InlineData(SkipReason.Overlap, "an earlier execution of the job was still running")]
    [InlineData(SkipReason.QueueFull, "the queue of waiting slots was full")]
    [InlineData(SkipReason.Misfire, "no node could fire it in its time")]
    [InlineData(SkipReason.Expired, "it waited until its time had run out")]
    [InlineData(SkipReason.Cancelled, "it was cancelled while it waited")]
    [InlineData(SkipReason.Replaced, "a newer slot took its place")]
    [InlineData(SkipReason.Deleted, "the job was deleted while it waited")]
    public void A_slot_that_was_not_run_says_the_reason(SkipReason reason, string said) =>
        Assert.Contains(said, Why(Slot, NotRun(reason)).Sentence, StringComparison.Ordinal);

    [Fact]
    public void A_slot_of_a_range_says_how_many_it_was_with()
    {
        var range = NotRun(SkipReason.Misfire) with { First = Slot.AddHours(-5), Last = Slot.AddHours(4), Count = 10 };
        Assert.Contains("one of 10 slots from 2026-03-02T05:00:00Z to 2026-03-02T14:00:00Z", Why(Slot, range).Sentence, StringComparison.Ordinal);

        // A time within the range that is no slot was not skipped: it was never due.
        Assert.Equal(WhyVerdict.NoSlot, Why(Slot.AddMinutes(7), range).Verdict);
    }

    [Fact]
    public void A_time_that_is_no_slot_names_its_neighbours()
    {
        var why = Why(Slot.AddMinutes(1), null);
        Assert.Equal((WhyVerdict.NoSlot, Slot, Slot.AddHours(1)), (why.Verdict, why.Before, why.After));
        Assert.Equal("2026-03-02T10:01:00Z is no slot of the job 'tick' (0 * * * * in UTC): the nearest are 2026-03-02T10:00:00Z and 2026-03-02T11:00:00Z.", why.Sentence);
    }

    [Fact]
    public void A_coming_slot_says_when_it_will_fire()
    {
        var why = Why(At("2026-03-02T13:00:00Z"), null);
        Assert.Equal((WhyVerdict.Future, "The slot 2026-03-02T13:00:00Z is in the future: the job 'tick' will fire it at 2026-03-02T13:00:00Z, in 59m30s."), (why.Verdict, why.Sentence));
    }

    [Fact]
    public void Before_its_creation_after_its_deletion_and_while_disabled_there_is_no_slot_to_run()
    {
        Assert.Equal("2026-02-01T00:00:00Z was before the job 'tick' existed: ann created it at 2026-03-01T00:00:00Z.", Why(At("2026-02-01T00:00:00Z"), null).Sentence);
        var deleted = new PlanInterval(Slot.AddHours(-1), null, PlanPhase.Deleted, null, null, "UTC", 1, 2, Ann);
        Assert.Equal((WhyVerdict.Deleted, "At 2026-03-02T10:00:00Z the job 'tick' did not exist: ann deleted it at 2026-03-02T09:00:00Z."),
            (Why(Slot, null, [Active(Created, deleted.From), deleted]).Verdict, Why(Slot, null, [Active(Created, deleted.From), deleted]).Sentence));
        var off = new PlanInterval(Slot.AddHours(-1), null, PlanPhase.Disabled, null, Hourly, "UTC", 1, 2, Ann);
        Assert.Equal(WhyVerdict.Disabled, Why(Slot, null, [Active(Created, off.From), off]).Verdict);
        Assert.Equal(WhyVerdict.Unscheduled, Why(Slot, null, [Active(Created, null) with { Schedule = null }]).Verdict);
    }

    [Fact]
    public void The_schedule_of_that_time_counts_and_not_the_one_of_today()
    {
        var daily = Active(Slot.AddMinutes(30), null, 2) with { Schedule = new ScheduleSpec { Cron = "0 6 * * *" } };
        Assert.Equal(WhyVerdict.Fired, Why(Slot, Fired(SlotDisposition.Fired, 1), [Active(Created, daily.From), daily]).Verdict);
        Assert.Equal(WhyVerdict.NoSlot, Why(Slot.AddHours(1), null, [Active(Created, daily.From), daily]).Verdict);
    }

    [Fact]
    public void What_is_older_than_the_ledger_is_not_guessed()
    {
        var longAgo = At("2025-01-01T10:00:00Z");
        Assert.Equal(WhyVerdict.OutsideRetention, Why(longAgo, null, [Active(At("2024-01-01T00:00:00Z"), null)]).Verdict);
        Assert.Equal(WhyVerdict.OutsideRetention, Why(longAgo, null, [Active(At("2026-01-01T00:00:00Z"), null, 7)]).Verdict);
    }

    [Fact]
    public void A_slot_that_waits_or_runs_is_known_from_its_timetable()
    {
        var execution = new LiveExecution(ExecutionId.ForSlot(Job, Slot), Job, "tick", ExecutionTrigger.Schedule, 1, Slot, Slot, ExecutionStatus.Running, "n1", null, [], "t");
        var plan = new TimetableReplies.Plan(Job, 3, 1, PlanState.Active, Slot.AddHours(2), Slot.AddHours(3), Slot.AddHours(3), [execution], [new WaitingSlot(Slot.AddHours(1), ExecutionTrigger.Schedule)]);
        Assert.Equal(WhyVerdict.Fired, Why(Slot, null, [Active(Created, null)], plan).Verdict);
        Assert.Contains("has not ended: attempt 1 runs", Why(Slot, null, [Active(Created, null)], plan).Sentence, StringComparison.Ordinal);
        Assert.Equal(WhyVerdict.Queued, Why(Slot.AddHours(1), null, [Active(Created, null)], plan).Verdict);
        Assert.Contains("not show it yet", Why(Slot.AddHours(-1), null, [Active(Created, null)], plan).Sentence, StringComparison.Ordinal);
        Assert.Contains("not decided yet", Why(Slot.AddHours(2), null, [Active(Created, null)], plan with { Cursor = Slot.AddHours(1) }).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_slot_that_waits_in_a_paused_job_does_not_wait_for_an_execution()
    {
        var plan = new TimetableReplies.Plan(Job, 3, 1, PlanState.Paused, Slot, null, null, [], [new WaitingSlot(Slot, ExecutionTrigger.Schedule)]);
        Assert.Equal("The slot 2026-03-02T10:00:00Z of 'tick' waits until the job, which is paused, goes on.", Why(Slot, null, [Active(Created, null)], plan).Sentence);
        var slot = Fired(SlotDisposition.Queued, null) with { Status = ExecutionStatus.Pending };
        Assert.EndsWith("which is paused, goes on.", Why(Slot, slot, [Active(Created, null)], plan).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_slot_that_was_claimed_and_is_not_due_yet_is_said_to_be_sent_when_it_is()
    {
        var next = At("2026-03-02T13:00:00Z");
        const string sentence = "The slot 2026-03-02T13:00:00Z is claimed and will be sent at 2026-03-02T13:00:00Z, when it is due.";
        var slot = Fired(SlotDisposition.Fired, null) with { First = next, Last = next, At = next.AddMilliseconds(-20), Status = ExecutionStatus.Running };
        Assert.Equal((WhyVerdict.Future, sentence), (Why(next, slot).Verdict, Why(next, slot).Sentence));

        var execution = new LiveExecution(
            ExecutionId.ForSlot(Job, next), Job, "tick", ExecutionTrigger.Schedule, 1, next, next.AddMilliseconds(-20), ExecutionStatus.Running, "n1", null,
            [new LiveAttempt(1, "n1", next, null, null, null, null, null)], "t");
        var plan = new TimetableReplies.Plan(Job, 3, 1, PlanState.Active, next, next.AddHours(1), next.AddHours(1), [execution], []);
        Assert.Equal(sentence, Why(next, null, [Active(Created, null)], plan).Sentence);
    }

    private static WhyAnswer Why(DateTimeOffset at, SlotView? slot) => Why(at, slot, [Active(Created, null)]);

    private static WhyAnswer Why(DateTimeOffset at, SlotView? slot, ImmutableArray<PlanInterval> history) => Why(at, slot, history, null);

    private static WhyAnswer Why(DateTimeOffset at, SlotView? slot, ImmutableArray<PlanInterval> history, TimetableReplies.Plan? live) =>
        WhySentence.Of(new WhyQuestion(TenantId.Default, "tick", at, Now, history, slot, live, Now.AddDays(-30)));

    private static PlanInterval Active(DateTimeOffset from, DateTimeOffset? to, long version = 1) =>
        new(from, to, PlanPhase.Active, null, Hourly, "UTC", 1, version, Ann);

    private static SlotView Fired(SlotDisposition disposition, double? late) => new(
        Job, Slot, disposition, null, null, ExecutionId.ForSlot(Job, Slot), ExecutionStatus.Succeeded, late, Slot, Slot, Slot, 1);

    private static SlotView NotRun(SkipReason reason) => new(Job, Slot, SlotDisposition.NotRun, reason, null, null, null, null, Slot, Slot, Slot, 1);

    private static DateTimeOffset At(string text) => Rfc3339.TryParse(text, out var at) ? at : throw new FormatException(text);
}

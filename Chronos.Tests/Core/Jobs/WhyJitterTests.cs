using System.Collections.Immutable;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Tests.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>What <c>why</c> says of slots that their jitter fires later: while they wait for it, and afterwards.</summary>
public sealed class WhyJitterTests
{
    private static readonly JobId Job = JobId.For(TenantId.Default, "tick");
    private static readonly Principal Ann = new("ann");
    private static readonly ScheduleSpec Hourly = new() { Cron = "0 * * * *", Jitter = TimeSpan.FromMinutes(30) };
    private static readonly DateTimeOffset Slot = Given.Time("2026-03-02T10:00:00Z");
    private static readonly Schedule Times = Schedule.Compile(Hourly, "UTC", TenantId.Default, "tick", [])!;
    private static readonly DateTimeOffset Fires = Times.FireAt(Slot);
    private static readonly string Jitter = FormattableString.Invariant($"jitter +{(Fires - Slot).TotalSeconds:0.###} s");

    [Fact]
    public void Between_its_time_and_its_firing_a_slot_will_fire()
    {
        Assert.True(Fires > Slot.AddMinutes(1));
        var why = Why(Fires.AddSeconds(-20), null, Interval(PlanPhase.Active));
        Assert.Equal((WhyVerdict.Future, $"The slot 2026-03-02T10:00:00Z of 'tick' will fire at {Rfc3339.Format(Fires)}, {Jitter}, in 20s."), (why.Verdict, why.Sentence));
        why = Why(Slot.AddMinutes(-1), null, Interval(PlanPhase.Active));
        Assert.Equal($"The slot 2026-03-02T10:00:00Z is in the future: the job 'tick' will fire it at {Rfc3339.Format(Fires)}, {Jitter}, in {Durations.Format(TimeSpan.FromSeconds(Math.Round((Fires - Slot).TotalSeconds) + 60))}.", why.Sentence);
    }

    [Theory]
    [InlineData(-10)]
    [InlineData(1)]
    public void A_pause_is_told_while_the_jitter_is_waited_for(int seconds)
    {
        var pause = Interval(PlanPhase.Paused) with { From = Slot.AddSeconds(seconds), Reason = "stocktaking", Since = Slot.AddSeconds(seconds) };
        ImmutableArray<PlanInterval> history = [Interval(PlanPhase.Active) with { To = pause.From }, pause];
        var why = Why(Fires.AddSeconds(-20), null, history);
        Assert.Equal(
            (WhyVerdict.Paused, $"The slot 2026-03-02T10:00:00Z is to fire at {Rfc3339.Format(Fires)}, {Jitter}, and the job 'tick' is paused since {Rfc3339.Format(pause.From)}, by ann (stocktaking): it will fire only if the job is resumed before."),
            (why.Verdict, why.Sentence));
        Assert.Equal(WhyVerdict.Future, Why(Fires.AddSeconds(-20), null, [history[0], pause with { Until = Fires }]).Verdict);
        Assert.Equal(WhyVerdict.Paused, Why(Fires.AddSeconds(-20), null, [history[0], pause with { Until = Fires.AddTicks(1) }]).Verdict);
        Assert.Equal(WhyVerdict.Future, Why(Fires.AddSeconds(-20), null, [history[0], pause with { To = Fires.AddSeconds(-30) }, Interval(PlanPhase.Active) with { From = Fires.AddSeconds(-30) }]).Verdict);
    }

    [Theory]
    [InlineData(-10)]
    [InlineData(1)]
    public void A_job_that_is_switched_off_does_not_fire_what_waits_for_its_jitter(int seconds)
    {
        var off = Interval(PlanPhase.Disabled) with { From = Slot.AddSeconds(seconds), Since = Slot.AddSeconds(seconds) };
        ImmutableArray<PlanInterval> history = [Interval(PlanPhase.Active) with { To = off.From }, off];
        var why = Why(Fires.AddSeconds(-20), null, history);
        Assert.Equal((WhyVerdict.Disabled, $"The slot 2026-03-02T10:00:00Z did not run: the job 'tick' is disabled since {Rfc3339.Format(off.From)}, by ann."), (why.Verdict, why.Sentence));
    }

    [Fact]
    public void What_fired_with_its_jitter_is_on_time()
    {
        var fired = Fired(SlotDisposition.Fired, 3.25);
        Assert.Equal(
            (WhyVerdict.Fired, $"The slot 2026-03-02T10:00:00Z fired on time, 3.3 ms after {Rfc3339.Format(Fires)} ({Jitter}), and succeeded."),
            (Why(Fires.AddHours(1), fired).Verdict, Why(Fires.AddHours(1), fired).Sentence));
        Assert.Equal(
            $"The slot 2026-03-02T10:00:00Z fired late, 4s200ms after {Rfc3339.Format(Fires)} ({Jitter}) (it was claimed in time, and waited for a limit, a key, an open circuit or a place at its target), and succeeded.", Why(Fires.AddHours(1), Fired(SlotDisposition.Fired, 4200)).Sentence);
        var running = Fired(SlotDisposition.Fired, null) with { At = Fires, Status = ExecutionStatus.Running };
        Assert.Equal(WhyVerdict.Fired, Why(Fires.AddSeconds(5), running).Verdict);
        Assert.Equal($"The slot 2026-03-02T10:00:00Z is claimed and will be sent at {Rfc3339.Format(Fires)}, when it is due.", Why(Fires.AddMilliseconds(-5), running).Sentence);
        Assert.Contains($", 1m after {Rfc3339.Format(Fires)} ({Jitter}), ", Why(Fires.AddHours(1), Fired(SlotDisposition.CaughtUp, null) with { At = Fires.AddMinutes(1) }).Sentence, StringComparison.Ordinal);
    }

    private static WhyAnswer Why(DateTimeOffset now, SlotView? slot, params ImmutableArray<PlanInterval> history) =>
        WhySentence.Of(new WhyQuestion(TenantId.Default, "tick", Slot, now, history.IsEmpty ? [Interval(PlanPhase.Active)] : history, slot, null, now.AddDays(-30)));

    private static PlanInterval Interval(PlanPhase phase) => new(Slot.AddDays(-1), null, phase, null, Hourly, "UTC", 1, 1, Ann);

    private static SlotView Fired(SlotDisposition disposition, double? late) => new(
        Job, Slot, disposition, null, null, ExecutionId.ForSlot(Job, Slot), ExecutionStatus.Succeeded, late, Slot, Slot, Slot, 1);
}

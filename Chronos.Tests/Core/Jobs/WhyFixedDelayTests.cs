using System.Collections.Immutable;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Tests.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>What <c>why</c> says of a fixed delay, whose times only its timetable knows.</summary>
public sealed class WhyFixedDelayTests
{
    private static readonly JobId Job = JobId.For(TenantId.Default, "tick");
    private static readonly ScheduleSpec Every = new() { Every = TimeSpan.FromMinutes(10), AfterCompletion = true };
    private static readonly DateTimeOffset Now = Given.Time("2026-03-02T12:00:00Z");
    private static readonly DateTimeOffset Next = Now.AddMinutes(4);
    private static readonly TimetableReplies.Plan Idle = new(Job, 3, 1, PlanState.Active, Now.AddMinutes(-7), Next, Next, [], []);

    private static readonly TimetableReplies.Plan Busy = Idle with
    {
        NextAt = null,
        NextFireAt = null,
        InFlight = [new LiveExecution(ExecutionId.ForSlot(Job, Now), Job, "tick", ExecutionTrigger.Schedule, 1, Now, Now, ExecutionStatus.Running, "n1", null, [], "t")],
    };

    [Fact]
    public void The_next_slot_will_fire()
    {
        var why = Why(Next, Idle);
        Assert.Equal((WhyVerdict.Future, "The slot 2026-03-02T12:04:00Z of 'tick' is the next one: it will fire at 2026-03-02T12:04:00Z, in 4m."), (why.Verdict, why.Sentence));
        Assert.Equal("The slot 2026-03-02T12:04:00Z of 'tick' is the next one: it will fire at 2026-03-02T12:04:07.5Z (jitter +7.5 s), in 4m8s.",
            Why(Next, Idle with { NextFireAt = Next.AddSeconds(7.5) }).Sentence);
    }

    [Fact]
    public void Another_time_is_none_of_its_slots_or_not_known_yet()
    {
        var before = Why(Now.AddMinutes(2), Idle);
        Assert.Equal(
            (WhyVerdict.NoSlot, Next, "Nothing is due at 2026-03-02T12:02:00Z: the times of 'tick' count from the end of each execution, and the next is 2026-03-02T12:04:00Z."),
            (before.Verdict, before.After, before.Sentence));
        var behind = Why(Now.AddHours(2), Idle);
        Assert.Equal(
            (WhyVerdict.Future, "Whether a slot of 'tick' comes at 2026-03-02T14:00:00Z is not known yet: each counts from the end of the execution before it, and the next is 2026-03-02T12:04:00Z."),
            (behind.Verdict, behind.Sentence));
        Assert.Equal("Nothing was due at 2026-03-02T11:00:00Z: the times of 'tick' count from the end of each execution, and the next is 2026-03-02T12:04:00Z.", Why(Now.AddHours(-1), Idle).Sentence);
    }

    /// <summary>Its slots fall on fractions of a second, and an operator asks for whole ones.</summary>
    [Fact]
    public void Beside_a_slot_that_ran_the_nearest_are_named()
    {
        var (before, after) = (Now.AddHours(-1).AddSeconds(-9.5), Now.AddHours(-1).AddSeconds(0.542731));
        var why = WhySentence.Of(Question(Now.AddHours(-1), Idle) with { RecordedBefore = before, RecordedAfter = after });
        Assert.Equal((WhyVerdict.NoSlot, before, after), (why.Verdict, why.Before, why.After));
        Assert.EndsWith("; the nearest of its slots that the ledger has are 2026-03-02T10:59:50.5Z and 2026-03-02T11:00:00.542731Z.", why.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void While_one_runs_the_next_is_not_known()
    {
        var why = Why(Now.AddHours(2), Busy);
        Assert.Equal(
            (WhyVerdict.Future, $"Whether a slot of 'tick' comes at 2026-03-02T14:00:00Z is not known yet: {Busy.InFlight[0].Id} has not ended, and the next comes 10m after its end."),
            (why.Verdict, why.Sentence));
    }

    [Fact]
    public void A_pause_and_a_job_that_is_off_are_told()
    {
        var since = Now.AddMinutes(-5);
        var active = Interval(PlanPhase.Active) with { To = since };
        var pause = Interval(PlanPhase.Paused) with { From = since, Since = since, Reason = "stocktaking" };
        var paused = Idle with { State = PlanState.Paused, NextAt = null, NextFireAt = null };
        var why = Why(Next, paused, active, pause);
        Assert.Equal(
            (WhyVerdict.Paused, "Nothing will run at 2026-03-02T12:04:00Z unless the job 'tick', which is paused since 2026-03-02T11:55:00Z, by ann (stocktaking), is resumed before; the times of 'tick' count from the end of each execution."),
            (why.Verdict, why.Sentence));
        Assert.EndsWith("the ledger has none at this time; the job is paused since 2026-03-02T11:55:00Z, by ann (stocktaking).", Why(Now.AddMinutes(-1), paused, active, pause).Sentence, StringComparison.Ordinal);

        var until = Idle with { State = PlanState.Paused, NextAt = Now.AddHours(1), NextFireAt = Now.AddHours(1) };
        Assert.Equal(WhyVerdict.Paused, Why(Next, until, active, pause with { Until = Now.AddHours(1) }).Verdict);
        Assert.Equal(WhyVerdict.Future, Why(Now.AddHours(1), until, active, pause with { Until = Now.AddHours(1) }).Verdict);

        var off = Interval(PlanPhase.Disabled) with { From = since, Since = since };
        why = Why(Next, Idle with { State = PlanState.Disabled, NextAt = null, NextFireAt = null }, active, off);
        Assert.Equal((WhyVerdict.Disabled, "Nothing will run at 2026-03-02T12:04:00Z: the job 'tick' is disabled since 2026-03-02T11:55:00Z, by ann."), (why.Verdict, why.Sentence));
    }

    private static WhyAnswer Why(DateTimeOffset at, TimetableReplies.Plan live, params ImmutableArray<PlanInterval> history) =>
        WhySentence.Of(Question(at, live, history));

    private static WhyQuestion Question(DateTimeOffset at, TimetableReplies.Plan live, params ImmutableArray<PlanInterval> history) =>
        new(TenantId.Default, "tick", at, Now, history.IsEmpty ? [Interval(PlanPhase.Active)] : history, null, live, Now.AddDays(-30));

    private static PlanInterval Interval(PlanPhase phase) => new(Now.AddDays(-1), null, phase, null, Every, "UTC", 1, 1, new Principal("ann"));
}

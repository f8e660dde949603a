using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Core.Verification;
using Xunit;

namespace Chronos.Tests.Core;

/// <summary>The checker against planted faults: each is found, and only that one.</summary>
public sealed class SlotVerifierTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);
    private static readonly JobId Id = JobId.For(TenantId.Default, "checked");
    private static readonly VerificationWindow Window = new(Start, Start.AddMinutes(10), TimeSpan.FromSeconds(5));

    private readonly List<VerifiedSlot> _slots = [];
    private readonly List<VerifiedExecution> _executions = [];
    private readonly List<ReceivedRequest> _received = [];
    private VerifiedJob _job = new(TenantId.Default, Id, "checked", new ConcurrencyPolicy(OverlapPolicy.Forbid, null, 100),
        [new PlanInterval(Start.AddHours(-1), null, PlanPhase.Active, null, new ScheduleSpec { Cron = "* * * * *" }, "UTC", 1, 1, new Principal("ann"))]);

    public SlotVerifierTests()
    {
        for (var i = 0; i < 10; i++)
        {
            var (at, id) = (Start.AddMinutes(i), IdOf(i));
            _slots.Add(new VerifiedSlot(at, at, true, false, id));
            _executions.Add(new VerifiedExecution(id, ExecutionTrigger.Schedule, at, ExecutionStatus.Succeeded, at.AddMilliseconds(3), at.AddSeconds(1)));
            _received.Add(new ReceivedRequest(id, 1, at, at.AddMilliseconds(4)));
        }
    }

    [Fact]
    public void What_is_as_promised_has_no_findings() => Assert.Equal((10, 10, 0, 0), Result());

    [Fact]
    public void A_slot_without_a_disposition_is_undisposed()
    {
        _slots.RemoveAt(4);
        Finds(FindingKind.Undisposed, 4);
    }

    [Fact]
    public void A_range_stands_for_every_slot_in_it()
    {
        _slots.RemoveRange(2, 5);
        _executions.RemoveRange(2, 5);
        _received.RemoveRange(2, 5);
        _slots.Add(new VerifiedSlot(Start.AddMinutes(2), Start.AddMinutes(6), false, false, null));
        Assert.Equal((10, 5, 0, 0), Result());
        _slots[^1] = new VerifiedSlot(Start.AddMinutes(2), Start.AddMinutes(5), false, false, null);
        Finds(FindingKind.Undisposed, 6);
    }

    [Fact]
    public void A_job_with_limits_is_late_by_its_claim_and_any_other_by_what_left()
    {
        var at = Start.AddMinutes(4);
        _executions[4] = _executions[4] with { ClaimedAt = at, StartedAt = at.AddSeconds(30), FinishedAt = at.AddSeconds(31) };
        Finds(FindingKind.Late, 4);
        _job = _job with { IsLimited = true };
        Assert.Equal((10, 10, 0, 0), Result());
        _executions[4] = _executions[4] with { ClaimedAt = at.AddSeconds(6) };
        Finds(FindingKind.Late, 4);
    }

    [Fact]
    public void Two_dispositions_of_a_slot_are_doubled()
    {
        _slots.Add(new VerifiedSlot(Start.AddMinutes(3), Start.AddMinutes(3), false, false, null));
        Finds(FindingKind.Doubled, 3);
    }

    [Fact]
    public void A_slot_that_waited_and_then_ran_has_one()
    {
        _slots.Add(new VerifiedSlot(Start.AddMinutes(3), Start.AddMinutes(3), false, true, null));
        Assert.Empty(Verify().Findings);
    }

    [Fact]
    public void A_disposition_that_no_schedule_explains_is_unscheduled()
    {
        _slots.Add(new VerifiedSlot(Start.AddSeconds(90), Start.AddSeconds(90), true, false, "x"));
        Assert.Equal(FindingKind.Unscheduled, Assert.Single(Verify().Findings).Kind);
    }

    [Fact]
    public void A_slot_that_was_claimed_just_before_its_schedule_changed_is_its_slot_and_the_new_plan_begins_behind_it()
    {
        var (changed, at) = (Start.AddMinutes(5).AddMilliseconds(-15), Start.AddMinutes(5));
        _job = _job with
        {
            History =
            [
                _job.History[0] with { To = changed },
                _job.History[0] with { From = changed, Schedule = new ScheduleSpec { Every = TimeSpan.FromMinutes(1), Phase = TimeSpan.FromSeconds(59.99) } },
            ],
        };
        foreach (var i in Enumerable.Range(6, 4))
        {
            var (nominal, id) = (Start.AddMinutes(i).AddMilliseconds(-10), $"{IdOf(i)}-changed");
            _slots[i] = new VerifiedSlot(nominal, nominal, true, false, id);
            _executions[i] = _executions[i] with { Id = id, Nominal = nominal };
            _received[i] = _received[i] with { ExecutionId = id, Nominal = nominal };
        }

        var last = Start.AddMinutes(10).AddMilliseconds(-10);
        _slots.Add(new VerifiedSlot(last, last, false, false, null));
        Assert.Empty(Verify().Findings);

        // Not claimed, it would be a slot of nobody's, and the first one of the new plan would be missing.
        _slots.RemoveAt(5);
        _executions.RemoveAt(5);
        _received.RemoveAt(5);
        Finds(FindingKind.Undisposed, at.AddMilliseconds(-10));
    }

    [Fact]
    public void What_succeeded_but_was_never_received_is_missed()
    {
        _received.RemoveAt(7);
        Finds(FindingKind.Missed, 7);

        // It may have ended after the log was read; what had ended before is missed.
        var ended = _executions[7].FinishedAt!.Value;
        Assert.Empty(SlotVerifier.Verify(_job, Window with { LogReadAt = ended }, _slots, _executions, _received).Findings);
        Assert.Single(SlotVerifier.Verify(_job, Window with { LogReadAt = ended.AddTicks(1) }, _slots, _executions, _received).Findings);
    }

    [Fact]
    public void The_same_attempt_received_twice_is_doubled_but_another_attempt_is_a_redelivery()
    {
        _received.Add(_received[2] with { Attempt = 2, At = Start.AddMinutes(2).AddSeconds(2) });
        Assert.Equal((10, 10, 1, 0), Result());
        _received.Add(_received[2] with { At = Start.AddMinutes(2).AddSeconds(3) });
        Finds(FindingKind.Doubled, 2);
    }

    [Fact]
    public void An_attempt_that_the_ledger_does_not_know_is_unscheduled()
    {
        _executions[2] = _executions[2] with { LastAttempt = 2 };
        _received.Add(_received[2] with { Attempt = 2, At = Start.AddMinutes(2).AddSeconds(2) });
        Assert.Equal((10, 10, 1, 0), Result());
        _received.Add(_received[2] with { Attempt = 3, At = Start.AddMinutes(2).AddSeconds(3) });
        Finds(FindingKind.Unscheduled, 2);
    }

    [Fact]
    public void One_execution_with_two_nominal_times_is_doubled()
    {
        _received.Add(_received[2] with { Attempt = 2, Nominal = Start.AddMinutes(3), At = Start.AddMinutes(4) });
        Finds(FindingKind.Doubled, 2);
    }

    [Fact]
    public void Before_its_time_is_early_by_the_ledger_and_by_the_receiver()
    {
        _executions[5] = _executions[5] with { StartedAt = Start.AddMinutes(5).AddMilliseconds(-1) };
        Finds(FindingKind.Early, 5);
        _executions[5] = _executions[5] with { StartedAt = Start.AddMinutes(5) };
        _received[5] = _received[5] with { At = Start.AddMinutes(5).AddMilliseconds(-1) };
        Finds(FindingKind.Early, 5);
    }

    [Fact]
    public void Long_after_its_time_is_late_unless_it_was_caught_up()
    {
        _executions[5] = _executions[5] with { StartedAt = Start.AddMinutes(5).AddSeconds(6), FinishedAt = Start.AddMinutes(5).AddSeconds(7) };
        Finds(FindingKind.Late, 5);
        _executions[5] = _executions[5] with { Trigger = ExecutionTrigger.CatchUp };
        Assert.Empty(Verify().Findings);
    }

    [Fact]
    public void What_was_taken_back_before_it_was_to_begin_has_not_run_beside_others()
    {
        _executions[5] = _executions[5] with { Status = ExecutionStatus.Cancelled, StartedAt = Start.AddMinutes(6).AddSeconds(0.5), FinishedAt = Start.AddMinutes(6) };
        _received.RemoveAt(5);
        Assert.DoesNotContain(FindingKind.Overlapped, SlotVerifier.Verify(_job, Window, _slots, _executions, _received).Findings.Select(f => f.Kind));
    }

    [Fact]
    public void Two_at_once_are_overlapped_where_the_policy_forbids_it()
    {
        _executions[3] = _executions[3] with { FinishedAt = Start.AddMinutes(4).AddSeconds(1) };
        Finds(FindingKind.Overlapped, 4);
        _job = _job with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Queue, 2, 100) };
        Assert.Empty(Verify().Findings);
    }

    [Fact]
    public void The_schedule_of_each_time_counts()
    {
        var half = Start.AddMinutes(5);
        _job = _job with
        {
            History =
            [
                _job.History[0] with { To = half.AddSeconds(-30) },
                _job.History[0] with { From = half.AddSeconds(-30), Phase = PlanPhase.Disabled },
            ],
        };
        var findings = Verify().Findings;
        Assert.Equal(5, findings.Length);
        Assert.All(findings, f => Assert.Equal(FindingKind.Unscheduled, f.Kind));
    }

    [Fact]
    public void What_the_ledger_does_not_know_but_the_receiver_got_is_unscheduled()
    {
        _received.Add(new ReceivedRequest($"{Id.Value}@ghost", 1, Start.AddMinutes(1), Start.AddMinutes(1)));
        Finds(FindingKind.Unscheduled, 1);
    }

    private static string IdOf(int minute) => ExecutionId.ForSlot(Id, Start.AddMinutes(minute)).Value;

    private Verification Verify() => SlotVerifier.Verify(_job, Window, _slots, _executions, _received);

    [Fact]
    public void A_slot_whose_jitter_leads_beyond_the_window_is_not_judged_in_it()
    {
        var spec = new ScheduleSpec { Cron = "* * * * *", Jitter = TimeSpan.FromSeconds(50) };
        _job = _job with { History = [_job.History[0] with { Schedule = spec }] };
        var schedule = Schedule.Compile(spec, "UTC", TenantId.Default, _job.Name, [])!;
        for (var i = 0; i < 10; i++)
        {
            var fires = schedule.FireAt(Start.AddMinutes(i));
            _executions[i] = _executions[i] with { StartedAt = fires, FinishedAt = fires };
            _received[i] = _received[i] with { At = fires };
        }

        // The ledger of the window does not have it yet; the receiver got it while the checker was reading.
        _slots.RemoveAt(9);
        _executions.RemoveAt(9);
        Assert.True(schedule.FireAt(Start.AddMinutes(9)) > Start.AddMinutes(9).AddTicks(1));
        Assert.Empty(SlotVerifier.Verify(_job, Window with { To = Start.AddMinutes(9).AddTicks(1) }, _slots, _executions, _received).Findings);
    }

    private (long, long, long, int) Result()
    {
        var result = Verify();
        return (result.Slots, result.Executions, result.Redelivered, result.Findings.Length);
    }

    private void Finds(FindingKind kind, int minute) => Finds(kind, Start.AddMinutes(minute));

    private void Finds(FindingKind kind, DateTimeOffset at)
    {
        var finding = Assert.Single(Verify().Findings);
        Assert.Equal((kind, at), (finding.Kind, finding.At));
    }
}

using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>Runs that somebody asked for, their ends, and backfills.</summary>
public sealed class TimetableRunTests
{
    private static readonly JobDefinition EveryTenSeconds = TimetableBench.Definition("*/10 * * * * *");
    private readonly TimetableBench _bench = new();


    [Fact]
    public void A_manual_run_is_started_once_per_idempotency_key()
    {
        _bench.Planned(EveryTenSeconds);
        var ask = new TimetablePlanning.RunNow(
            TimetableBench.Job, ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "a")), """{"a":1}""", TriggerForce.Respect, ExecutionTrigger.Manual, null,
            new Principal("ann"), new RequestMark("key", "print"));
        var first = (TimetableReplies.Started)_bench.Do(t => t.RunNow(ask, _bench.Now));
        _bench.Crash();
        var second = (TimetableReplies.Started)_bench.Do(t => t.RunNow(ask with { Execution = ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "b")) }, _bench.Now));
        Assert.Equal((false, true, first.Execution.Id), (first.Replayed, second.Replayed, second.Execution.Id));
        var other = _bench.Do(t => t.RunNow(ask with { Request = new RequestMark("key", "other") }, _bench.Now));
        Assert.Equal(RejectionCode.Conflict, Assert.IsType<JobReplies.Refused>(other).Rejection.Code);
        Assert.Equal("""{"a":1}""", Assert.Single(_bench.Offered).Payload);
    }

    /// <summary>The same message a second time, or late.</summary>
    [Fact]
    public void A_run_of_a_job_that_was_deleted_is_not_claimed_for_the_next_of_its_name()
    {
        _bench.Planned(EveryTenSeconds);
        var ask = new TimetablePlanning.RunNow(
            TimetableBench.Job, ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "a")), null, TriggerForce.Respect, ExecutionTrigger.Manual, null, Principal.System, null)
        {
            Version = 1,
        };
        Assert.IsType<TimetableReplies.Started>(_bench.Do(t => t.RunNow(ask, _bench.Now)));
        _bench.Do(t => t.RemovePlan(new TimetablePlanning.RemovePlan(TimetableBench.Job, 2), _bench.Now));
        _bench.Planned(EveryTenSeconds, version: 3);

        Assert.Equal(RejectionCode.NotFound, Assert.IsType<JobReplies.Refused>(_bench.Do(t => t.RunNow(ask, _bench.Now))).Rejection.Code);
        var next = ask with { Execution = ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "b")), Version = 3 };
        Assert.IsType<TimetableReplies.Started>(_bench.Do(t => t.RunNow(next, _bench.Now)));
    }

    [Fact]
    public void A_manual_run_of_a_paused_job_wants_force()
    {
        _bench.Planned(EveryTenSeconds, state: PlanState.Paused);
        var ask = new TimetablePlanning.RunNow(
            TimetableBench.Job, ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "a")), null, TriggerForce.Respect, ExecutionTrigger.Manual, null, Principal.System, null);
        Assert.Contains("paused", Assert.IsType<JobReplies.Refused>(_bench.Do(t => t.RunNow(ask, _bench.Now))).Rejection.Message);
        Assert.IsType<TimetableReplies.Started>(_bench.Do(t => t.RunNow(ask with { Force = TriggerForce.Override }, _bench.Now)));
    }

    [Fact]
    public void A_cancelled_execution_ends_at_once_between_attempts_and_with_its_attempt_otherwise()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *")).Pass(TimeSpan.FromHours(1));
        var id = _bench.Offered[0].Execution;
        _bench.Finish(FailureClass.ServerError);
        _bench.Do(t => t.Cancel(new TimetableCommands.Cancel(TimetableBench.Job, id, new Principal("ann")), _bench.Now));
        Assert.Equal(ExecutionStatus.Cancelled, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
        Assert.Empty(_bench.Stopped);
        _bench.Pass(TimeSpan.FromHours(1));
        _bench.Do(t => t.Cancel(new TimetableCommands.Cancel(TimetableBench.Job, _bench.Offered[^1].Execution, new Principal("ann")), _bench.Now));
        Assert.Single(_bench.Stopped);
        _bench.Finish(FailureClass.Cancelled);
        Assert.Equal(2, _bench.Journal.OfType<ExecutionEnded>().Count());
    }

    [Fact]
    public void A_backfill_from_the_beginning_of_time_or_of_too_many_slots_is_refused_and_named()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *"));
        string Refused(DateTimeOffset from) => Assert.IsType<JobReplies.Refused>(_bench.Do(t => t.StartBackfill(
            new TimetableCommands.StartBackfill(TimetableBench.Job, from, TimetableBench.Start, 2, Principal.System, null), _bench.Now))).Rejection.Violations.Single().Field;
        Assert.Equal("from", Refused(DateTimeOffset.MinValue));
        Assert.Equal("to", Refused(TimetableBench.Start.AddYears(-100)));
        Assert.Equal("to", Refused(TimetableBench.Start.AddTicks(-1)));
        Assert.Empty(_bench.Offered);
    }

    [Fact]
    public void A_backfill_runs_every_slot_of_its_range_within_its_bound_and_survives_a_crash()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *"));
        var view = (TimetableReplies.BackfillView)_bench.Do(t => t.StartBackfill(
            new TimetableCommands.StartBackfill(TimetableBench.Job, TimetableBench.Start.AddDays(-1), TimetableBench.Start, 2, Principal.System, null), _bench.Now));
        Assert.Equal((24, 2), (view.Total, _bench.Offered.Count));
        _bench.Finish(_bench.Offered[0]);
        _bench.Crash();
        while (_bench.Plan.Running.Values.FirstOrDefault() is { } running)
        {
            Assert.True(_bench.Plan.Running.Count <= 2);
            _bench.Finish(_bench.Offered.Last(o => o.Execution == running.Id));
        }

        var end = (TimetableReplies.BackfillView)_bench.Do(t => t.GetBackfill(new TimetableCommands.GetBackfill(TimetableBench.Job, view.Operation)));
        Assert.Equal(("done", 24, 24), (end.Status, end.Started, end.Succeeded));
        Assert.Equal(24, _bench.Journal.OfType<ExecutionStarted>().Select(e => e.Nominal).Distinct().Count());
    }
}

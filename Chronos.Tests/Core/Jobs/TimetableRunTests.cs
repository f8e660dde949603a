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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_run_that_is_repeated_under_its_key_does_not_run_the_job_that_was_made_anew_meanwhile(bool fromSnapshot)
    {
        _bench.Planned(EveryTenSeconds);
        var ask = new TimetablePlanning.RunNow(
            TimetableBench.Job, ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "a")), null, TriggerForce.Respect, ExecutionTrigger.Manual, null,
            Principal.System, new RequestMark("key", "print"))
        {
            Version = 1,
        };
        var first = Assert.IsType<TimetableReplies.Started>(_bench.Do(t => t.RunNow(ask, _bench.Now)));
        _bench.Finish();
        _bench.Do(t => t.RemovePlan(new TimetablePlanning.RemovePlan(TimetableBench.Job, 2), _bench.Now));
        _bench.Crash(fromSnapshot);
        _bench.Planned(EveryTenSeconds, version: 3);
        _bench.Do(t => t.RemovePlan(new TimetablePlanning.RemovePlan(TimetableBench.Job, 4), _bench.Now));
        _bench.Planned(EveryTenSeconds, version: 5);

        var again = ask with { Execution = ExecutionId.ForRun(TimetableBench.Job, Ulids.Derive(_bench.Now, "b")), Version = 5 };
        var second = Assert.IsType<TimetableReplies.Started>(_bench.Do(t => t.RunNow(again, _bench.Now)));
        Assert.Equal((true, first.Execution.Id), (second.Replayed, second.Execution.Id));
        Assert.Empty(_bench.Offered);
        Assert.IsType<JobReplies.Refused>(_bench.Do(t => t.RunNow(again with { Request = new RequestMark("key", "other") }, _bench.Now)));
        Assert.False(Assert.IsType<TimetableReplies.Started>(_bench.Do(t => t.RunNow(again with { Request = new RequestMark("new", "print") }, _bench.Now))).Replayed);
    }

    [Fact]
    public void A_backfill_that_is_repeated_under_its_key_for_the_job_that_was_made_anew_is_refused_and_the_key_named()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *"));
        var ask = new TimetableCommands.StartBackfill(
            TimetableBench.Job, TimetableBench.Start.AddHours(-5), TimetableBench.Start, 3, Principal.System, new RequestMark("key", "print"));
        var view = Assert.IsType<TimetableReplies.BackfillView>(_bench.Do(t => t.StartBackfill(ask, _bench.Now)));
        _bench.Do(t => t.RemovePlan(new TimetablePlanning.RemovePlan(TimetableBench.Job, 2), _bench.Now));
        _bench.Planned(TimetableBench.Definition("0 * * * *"), version: 3);
        var refused = Assert.IsType<JobReplies.Refused>(_bench.Do(t => t.StartBackfill(ask, _bench.Now))).Rejection;
        Assert.Equal(RejectionCode.Conflict, refused.Code);
        Assert.Contains("'key' was done already", refused.Message, StringComparison.Ordinal);
        Assert.Contains(view.Operation, refused.Message, StringComparison.Ordinal);
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

    [Fact]
    public void A_backfill_of_a_job_that_forbids_overlap_runs_one_at_a_time_and_never_beside_a_slot()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *") with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Forbid, null, ConcurrencyPolicy.DefaultQueueLimit) });
        _bench.Pass(TimeSpan.FromHours(1));
        Assert.Equal(ExecutionTrigger.Schedule, Assert.Single(_bench.Plan.Running.Values).Trigger);
        var view = (TimetableReplies.BackfillView)_bench.Do(t => t.StartBackfill(
            new TimetableCommands.StartBackfill(TimetableBench.Job, TimetableBench.Start.AddHours(-5), TimetableBench.Start, 3, Principal.System, null), _bench.Now));
        Assert.Single(_bench.Plan.Running.Values);
        _bench.Crash();
        var ended = 0;
        for (; _bench.Plan.Running.Values.FirstOrDefault() is { } running; ended++)
        {
            Assert.Single(_bench.Plan.Running.Values);
            _bench.Finish(_bench.Offered.Last(o => o.Execution == running.Id));
        }

        var end = (TimetableReplies.BackfillView)_bench.Do(t => t.GetBackfill(new TimetableCommands.GetBackfill(TimetableBench.Job, view.Operation)));
        Assert.Equal(("done", 5L, 6), (end.Status, end.Succeeded, ended));
    }

    [Fact]
    public void A_backfill_that_the_overlap_policy_holds_back_goes_on_under_a_plan_that_lets_it()
    {
        var forbids = TimetableBench.Definition("0 * * * *") with { Concurrency = new ConcurrencyPolicy(OverlapPolicy.Forbid, null, ConcurrencyPolicy.DefaultQueueLimit) };
        _bench.Planned(forbids).Do(t => t.StartBackfill(
            new TimetableCommands.StartBackfill(TimetableBench.Job, TimetableBench.Start.AddHours(-5), TimetableBench.Start, 3, Principal.System, null), _bench.Now));
        Assert.Single(_bench.Plan.Running.Values);
        _bench.Planned(forbids with { Concurrency = ConcurrencyPolicy.Default }, version: 2);
        Assert.Equal(3, _bench.Plan.Running.Count);
    }

    /// <summary>The journal keeps microseconds: a finer instant would be before its own claim after a recovery, and fire again.</summary>
    [Theory]
    [InlineData("""{"at":"2026-03-02T10:00:05.1234567Z"}""")]
    [InlineData("""{"every":"5s","starts_at":"2026-03-02T10:00:00.1234567Z"}""")]
    public void An_instant_that_was_written_finer_than_the_journal_is_one_slot_before_and_after_a_crash(string schedule)
    {
        var violations = new List<Violation>();
        using var document = System.Text.Json.JsonDocument.Parse($$$"""{"name":"report","schedule":{{{schedule}}},"webhook":{"url":"http://127.0.0.1/"}}""");
        _bench.Planned(JobDocument.Read(document.RootElement, violations)!);
        _bench.Pass(TimeSpan.FromSeconds(7));
        var claims = _bench.Journal.OfType<ExecutionStarted>().ToList();
        Assert.All(claims, c => Assert.Equal(0, c.Nominal.Ticks % TimeSpan.TicksPerMicrosecond));
        Assert.NotEmpty(claims);
        Assert.Empty(violations);
    }
}

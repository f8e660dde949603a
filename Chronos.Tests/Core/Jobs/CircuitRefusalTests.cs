using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>What an open circuit refuses was never sent, and costs no attempt.</summary>
public sealed class CircuitRefusalTests
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(15);
    private static readonly RetryPolicy Once = RetryPolicy.Default with { MaxAttempts = 1, Jitter = 0 };

    private readonly TimetableBench _bench = new();

    [Fact]
    public void A_job_that_is_to_be_tried_once_is_sent_once_after_the_circuit_has_closed()
    {
        Claimed(Once);
        _bench.Finish(FailureClass.CircuitOpen, Pause);
        Assert.Equal(_bench.Now + Pause + Once.InitialInterval, _bench.Plan.Running.Values.Single().RetryAt);
        _bench.Pass(Pause + Once.InitialInterval);
        Assert.Equal([1, 2], _bench.Offered.Select(o => o.Attempt));
        Assert.Empty(_bench.Late);
        _bench.Finish();
        Assert.True(Assert.Single(_bench.Late) >= Pause);
        Assert.Equal(ExecutionStatus.Succeeded, Ended());
    }

    [Fact]
    public void Refusals_between_attempts_leave_the_attempts_and_their_pauses_as_they_were()
    {
        Claimed(Once with { MaxAttempts = 3, InitialInterval = TimeSpan.FromSeconds(4) });
        _bench.Finish(FailureClass.ServerError);
        _bench.Pass(TimeSpan.FromSeconds(4));
        _bench.Finish(FailureClass.CircuitOpen, Pause);
        _bench.Pass(Pause + TimeSpan.FromSeconds(4));
        _bench.Finish(FailureClass.CircuitOpen, Pause);
        _bench.Pass(Pause + TimeSpan.FromSeconds(8));
        _bench.Finish(FailureClass.ServerError);
        Assert.Equal(_bench.Now.AddSeconds(8), _bench.Plan.Running.Values.Single().RetryAt);
        _bench.Pass(TimeSpan.FromSeconds(8));
        Assert.Equal(5, _bench.Offered[^1].Attempt);
        _bench.Finish(FailureClass.ServerError);
        Assert.Equal(ExecutionStatus.Failed, Ended());
        Assert.Equal([FailureClass.ServerError, FailureClass.CircuitOpen, FailureClass.CircuitOpen, FailureClass.ServerError, FailureClass.ServerError],
            _bench.Journal.OfType<AttemptEnded>().Select(a => a.Failure));
    }

    [Fact]
    public void What_a_crash_leaves_of_the_attempts_does_not_depend_on_refusals()
    {
        Claimed(Once);
        for (var i = 0; i < 10; i++)
        {
            _bench.Finish(FailureClass.CircuitOpen, Pause);
            _bench.Pass(Pause * 2);
        }

        _bench.Crash(fromSnapshot: true);
        Assert.Equal(12, Assert.Single(_bench.Offered).Attempt);
        _bench.Finish();
        Assert.Equal(ExecutionStatus.Succeeded, Ended());
    }

    [Fact]
    public void An_execution_whose_target_stays_away_fails_at_last()
    {
        Claimed(Once);
        for (var i = 0; i < 100 && !_bench.Plan.Running.IsEmpty; i++)
        {
            _bench.Finish(FailureClass.CircuitOpen, Pause);
            _bench.Pass(Pause * 2);
        }

        Assert.Equal(ExecutionStatus.Failed, Ended());
        Assert.Equal(Timetable.CircuitAllowance + 1, _bench.Journal.OfType<AttemptEnded>().Count());
    }

    [Fact]
    public void The_deadline_holds_while_the_circuit_is_open()
    {
        _bench.Planned(TimetableBench.Definition("0 * * * *") with { Retry = Once, Deadline = TimeSpan.FromSeconds(10) }).Pass(TimeSpan.FromHours(1));
        _bench.Finish(FailureClass.CircuitOpen, Pause);
        Assert.Equal(ExecutionStatus.Failed, Ended());
    }

    private void Claimed(RetryPolicy retry) => _bench.Planned(TimetableBench.Definition("0 * * * *") with { Retry = retry }).Pass(TimeSpan.FromHours(1));

    private ExecutionStatus Ended() => Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status;
}

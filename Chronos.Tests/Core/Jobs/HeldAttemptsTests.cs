using System.Collections.Immutable;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

public sealed class HeldAttemptsTests
{
    private static readonly DateTimeOffset Now = TimetableBench.Start;
    private readonly HeldAttempts _held = new();
    private readonly List<AttemptRequest> _left = [];
    private bool _mayLeave = true;

    [Fact]
    public void Each_leaves_when_the_clock_says_that_it_is_due_and_not_before()
    {
        var (later, sooner) = (Hold("later", 20), Hold("sooner", 10));
        Assert.Equal(TimeSpan.FromMilliseconds(10), _held.Wait(Now, TimeSpan.Zero));
        Release(9.999);
        Assert.Empty(_left);
        Release(10);
        Assert.Equal([sooner], _left);
        Release(20);
        Assert.Equal([sooner, later], _left);
        Assert.Null(_held.Wait(Now, TimeSpan.Zero));
    }

    [Fact]
    public void A_clock_that_goes_a_little_back_is_waited_for()
    {
        Hold("job", 10);
        Release(-90, elapsed: 10);
        Assert.Empty(_left);
        Assert.Equal(TimeSpan.FromMilliseconds(100), _held.Wait(Now.AddMilliseconds(-90), TimeSpan.FromMilliseconds(10)));
    }

    [Fact]
    public void A_clock_that_was_set_back_by_an_hour_is_not()
    {
        Hold("job", 10);
        Assert.Equal(TimeSpan.FromMilliseconds(6), _held.Wait(Now.AddHours(-1), TimeSpan.FromMilliseconds(4)));
        Release(-3_600_000, elapsed: 9);
        Assert.Empty(_left);
        Release(-3_600_000, elapsed: 10);
        Assert.Single(_left);
    }

    [Fact]
    public void What_may_not_leave_stays_until_it_is_withdrawn()
    {
        var attempt = Hold("job", 10);
        _mayLeave = false;
        Release(10);
        Assert.Empty(_left);
        Assert.Null(_held.Wait(Now, TimeSpan.Zero));
        Assert.Equal(attempt, _held.Withdraw(attempt.Execution));
        Assert.Null(_held.Withdraw(attempt.Execution));
    }

    [Fact]
    public void A_later_attempt_takes_the_place_of_the_one_before()
    {
        var again = Hold("job", 10) with { Attempt = 2 };
        _held.Hold(again, Now, TimeSpan.Zero);
        Release(10);
        Assert.Equal([again], _left);
    }

    [Fact]
    public void What_is_withdrawn_does_not_leave()
    {
        _held.Withdraw(Hold("job", 10).Execution);
        Release(10);
        Assert.Empty(_left);
    }

    private AttemptRequest Hold(string name, double milliseconds)
    {
        var (job, due) = (JobId.For(TenantId.Default, name), Now.AddMilliseconds(milliseconds));
        var attempt = new AttemptRequest(
            TenantId.Default, job, name, 1, ExecutionId.ForSlot(job, due), 1, due, new DispatchTarget(Protocol.Http, "{}"), null, TimeSpan.FromSeconds(1),
            [], ImmutableSortedDictionary<string, string>.Empty, "")
        { NotBefore = due };
        _held.Hold(attempt, Now, TimeSpan.Zero);
        return attempt;
    }

    private void Release(double now, double? elapsed = null) =>
        _held.Release(Now.AddMilliseconds(now), TimeSpan.FromMilliseconds(elapsed ?? now), _ => _mayLeave, _left.Add);
}

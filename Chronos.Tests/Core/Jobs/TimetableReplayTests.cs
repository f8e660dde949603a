using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

public sealed class TimetableReplayTests
{
    private static readonly DateTimeOffset T0 = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly JobId Job = JobId.For(TenantId.Default, "a");

    [Fact]
    public void However_many_claims_are_replayed_a_job_waits_for_one_slot()
    {
        var table = new DurableTimetable<string>(7, "node-1");
        table.Replay(Batch(Plan()));
        for (var n = 1; n <= 1_000; n++)
        {
            var slot = T0.AddSeconds(n);
            var id = ExecutionId.ForSlot(Job, slot);
            table.Replay(Batch(
                new ExecutionStarted(Job, null, slot, ExecutionTrigger.Schedule, 1, slot, "node-1"),
                new AttemptEnded(Job, id, 1, slot, slot, 1, FailureClass.None, 200, null, null, null),
                new ExecutionEnded(Job, id, slot, ExecutionStatus.Succeeded)));
        }

        table.Recovered(T0.AddSeconds(1_000));

        Assert.Equal(1, table.Table.State.Wakes);
        Assert.Equal(T0.AddSeconds(1_001) - ClaimAhead.Lead, table.Table.State.NextDueAt);
    }

    [Fact]
    public void A_retry_that_was_replayed_is_waited_for()
    {
        var table = new DurableTimetable<string>(7, "node-1");
        var (slot, retry) = (T0.AddSeconds(1), T0.AddSeconds(1.5));
        table.Replay(Batch(
            Plan(),
            new ExecutionStarted(Job, null, slot, ExecutionTrigger.Schedule, 1, slot, "node-1"),
            new AttemptEnded(Job, ExecutionId.ForSlot(Job, slot), 1, slot, slot, 1, FailureClass.Timeout, null, null, null, retry)));

        table.Recovered(slot);

        Assert.Equal(retry, table.Table.State.NextDueAt);
    }

    private static TimetableBatch Batch(params TimetableItem[] items) => new(7, 1, T0, [.. items]);

    private static PlanSet Plan() => new(Job, TenantId.Default, 1, 1, PlanState.Active, null, T0, new JobDefinition
    {
        Name = "a",
        Schedule = new ScheduleSpec { Every = TimeSpan.FromSeconds(1) },
        Target = new DispatchTarget(Protocol.Http, """{"url":"http://127.0.0.1:9/"}"""),
        Retry = RetryPolicy.Default with { MaxAttempts = 3 },
    });
}

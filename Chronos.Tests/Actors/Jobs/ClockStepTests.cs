using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Tests.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Jobs;

/// <summary>The clock of the host is set, as an operator or a time server does it; timers go on in elapsed time.</summary>
[Trait("speed", "slow")]
public sealed class ClockStepTests
{
    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_clock_that_is_set_by_an_hour_fires_each_slot_once_and_goes_on_at_once(int hours)
    {
        using var folder = new TemporaryFolder();
        var clock = new SteppedTime();
        await using var node = await JobsHarness.Start(folder.Location, clock);
        await node.Create(JobsHarness.Definition("often", "* * * * * *"));

        // The leader sleeps towards this one when the clock is set.
        await node.Create(JobsHarness.Definition("later", "0 0 * * * *") with { Schedule = new() { At = clock.GetUtcNow().AddMinutes(40) } });
        await node.WaitUntil(() => node.Offered.Count(o => o.Attempt.JobName == "often") >= 2);
        clock.Step = TimeSpan.FromHours(hours);
        var after = clock.GetUtcNow();

        // A job that is made now lives in the time of the new clock.
        await node.Create(JobsHarness.Definition("fresh", "* * * * * *"));
        await node.WaitUntil(() => node.Offered.Count(o => o.Attempt.JobName == "fresh") >= 2);
        if (hours > 0)
        {
            await node.WaitUntil(() => node.Offered.Any(o => o.Attempt.JobName == "later") && node.Offered.Count(o => o.Attempt.JobName == "often" && o.Attempt.ScheduledAt > after) >= 2);
        }

        Assert.All(node.Offered.GroupBy(o => o.Attempt.Execution), g => Assert.Single(g));
        var plan = (TimetableReplies.Plan)await node.Ask(node.Timetables, new TimetableCommands.GetPlan(JobId.For(TenantId.Default, "often")));
        if (hours > 0)
        {
            // An hour of slots has its disposition as a range: the ledger says misfire.
            Assert.True(plan.Cursor >= after);
        }
        else
        {
            // What was decided before the step stays decided: nothing of it fires again while the clock catches up.
            Assert.True(plan.Cursor > after);
            Assert.DoesNotContain(node.Offered, o => o.Attempt.JobName == "often" && o.Attempt.ScheduledAt <= after);
        }
    }

    private sealed class SteppedTime : TimeProvider
    {
        public TimeSpan Step { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Step;
    }
}

using Chronos.Core.Calendars;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>A slot that its jitter fires later is not late by that: claim, attempt and what is published count from when it was to fire.</summary>
public sealed class TimetableJitterTests
{
    private static readonly JobDefinition Spread = TimetableBench.Definition("* * * * *") with
    {
        Schedule = new ScheduleSpec { Cron = "* * * * *", Jitter = TimeSpan.FromSeconds(50) },
        Concurrency = ConcurrencyPolicy.Default with { Overlap = OverlapPolicy.Queue },
    };

    private static readonly DateTimeOffset Slot = TimetableBench.Start.AddMinutes(1);
    private static readonly DateTimeOffset Fires = ScheduleOf(Spread).FireAt(Slot);
    private readonly TimetableBench _bench = new();

    [Theory]
    [InlineData(0)]
    [InlineData(-20)]
    [InlineData(3_000)]
    public void The_claim_says_when_its_slot_was_to_fire_and_lateness_counts_from_there(int ms)
    {
        Assert.True(Fires > Slot.AddSeconds(4));
        _bench.Planned(Spread).SetClock(Fires.AddMilliseconds(ms));
        _bench.Tick();
        var claim = Assert.Single(_bench.Journal.OfType<ExecutionStarted>());
        Assert.Equal((Slot, Fires, null), (claim.Nominal, claim.FiresAt, claim.Due));
        Assert.Equal(ms < 0 ? Fires : _bench.Now, claim.Begins);
        _bench.SetClock(Fires.AddMilliseconds(ms < 0 ? 1 : ms));
        _bench.Finish();
        Assert.Equal(Fires, Assert.Single(_bench.Journal.OfType<AttemptEnded>()).Due);
        Assert.Equal(TimeSpan.FromMilliseconds(ms < 0 ? 1 : ms), Assert.Single(_bench.Late));
    }

    [Fact]
    public void What_waited_its_turn_counts_from_its_jitter_too()
    {
        _bench.Planned(Spread).Pass(TimeSpan.FromMinutes(3));
        var waits = Assert.Single(_bench.Offered);
        _bench.Finish();
        var second = _bench.Journal.OfType<ExecutionStarted>().Last();
        Assert.Equal((Slot.AddMinutes(1), ScheduleOf(Spread).FireAt(Slot.AddMinutes(1))), (second.Nominal, second.FiresAt));
        Assert.NotEqual(waits.Execution, second.Id);
    }

    [Fact]
    public void What_waited_under_another_schedule_has_none_of_this_ones_jitter()
    {
        _bench.Planned(Spread with { Schedule = new ScheduleSpec { Cron = "*/20 * * * * *" } }).Pass(TimeSpan.FromSeconds(45));
        _bench.Planned(Spread, version: 2);
        _bench.Finish();
        Assert.Null(_bench.Journal.OfType<ExecutionStarted>().Last().FiresAt);
    }

    [Fact]
    public void A_slot_without_jitter_keeps_its_short_form() =>
        Assert.All(Fired(TimetableBench.Definition("* * * * *")), c => Assert.Equal((null, null), (c.FiresAt, c.Due)));

    private List<ExecutionStarted> Fired(JobDefinition job)
    {
        _bench.Planned(job).Pass(TimeSpan.FromMinutes(1));
        var claims = _bench.Journal.OfType<ExecutionStarted>().ToList();
        Assert.NotEmpty(claims);
        return claims;
    }

    private static Schedule ScheduleOf(JobDefinition job) =>
        Schedule.Compile(job.Schedule!, job.Timezone, TenantId.Default, job.Name, CalendarLookups.None, [])!;
}

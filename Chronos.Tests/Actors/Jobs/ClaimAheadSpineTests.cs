using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Actors.Jobs;

/// <summary>Leader, timetable and journal as production has them, under a clock that stands still until the test sets it.</summary>
public sealed class ClaimAheadSpineTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Due = new(2026, 3, 2, 11, 0, 0, TimeSpan.Zero);
    private static readonly JobId Job = JobId.For(TenantId.Default, "exact");
    private static readonly ExecutionId Slot = ExecutionId.ForSlot(Job, Due);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly TemporaryFolder _folder = new();
    private readonly SetTime _clock = new() { Now = Due.AddMinutes(-1) };
    private JobsHarness _node = null!;

    public async ValueTask InitializeAsync()
    {
        _node = await JobsHarness.Start(_folder.Location, _clock);
        await _node.Create(JobsHarness.Definition("exact", "0 0 * * * *") with { Schedule = new ScheduleSpec { At = Due } });
        _clock.Now = Due - (ClaimAhead.Lead / 2);
        await Eventually.True(async () => await Live() is not null, Patience);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_claim_is_durable_before_the_slot_is_due_and_nothing_leaves_before()
    {
        var live = (await Live())!;
        Assert.True(live.ClaimedAt < Due);
        Assert.Equal(Due, Assert.Single(live.Attempts).StartedAt);
        await TimeGoesOnWithoutTheClock();
        Assert.Empty(_node.Offered);

        _clock.Now = Due;
        await _node.WaitUntil(() => !_node.Offered.IsEmpty);
        Assert.Equal((Slot, 1), (Assert.Single(_node.Offered).Attempt.Execution, _node.Offered.Single().Attempt.Attempt));
    }

    [Fact]
    public async Task What_is_cancelled_before_it_is_due_is_not_sent()
    {
        await _node.Ask(_node.Timetables, new TimetableCommands.Cancel(Job, Slot, JobsHarness.Ann));
        _clock.Now = Due.AddSeconds(1);
        await Eventually.True(async () => await Live() is null, Patience);
        Assert.Empty(_node.Offered);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_by_an_hour_does_not_hold_it_for_an_hour()
    {
        _clock.Now = Due.AddHours(-1);
        await _node.WaitUntil(() => !_node.Offered.IsEmpty);
        Assert.Equal(Slot, Assert.Single(_node.Offered).Attempt.Execution);
    }

    /// <summary>The execution while its timetable has it. What a timetable says is durable.</summary>
    private async Task<LiveExecution?> Live() =>
        await _node.Ask(_node.Timetables, new TimetableCommands.GetExecution(Job, Slot)) is TimetableReplies.Live live ? live.Execution : null;

    /// <summary>Timers go off, look at the clock, and find that nothing is due.</summary>
    private Task TimeGoesOnWithoutTheClock()
    {
        var before = _clock.Looks;
        return _node.WaitUntil(() => _clock.Looks > before + 20);
    }

    private sealed class SetTime : TimeProvider
    {
        private long _looks;

        public DateTimeOffset Now { get; set; }

        public long Looks => Interlocked.Read(ref _looks);

        public override DateTimeOffset GetUtcNow()
        {
            Interlocked.Increment(ref _looks);
            return Now;
        }
    }
}

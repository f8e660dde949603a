using Chronos.Actors.Kernel;
using Chronos.Host.Hosting;
using Xunit;

namespace Chronos.Tests.Host.Hosting;

public sealed class QuietMomentsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly QuietMoments _moments = new();

    [Fact]
    public void Between_two_bursts_and_with_enough_to_collect_it_is_now()
    {
        Assert.False(Look(0, 0, 1000));
        Assert.False(Look(QuietMoments.Worthwhile, 0, 900), "a burst was under way until this look");
        Assert.True(Look(QuietMoments.Worthwhile + 1, 0, 800));
    }

    [Fact]
    public void Not_before_it_is_worth_it_and_not_again_right_after_it()
    {
        Assert.False(Look(0, 0, null));
        Assert.False(Look(QuietMoments.Worthwhile - 1, 0, null));
        Assert.False(Look(QuietMoments.Worthwhile - 1, 0, null));
        Assert.True(Look(QuietMoments.Worthwhile, 0, null));
        Assert.False(Look(QuietMoments.Worthwhile + 1, 1, null), "another collection, whoever asked for it, begins the count anew");
        Assert.True(Grown(2 * QuietMoments.Worthwhile + 1, 1, null));
    }

    [Theory]
    [InlineData(149, false)]
    [InlineData(151, true)]
    [InlineData(-149, false)]
    [InlineData(-151, true)]
    public void Not_near_a_slot(int dueInMs, bool quiet)
    {
        Look(QuietMoments.Worthwhile, 0, dueInMs);
        Assert.Equal(quiet, Look(QuietMoments.Worthwhile, 0, dueInMs));
    }

    /// <summary>Claimed 25 ms ahead, the next slot is that of the next second; the one that is held is still to be sent.</summary>
    [Fact]
    public void Not_while_a_claimed_slot_is_held_for_its_instant()
    {
        Look(QuietMoments.Worthwhile, 0, 20);
        Assert.False(Look(QuietMoments.Worthwhile, 0, 1010));
        Assert.True(Look(QuietMoments.Worthwhile, 0, 1010));
    }

    [Fact]
    public void The_next_slot_of_a_node_is_the_soonest_of_its_timetables()
    {
        var pressure = new NodePressure();
        Assert.Null(pressure.NextDue);
        pressure.Holds(3, 0, Now.AddHours(2));
        pressure.Holds(4, 0, Now.AddHours(1));
        Assert.Equal(Now.AddHours(1), pressure.NextDue);
        pressure.Holds(4, 0);
        Assert.Equal(Now.AddHours(2), pressure.NextDue);
    }

    private bool Grown(long allocated, int collections, int? dueInMs)
    {
        Look(allocated, collections, dueInMs);
        return Look(allocated, collections, dueInMs);
    }

    private bool Look(long allocated, int collections, int? dueInMs) =>
        _moments.IsNow(allocated, collections, Now, dueInMs is { } ms ? Now.AddMilliseconds(ms) : null);
}

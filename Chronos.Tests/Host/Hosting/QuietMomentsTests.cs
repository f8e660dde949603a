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

    [Theory]
    [InlineData(QuietMoments.WorthAll, 30, null, true)]
    [InlineData(QuietMoments.WorthAll, 30, 2_000, true)]
    [InlineData(QuietMoments.WorthAll, 30, 1_999, false)]
    [InlineData(QuietMoments.WorthAll, 29, null, false)]
    [InlineData(QuietMoments.WorthAll - 1, 30, null, false)]
    public void The_old_generations_are_for_long_pauses_and_seldom(long allocated, int seconds, int? dueInMs, bool quiet)
    {
        Look(5, 0, null);
        _moments.IsNowForAll(5, 1, Now);
        var now = Now.AddSeconds(seconds);
        DateTimeOffset? due = dueInMs is { } ms ? now.AddMilliseconds(ms) : null;
        _moments.IsNow(allocated + 5, 0, now, due);
        Assert.False(_moments.IsNowForAll(allocated + 5, 1, now), "much was allocated until this look");
        _moments.IsNow(allocated + 5, 0, now, due);
        Assert.Equal(quiet, _moments.IsNowForAll(allocated + 5, 1, now));
        Assert.False(_moments.IsNowForAll(allocated + 5, 2, now), "another collection of all begins the count anew");
    }

    /// <summary>Claimed ahead, a slot is not the next any more, and is still to be sent: the next is that of the next hour.</summary>
    [Fact]
    public void The_old_generations_wait_while_a_claimed_slot_is_held_for_its_instant()
    {
        Look(5, 0, 20);
        _moments.IsNowForAll(5, 1, Now);
        var now = Now.AddMinutes(1);
        _moments.IsNow(QuietMoments.WorthAll + 5, 0, now, now.AddMilliseconds(20));
        _moments.IsNow(QuietMoments.WorthAll + 5, 0, now, now.AddHours(1));
        Assert.False(_moments.IsNowForAll(QuietMoments.WorthAll + 5, 1, now));
        _moments.IsNow(QuietMoments.WorthAll + 5, 0, now, now.AddHours(1));
        Assert.True(_moments.IsNowForAll(QuietMoments.WorthAll + 5, 1, now));
    }

    private bool Grown(long allocated, int collections, int? dueInMs)
    {
        Look(allocated, collections, dueInMs);
        return Look(allocated, collections, dueInMs);
    }

    private bool Look(long allocated, int collections, int? dueInMs) =>
        _moments.IsNow(allocated, collections, Now, dueInMs is { } ms ? Now.AddMilliseconds(ms) : null);
}

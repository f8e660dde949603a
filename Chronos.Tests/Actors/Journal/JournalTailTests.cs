using Chronos.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

public sealed class JournalTailTests
{
    private readonly Clock _time = new();

    [Fact]
    public void When_it_is_full_the_newer_are_left_out_until_the_older_are_taken()
    {
        var tail = new JournalTail(_time);
        for (var n = 1; n <= 30; n++)
        {
            tail.Add([Row(n, 1 << 20)]);
        }

        Assert.Equal(24, tail.Count);
        Assert.Equal("1", tail.Take("notes|a", 1, "w"));
        Assert.Null(tail.Take("notes|a", 1, "w"));
        Assert.Null(tail.Take("notes|a", 25, "w"));

        tail.Add([Row(31, 1 << 20)]);
        Assert.Equal("31", tail.Take("notes|a", 31, "w"));
    }

    [Fact]
    public void What_nobody_took_for_a_while_makes_room()
    {
        var tail = new JournalTail(_time);
        tail.Add([Row(1, 100), Row(2, 100)]);
        _time.Passed = TimeSpan.FromSeconds(6);
        tail.Add([Row(3, 100)]);

        Assert.Equal(1, tail.Count);
        Assert.Null(tail.Take("notes|a", 1, "w"));
        Assert.Equal("3", tail.Take("notes|a", 3, "w"));
    }

    /// <summary>As after a server that had not written its last commits to disk when it died.</summary>
    [Fact]
    public void A_number_that_was_given_out_again_is_not_taken_for_the_event_that_was_lost()
    {
        var tail = new JournalTail(_time);
        tail.Add([Row(1, 100, "lost"), Row(2, 100, "lost")]);
        tail.Add([Row(2, 200)]);

        Assert.Null(tail.Take("notes|a", 1, "w"));
        Assert.Equal("2", tail.Take("notes|a", 2, "w"));
        Assert.Equal(0, tail.Count);
    }

    private static JournalRow Row(long number, int bytes, string writer = "w") =>
        new(0, "notes|a", number, new byte[bytes], "test.noted.1", 1, writer) { Event = number.ToString(System.Globalization.CultureInfo.InvariantCulture) };

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Passed.Ticks;
    }
}

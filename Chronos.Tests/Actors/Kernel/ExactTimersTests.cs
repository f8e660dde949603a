using System.Collections.Concurrent;
using System.Diagnostics;
using Chronos.Actors.Kernel;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Actors.Kernel;

public sealed class ExactTimersTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly ExactTimers _timers = new();
    private readonly ConcurrentQueue<string> _called = [];

    public void Dispose() => _timers.Dispose();

    [Fact]
    public async Task Timers_go_off_in_the_order_of_their_times_and_never_early()
    {
        var began = Stopwatch.GetTimestamp();
        var waited = new ConcurrentDictionary<string, TimeSpan>();
        foreach (var (name, wait) in new[] { ("third", 30), ("first", 5), ("second", 15) })
        {
            _timers.Create(() =>
            {
                waited[name] = Stopwatch.GetElapsedTime(began);
                _called.Enqueue(name);
            }).Set(TimeSpan.FromMilliseconds(wait));
        }

        await Eventually.True(() => _called.Count == 3, Patience);
        Assert.Equal(["first", "second", "third"], _called);
        Assert.True(waited["first"] >= TimeSpan.FromMilliseconds(5) && waited["third"] >= TimeSpan.FromMilliseconds(30));
    }

    [Fact]
    public async Task What_is_set_anew_goes_off_once_and_what_is_ended_not_at_all()
    {
        var (again, ended) = (_timers.Create(() => _called.Enqueue("again")), _timers.Create(() => _called.Enqueue("ended")));
        again.Set(TimeSpan.FromHours(1));
        ended.Set(TimeSpan.FromMilliseconds(1));
        ended.Dispose();
        again.Set(TimeSpan.FromMilliseconds(2));
        again.Set(TimeSpan.FromMilliseconds(1));
        _timers.Create(() => _called.Enqueue("last")).Set(TimeSpan.FromMilliseconds(20));
        await Eventually.True(() => _called.Contains("last"), Patience);
        Assert.True(_called.ToArray() is ["again", "last"] or ["ended", "again", "last"], string.Join(", ", _called));
        again.Set(TimeSpan.Zero);
        await Eventually.True(() => _called.Count(c => c == "again") == 2, Patience);
    }
}

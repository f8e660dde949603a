using System.Diagnostics;

namespace Chronos.Tests.Kit;

/// <summary>Waits for a condition, never for a time.</summary>
internal static class Eventually
{
    public static Task True(Func<bool> condition, TimeSpan patience) => True(() => Task.FromResult(condition()), patience);

    public static async Task True(Func<Task<bool>> condition, TimeSpan patience)
    {
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var watch = Stopwatch.StartNew(); !await condition(); await poll.WaitForNextTickAsync())
        {
            if (watch.Elapsed > patience)
            {
                throw new TimeoutException($"the condition did not come true within {patience}");
            }
        }
    }
}

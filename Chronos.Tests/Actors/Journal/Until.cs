using System.Diagnostics;

namespace Chronos.Tests.Actors.Journal;

/// <summary>Waits for conditions of the outside world.</summary>
internal static class Until
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task True(Func<bool> condition, string what)
    {
        var since = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(since) > Patience)
            {
                throw new TimeoutException($"never happened: {what}");
            }

            await timer.WaitForNextTickAsync();
        }
    }
}

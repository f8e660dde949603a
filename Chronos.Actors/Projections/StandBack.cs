using Chronos.Actors.Kernel;

namespace Chronos.Actors.Projections;

/// <summary>
/// When folding lets firing go first: while executions wait for a place, what was complete a moment ago may get a little old. One large
/// chunk costs less than many small ones, too. Used by one thread.
/// </summary>
internal sealed class StandBack(NodePressure? pressure, TimeProvider time)
{
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(1);

    /// <summary>What waits longer waits for its target or its answer, and not for the processors.</summary>
    private static readonly TimeSpan BurstAtMost = TimeSpan.FromSeconds(10);

    /// <summary>When everything was folded last; null while there is more.</summary>
    private long? _complete;

    /// <summary>Since when there has been pressure without a break.</summary>
    private long? _pressedSince;

    /// <summary>Whether to wait now, and for no longer than this says so.</summary>
    public bool IsAsked
    {
        get
        {
            if (pressure is not { IsHigh: true })
            {
                _pressedSince = null;
                return false;
            }

            _pressedSince ??= time.GetTimestamp();
            return _complete is { } since && time.GetElapsedTime(since) < AtMost && time.GetElapsedTime(_pressedSince.Value) <= BurstAtMost;
        }
    }

    /// <summary>A turn has ended.</summary>
    /// <param name="complete">Whether it has left nothing.</param>
    public void Folded(bool complete) => _complete = complete ? time.GetTimestamp() : null;
}

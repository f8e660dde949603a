using System.Collections.Immutable;

namespace Chronos.Actors.Projections;

/// <summary>Those who wait until the models hold a certain entry.</summary>
internal sealed class ProjectionWaiters
{
    private readonly Lock _lock = new();
    private List<(long Ordering, TaskCompletionSource<bool> Done)> _waiting = [];
    private bool _over;

    public async Task<bool> Add(long ordering, TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_over)
            {
                return false;
            }

            _waiting.Add((ordering, done));
        }

        try
        {
            return await done.Task.WaitAsync(timeout, time, cancellation);
        }
        catch (TimeoutException)
        {
            return false;
        }
        finally
        {
            // Settled in any case, so that the next look drops it from the list.
            done.TrySetResult(false);
        }
    }

    public bool Any
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count > 0;
            }
        }
    }

    public void Settle(ImmutableArray<ProjectionTrack> tracks)
    {
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                return;
            }

            var reached = tracks.Min(t => t.Offset);
            var stopped = tracks.Any(t => t.Stopped);
            var rest = new List<(long, TaskCompletionSource<bool>)>();
            foreach (var (ordering, done) in _waiting)
            {
                if (ordering <= reached)
                {
                    done.TrySetResult(true);
                }
                else if (stopped)
                {
                    done.TrySetResult(false);
                }
                else if (!done.Task.IsCompleted)
                {
                    rest.Add((ordering, done));
                }
            }

            _waiting = rest;
        }
    }

    public void Abandon()
    {
        lock (_lock)
        {
            _over = true;
            foreach (var (_, done) in _waiting)
            {
                done.TrySetResult(false);
            }

            _waiting = [];
        }
    }
}

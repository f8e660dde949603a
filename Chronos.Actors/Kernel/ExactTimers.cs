using System.Diagnostics;

namespace Chronos.Actors.Kernel;

/// <summary>
/// Timers for the few places where a millisecond counts. Those of the runtime go by a clock that moves in steps of the kernel's tick, 4 ms on
/// most Linux machines, and are late by half of that on average; a thread that waits is woken by the exact clock.
/// </summary>
/// <remarks>One thread for all, so what is called must be short. Never early by elapsed time.</remarks>
internal sealed class ExactTimers : IDisposable
{
    private readonly Lock _start = new();
    private readonly object _gate = new();
    private readonly PriorityQueue<(Timer Timer, long Version), long> _due = new();
    private Thread? _thread;
    private bool _ends;

    /// <summary>Of this process.</summary>
    public static ExactTimers Shared { get; } = new();

    /// <summary>A timer that is not set yet.</summary>
    public Timer Create(Action callback)
    {
        lock (_start)
        {
            if (_thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = "exact timers" };
                _thread.Start();
            }
        }

        return new Timer(this, callback);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _ends = true;
            Monitor.Pulse(_gate);
        }

        _thread?.Join();
    }

    private void Run()
    {
        while (Next() is { } timer)
        {
            timer.Call();
        }
    }

    /// <summary>Sleeps until one is due; null when there is an end to it.</summary>
    private Timer? Next()
    {
        lock (_gate)
        {
            while (!_ends)
            {
                if (!_due.TryPeek(out var next, out var at))
                {
                    Monitor.Wait(_gate);
                }
                else if (next.Version != next.Timer.Version)
                {
                    _due.Dequeue();
                }
                else if (Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), at) is var wait && wait > TimeSpan.Zero)
                {
                    Monitor.Wait(_gate, (int)Math.Min(Math.Ceiling(wait.TotalMilliseconds), int.MaxValue));
                }
                else
                {
                    _due.Dequeue();
                    next.Timer.Version++;
                    return next.Timer;
                }
            }

            return null;
        }
    }

    private void Set(Timer timer, TimeSpan? wait)
    {
        lock (_gate)
        {
            timer.Version++;
            if (wait is { } time)
            {
                var at = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
                var first = !_due.TryPeek(out _, out var sooner) || at < sooner;
                _due.Enqueue((timer, timer.Version), at);
                if (first)
                {
                    Monitor.Pulse(_gate);
                }
            }
        }
    }

    /// <summary>Goes off once each time it is set.</summary>
    internal sealed class Timer(ExactTimers timers, Action callback) : IDisposable
    {
        /// <summary>Rises with each setting, so that what was set before counts no more.</summary>
        public long Version { get; set; }

        public void Set(TimeSpan wait) => timers.Set(this, wait);

        public void Dispose() => timers.Set(this, null);

        public void Call() => callback();
    }
}

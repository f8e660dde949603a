using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>
/// Attempts that were claimed ahead, from when the claim is durable until they are due. Not durable: a recovery offers them again, to be held
/// again. Pure: two readings are handed in, the clock on the wall and one that counts elapsed time.
/// </summary>
/// <remarks>
/// None leaves before the clock says that it is due. A clock that was set back by more than anything is ever claimed ahead says nothing of
/// use: then the wait ends when the time that was to pass has passed, for what was decided before the step stays decided.
/// </remarks>
public sealed class HeldAttempts
{
    private readonly Dictionary<ExecutionId, Held> _held = [];
    private readonly PriorityQueue<Held, long> _byTime = new();

    public int Count => _held.Count;

    /// <summary>Keeps an attempt until its <see cref="AttemptRequest.NotBefore"/>; another one of its execution takes its place.</summary>
    public void Hold(AttemptRequest attempt, DateTimeOffset now, TimeSpan elapsed)
    {
        var due = attempt.NotBefore ?? now;
        var held = new Held(attempt, due, elapsed + (due > now ? due - now : TimeSpan.Zero));
        _held[attempt.Execution] = held;
        _byTime.Enqueue(held, due.UtcTicks);
    }

    /// <summary>Takes an attempt that is not to leave any more; null when none of this execution is here.</summary>
    public AttemptRequest? Withdraw(ExecutionId execution) => _held.Remove(execution, out var held) ? held.Attempt : null;

    /// <summary>Takes what is due. What may not leave stays, until it is withdrawn.</summary>
    public void Release(DateTimeOffset now, TimeSpan elapsed, Predicate<AttemptRequest> mayLeave, Action<AttemptRequest> leave)
    {
        while (First() is { } held && Wait(held, now, elapsed) == TimeSpan.Zero)
        {
            _byTime.Dequeue();
            if (mayLeave(held.Attempt))
            {
                _held.Remove(held.Attempt.Execution);
                leave(held.Attempt);
            }
        }
    }

    /// <summary>How long until the next one is due; null when there is none.</summary>
    public TimeSpan? Wait(DateTimeOffset now, TimeSpan elapsed) => First() is { } held ? Wait(held, now, elapsed) : null;

    private static TimeSpan Wait(Held held, DateTimeOffset now, TimeSpan elapsed)
    {
        var wait = held.Due - now;
        return wait > ClaimAhead.Most ? Positive(held.Until - elapsed) : Positive(wait);
    }

    private static TimeSpan Positive(TimeSpan wait) => wait > TimeSpan.Zero ? wait : TimeSpan.Zero;

    private Held? First()
    {
        while (_byTime.TryPeek(out var first, out _))
        {
            if (_held.GetValueOrDefault(first.Attempt.Execution) == first)
            {
                return first;
            }

            _byTime.Dequeue();
        }

        return null;
    }

    private sealed class Held(AttemptRequest attempt, DateTimeOffset due, TimeSpan until)
    {
        public AttemptRequest Attempt { get; } = attempt;

        public DateTimeOffset Due { get; } = due;

        /// <summary>When its time is over by elapsed time.</summary>
        public TimeSpan Until { get; } = until;
    }
}

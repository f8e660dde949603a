namespace Chronos.Tests.Simulation;

/// <summary>Virtual time and everything that is going to happen in it, on one thread. What falls on one instant happens in the order in which it was planned.</summary>
internal sealed class World(long seed)
{
    private readonly PriorityQueue<Action, (long Ticks, long Number)> _plans = new();
    private long _number;

    /// <summary>A hundred times what happens in a common world.</summary>
    private const long Endless = 200_000;

    public static readonly DateTimeOffset Start = new(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);

    public SeededRandom Random { get; } = new(seed);

    public DateTimeOffset Now { get; private set; } = Start;

    /// <summary>How much happened; for the figures.</summary>
    public long Steps { get; private set; }

    public void After(TimeSpan wait, Action act) => At(Now + wait, act);

    public void At(DateTimeOffset at, Action act) => _plans.Enqueue(act, ((at > Now ? at : Now).Ticks, _number++));

    public void RunUntil(DateTimeOffset end)
    {
        while (_plans.TryPeek(out var act, out var at) && at.Ticks <= end.Ticks)
        {
            _plans.Dequeue();
            Now = new DateTimeOffset(at.Ticks, TimeSpan.Zero);
            if (++Steps > Endless)
            {
                throw new InvalidOperationException($"the world does not get on, it is {Now:mm:ss.fffffff}");
            }

            act();
        }

        Now = end;
    }
}

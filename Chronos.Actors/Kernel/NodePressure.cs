using Chronos.Core.Jobs.Timetabling;

namespace Chronos.Actors.Kernel;

/// <summary>
/// How many executions of this node are claimed and not ended. While more wait than a pool takes at once, who only tells of them stands
/// back: firing and its outcomes have the processors first. And when something is due next, for who may only work where nothing is.
/// </summary>
public sealed class NodePressure
{
    /// <summary>Above it executions wait for a place; a steady load with quick targets stays far below.</summary>
    private const int High = 1_500;

    private const long Never = long.MaxValue;
    private readonly int[] _inFlight = new int[TimetableNumbers.Count];
    private readonly long[] _due = [.. Enumerable.Repeat(Never, TimetableNumbers.Count)];
    private int _sum;

    public bool IsHigh => Volatile.Read(ref _sum) > High;

    /// <summary>The next instant at which something of this node is due; null when nothing is planned here.</summary>
    public DateTimeOffset? NextDue => _due.Min() is var first && first == Never ? null : new DateTimeOffset(first, TimeSpan.Zero);

    /// <summary>Told by each timetable of this node after a commit, with 0 and null when it leaves.</summary>
    public void Holds(int timetable, int inFlight, DateTimeOffset? nextDue = null)
    {
        Interlocked.Add(ref _sum, inFlight - Interlocked.Exchange(ref _inFlight[timetable], inFlight));
        Volatile.Write(ref _due[timetable], nextDue?.UtcTicks ?? Never);
    }
}

namespace Chronos.Host.Hosting;

/// <summary>
/// Whether it is worth to collect garbage now, and disturbs nobody: enough was allocated since the last collection, almost nothing since the
/// last look, and nothing is or was due about now. Under a load without pauses there is no such moment, and collections come when they must.
/// </summary>
internal sealed class QuietMoments
{
    /// <summary>Time between two looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Half of the youngest generation of one heap: a burst or two of hundreds of jobs fit in what is left.</summary>
    internal const long Worthwhile = 16L << 20;

    /// <summary>Between two looks; what an idle node allocates is a tenth of it.</summary>
    internal const long Still = 512L << 10;

    /// <summary>No slot may be nearer. Claims come 25 ms before their slot, and a pause took 60 ms at most where it was measured.</summary>
    internal static readonly TimeSpan Distance = TimeSpan.FromMilliseconds(150);

    /// <summary>The old generations, collected beside the work: what was allocated since, the time since, and how far the next slot must be.</summary>
    internal const long WorthAll = Worthwhile;
    internal static readonly TimeSpan BetweenAll = TimeSpan.FromSeconds(30);
    internal static readonly TimeSpan DistanceOfAll = TimeSpan.FromSeconds(2);

    private bool _still;
    private bool _clearForAll;
    private long _atLastAll;
    private int _collectionsOfAll;
    private DateTimeOffset _lastAll;
    private long _atLastLook;
    private long _atLastCollection;
    private int _collections;
    private DateTimeOffset? _wasNext;

    /// <param name="allocated">Bytes since the start of the process.</param>
    /// <param name="collections">Since the start of the process.</param>
    /// <param name="nextDue">What is claimed already and held for its instant is not in it; it was in that of the last look.</param>
    public bool IsNow(long allocated, int collections, DateTimeOffset now, DateTimeOffset? nextDue)
    {
        if (collections != _collections)
        {
            (_collections, _atLastCollection) = (collections, _atLastLook);
        }

        _still = allocated - _atLastLook < Still;
        var clear = IsFar(nextDue, now) && IsFar(_wasNext, now);
        _clearForAll = !(nextDue - now < DistanceOfAll) && !(_wasNext - now < DistanceOfAll);
        (_atLastLook, _wasNext) = (allocated, nextDue);
        return _still && clear && allocated - _atLastCollection >= Worthwhile;
    }

    /// <summary>
    /// Whether it is a moment for all generations; to be asked after <see cref="IsNow"/>. The collector sees to the old ones when memory is asked for; of a node that has
    /// become idle, where a hundred thousand entities were just put to rest, nobody asks for any.
    /// </summary>
    public bool IsNowForAll(long allocated, int collectionsOfAll, DateTimeOffset now)
    {
        if (collectionsOfAll != _collectionsOfAll)
        {
            (_collectionsOfAll, _atLastAll, _lastAll) = (collectionsOfAll, allocated, now);
        }

        return _still && now - _lastAll >= BetweenAll && allocated - _atLastAll >= WorthAll && _clearForAll;
    }

    private static bool IsFar(DateTimeOffset? due, DateTimeOffset now) => due is not { } at || at - now > Distance || now - at > Distance;
}

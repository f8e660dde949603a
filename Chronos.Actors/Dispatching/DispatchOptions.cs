namespace Chronos.Actors.Dispatching;

/// <summary>How much a node dispatches at once, over each protocol, and how long it waits for what.</summary>
public sealed record DispatchOptions
{
    /// <summary>Workers of a pool. They share out the work of preparing a request; the network does not hold them.</summary>
    public int Workers { get; init; } = 8;

    /// <summary>Attempts in flight per worker. Times <see cref="Workers"/> is what the pool takes before it refuses.</summary>
    public int ConcurrencyPerWorker { get; init; } = 128;

    /// <summary>How many times what is free one target may have; see <see cref="Chronos.Core.Dispatching.Limits.AdmissionOptions"/>.</summary>
    public double TargetShare { get; init; } = 3;

    /// <summary>How often an outcome is told again while its timetable does not answer.</summary>
    public TimeSpan ReportInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The same on a node that stops: all its timetables stand still until the last outcome is noted, and one that was on its way to a timetable that moved
    /// in that moment is lost.
    /// </summary>
    public TimeSpan LastReportInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long running attempts may go on when the node stops. Below the 5 s of a phase of the shutdown.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Under which address targets reach the API of this node; null while nobody knows.</summary>
    public Func<Uri?> Callbacks { get; init; } = static () => null;

    public int Capacity => Workers * ConcurrencyPerWorker;
}

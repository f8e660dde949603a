using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Projections;

namespace Chronos.Actors.Projections;

/// <summary>Where one projection stands, on the runner's thread.</summary>
internal sealed class ProjectionTrack(IProjection projection)
{
    public IProjection Projection { get; } = projection;

    public string Name { get; } = projection.Name;

    public long Offset { get; set; }

    public ProjectionState State { get; set; } = ProjectionState.Rebuilding;

    public string? Error { get; set; }

    /// <summary>Time of the oldest entry that is not folded, or since when the journal cannot be read; null when there is nothing to fold.</summary>
    public DateTimeOffset? BehindSince { get; set; }

    public bool Stopped => State == ProjectionState.Stopped;

    public void CaughtUp()
    {
        State = ProjectionState.Following;
        Error = null;
        BehindSince = null;
    }

    /// <summary>When an event happened, if it says so.</summary>
    public static DateTimeOffset? TimeOf(JournalEntry entry) => entry.Event switch
    {
        TimetableBatch batch => batch.At,
        IJobEvent fact => fact.At,
        IKeyRingEvent fact => fact.At,
        _ => null,
    };
}

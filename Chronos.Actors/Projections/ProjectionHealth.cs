namespace Chronos.Actors.Projections;

/// <summary>What a projection is doing.</summary>
public enum ProjectionState
{
    /// <summary>Follows the journal.</summary>
    Following,

    /// <summary>Far behind, because its model is new: lists are incomplete.</summary>
    Rebuilding,

    /// <summary>The journal cannot be read at present; it goes on when that works again.</summary>
    Waiting,

    /// <summary>Stopped at an event that it cannot fold. Nothing is skipped: it stays here until it is rebuilt or the software is mended.</summary>
    Stopped,
}

/// <summary>Where a projection stands.</summary>
/// <param name="Offset">Ordering of the last entry in its model.</param>
/// <param name="LagEntries">How far the journal is ahead, in orderings.</param>
/// <param name="LagSeconds">Age of the oldest entry that it has not folded; 0 when there is none.</param>
public sealed record ProjectionHealth(string Name, ProjectionState State, long Offset, long LagEntries, double LagSeconds, string? Error)
{
    /// <summary>True when readers may trust the model apart from its lag.</summary>
    public bool Ready => State == ProjectionState.Following;
}

namespace Chronos.Actors.Journal;

/// <summary>Why this node could not use the journal.</summary>
/// <param name="Reason">For operators; it holds no secret.</param>
public sealed record JournalTrouble(string Reason, DateTimeOffset At);

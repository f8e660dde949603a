using System.Data.Common;

namespace Chronos.Core.Projections;

/// <summary>One journaled event with its place.</summary>
/// <param name="Ordering">Its place in the whole journal; rises, may have gaps.</param>
public sealed record JournalEntry(long Ordering, string PersistenceId, long SequenceNr, string Manifest, object Event);

/// <summary>
/// The port of the kind Projection: what readers see, as a fold over the journal. Its model and its offset change in one
/// transaction, and it can be dropped and rebuilt at any time.
/// </summary>
public interface IProjection
{
    /// <summary>Stable name: key of the offset, label of the lag metric.</summary>
    string Name { get; }

    /// <summary>Rises when the tables change shape; a stored lower number makes the runner drop and rebuild the model.</summary>
    int ModelVersion { get; }

    /// <summary>Drops whatever is there and makes empty tables.</summary>
    void Reset(DbConnection connection, DbTransaction transaction);

    /// <summary>Folds events, in order, inside the runner's transaction. Ignores types that it does not know.</summary>
    void Apply(IReadOnlyList<JournalEntry> entries, DbConnection connection, DbTransaction transaction);
}

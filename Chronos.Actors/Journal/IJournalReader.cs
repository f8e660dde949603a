using Chronos.Core.Projections;

namespace Chronos.Actors.Journal;

/// <summary>Reads the journal as one ordered stream, for projections and reactors.</summary>
public interface IJournalReader
{
    /// <summary>Up to <paramref name="max"/> entries with an ordering above <paramref name="after"/>, in order. An event that cannot be read stops the process that asked with its place named; it is never skipped.</summary>
    IReadOnlyList<JournalEntry> Read(long after, int max);

    /// <summary>The ordering of the newest entry; 0 when the journal is empty.</summary>
    long Highest();
}

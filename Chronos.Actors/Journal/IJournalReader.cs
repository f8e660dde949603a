using Chronos.Core.Projections;

namespace Chronos.Actors.Journal;

/// <summary>Reads the journal as one ordered stream, for projections and reactors.</summary>
public interface IJournalReader
{
    /// <summary>Up to <paramref name="max"/> entries with an ordering above <paramref name="after"/>, in order; fewer, but never none, where they are large. An event that cannot be read stops the process that asked with its place named; it is never skipped.</summary>
    IReadOnlyList<JournalEntry> Read(long after, int max);

    /// <summary>The ordering of the newest entry; 0 when the journal is empty.</summary>
    long Highest();

    /// <summary>Like <see cref="Read"/>, but only entries of streams whose persistence id begins with <paramref name="prefix"/>.</summary>
    /// <remarks>As it stands it looks through every entry; a reader over an index does better.</remarks>
    JournalSlice ReadStreams(string prefix, long after, int max)
    {
        var entries = Read(after, max);
        return new JournalSlice(
            [.. entries.Where(e => e.PersistenceId.StartsWith(prefix, StringComparison.Ordinal))], entries.Count == 0 ? after : entries[^1].Ordering);
    }
}

/// <summary>Entries of some streams.</summary>
/// <param name="Reached">The ordering up to which there are no others of them; where to go on. Equal to where it began: nothing is left.</param>
public sealed record JournalSlice(IReadOnlyList<JournalEntry> Entries, long Reached);

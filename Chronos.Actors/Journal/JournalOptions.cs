namespace Chronos.Actors.Journal;

/// <summary>What an acknowledged write survives.</summary>
public enum Durability
{
    /// <summary>A power cut: every commit waits for the disk.</summary>
    Full,

    /// <summary>The death of every process, but after a power cut the last commits may be gone (in order, never with a hole).</summary>
    Relaxed,
}

/// <summary>Where the journal lives and how hard it holds on.</summary>
/// <param name="DataFolder">The node's data folder; without <see cref="Postgres"/> the journal is <c>journal.db</c> in it. Made when missing.</param>
/// <param name="Pulse">Beaten after each commit, so that the readers of this node need not poll.</param>
public sealed record JournalOptions(string DataFolder, Durability Durability, JournalPulse Pulse)
{
    /// <summary>Keeps the writers of the file apart: journal, snapshots, retention.</summary>
    private WriteGate Gate { get; } = new();

    /// <summary>The PostgreSQL database of the journal; absent: the SQLite file.</summary>
    public PostgresAddress? Postgres { get; init; }

    /// <summary>The file, or the database, with its settings.</summary>
    public JournalDatabase Database => Postgres is { } address ? new PostgresJournalDatabase(address, Durability) : new SqliteJournalDatabase(File, Durability, Gate);

    /// <summary>Where the ordered reader of this node finds what was just committed; absent: it reads everything from the tables.</summary>
    public JournalTail? Tail { get; init; }

    /// <summary>Stamps the rows.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The file of the journal on SQLite.</summary>
    public string File => Path.Combine(Path.GetFullPath(DataFolder), "journal.db");
}

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
/// <param name="DataFolder">The node's data folder; the journal is <c>journal.db</c> in it. Made when missing.</param>
/// <param name="Pulse">Beaten after each commit, so that the readers of this node need not poll.</param>
public sealed record JournalOptions(string DataFolder, Durability Durability, JournalPulse Pulse)
{
    /// <summary>The file with its settings.</summary>
    public JournalDatabase Database => new(File, Durability);

    /// <summary>Keeps the writers of the file apart: journal, snapshots, retention.</summary>
    public WriteGate Gate { get; } = new();

    /// <summary>Stamps the rows.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public string File => Path.Combine(Path.GetFullPath(DataFolder), "journal.db");
}

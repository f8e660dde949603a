using Microsoft.Data.Sqlite;

namespace Chronos.Actors.Journal;

/// <summary>The file of the journal cannot be used. Nothing was changed; the message names the file.</summary>
public sealed class JournalDamagedException(string file, string reason, Exception? inner)
    : IOException($"the journal {file} is not usable: {reason}", inner)
{
    public string File { get; } = file;
}

/// <summary>Somebody else has already stored this sequence number: the writer is stale and must stop. Nothing of the write was stored.</summary>
public sealed class JournalFencedException(string persistenceId, long sequenceNr, Exception inner)
    : InvalidOperationException($"another writer has stored {persistenceId} from #{sequenceNr} on", inner)
{
    public string PersistenceId { get; } = persistenceId;
}

/// <summary>More writes wait than the queue holds. Nothing of the write was stored.</summary>
public sealed class JournalFullException(int capacity) : InvalidOperationException($"the journal has {capacity} writes waiting; this one was refused");

/// <summary>A stored event cannot be read; the message names its place. It is never skipped.</summary>
public sealed class JournalReadException(string persistenceId, long sequenceNr, long ordering, string manifest, string reason, Exception? inner)
    : IOException($"the event {persistenceId} #{sequenceNr} (ordering {ordering}, manifest '{manifest}') cannot be read: {reason}", inner)
{
    public string PersistenceId { get; } = persistenceId;

    public long SequenceNr { get; } = sequenceNr;

    public long Ordering { get; } = ordering;
}

internal static class SqliteErrors
{
    private const int Corrupt = 11;
    private const int Constraint = 19;
    private const int TooBig = 18;
    private const int NotADatabase = 26;

    /// <summary>Whether one row is to blame and its neighbours can be stored without it.</summary>
    public static bool IsOfOneWrite(this SqliteException e) => e.SqliteErrorCode is Constraint or TooBig;

    public static bool IsFence(this SqliteException e) => e.SqliteErrorCode == Constraint;

    /// <summary>Names the file where the error is the file's.</summary>
    public static Exception Explain(this SqliteException e, JournalDatabase database) =>
        e.SqliteErrorCode is Corrupt or NotADatabase ? new JournalDamagedException(database.File, e.Message, e) : e;
}

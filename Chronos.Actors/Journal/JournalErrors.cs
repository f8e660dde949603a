namespace Chronos.Actors.Journal;

/// <summary>The journal is there and cannot be used. Nothing was changed; the message names its file, or its host and database.</summary>
public sealed class JournalDamagedException(string database, string reason, Exception? inner)
    : IOException($"the journal {database} is not usable: {reason}", inner)
{
    public string Database { get; } = database;
}

/// <summary>The server of the journal does not answer, or does not let us in. The message names it, and no secret.</summary>
public sealed class JournalUnreachableException(string database, string reason, Exception? inner)
    : IOException($"the journal {database} cannot be reached: {reason}", inner);

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

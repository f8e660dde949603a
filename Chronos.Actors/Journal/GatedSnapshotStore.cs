using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Akka.Configuration;
using Akka.Event;
using Akka.Persistence;
using Akka.Persistence.Sql.Snapshot;

namespace Chronos.Actors.Journal;

/// <summary>
/// The snapshot store of Akka.Persistence.Sql with plain queries of its own, which wait their turn at the file: a snapshot and a commit never meet inside SQLite.
/// Serializes before its turn, so that a large snapshot holds up commits only for as long as the disk needs. PostgreSQL needs no
/// turns.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphores hold nothing to give back; a load or a save may still release one after the actor has stopped")]
public sealed class GatedSnapshotStore : SqlSnapshotStore
{
    private const string SaveSql =
        """
        INSERT INTO snapshot (persistence_id, sequence_number, created, snapshot, manifest, serializer_id)
        VALUES (@id, @sequence_number, @created, @snapshot, @manifest, @serializer)
        ON CONFLICT (persistence_id, sequence_number) DO UPDATE
        SET created = excluded.created, snapshot = excluded.snapshot, manifest = excluded.manifest, serializer_id = excluded.serializer_id
        """;

    /// <summary>The stock class has its queries built and compiled when they are first used, 140 ms inside the transaction of the first deletion, which no commit can pass.</summary>
    private const string DeleteSql =
        """
        DELETE FROM snapshot
        WHERE persistence_id = @id AND sequence_number BETWEEN @from AND @to AND created BETWEEN @after AND @before
        """;

    /// <summary>Whether a stream can be replayed without a snapshot.</summary>
    private const string OldestSql = "SELECT min(sequence_number) FROM journal WHERE persistence_id = @id AND deleted = FALSE";

    private const string LoadSql =
        """
        SELECT sequence_number, created, snapshot, manifest, serializer_id FROM snapshot
        WHERE persistence_id = @id AND sequence_number BETWEEN @from AND @to AND created BETWEEN @after AND @before
        ORDER BY sequence_number DESC LIMIT 1
        """;

    /// <summary>Reading a large snapshot is work for a processor: as many at once as there are, and none inside the actor, which would take them one by one.</summary>
    private readonly SemaphoreSlim _loads = new(Math.Clamp(Environment.ProcessorCount, 2, 4));

    /// <summary>Each save has a connection of its own, and timetables under one load come to their snapshots in one moment: all at once would be much of what a server allows.</summary>
    private readonly SemaphoreSlim _saves = new(4);
    private readonly JournalSetup _setup;
    private readonly EventCodec _codec;
    private readonly ILoggingAdapter _log;

    public GatedSnapshotStore(Config config)
        : base(config)
    {
        _setup = JournalSetup.Of(Context.System);
        _codec = new EventCodec(Context.System.Serialization);
        _log = Logging.GetLogger(Context.System, this);
    }

    /// <summary>
    /// The newest snapshot that can be read of those that the criteria allow; null when there is none, or none can be read and the journal still
    /// has every event: then all are replayed.
    /// </summary>
    /// <exception cref="JournalReadException">There is one, none can be read, and the journal alone does not do.</exception>
    protected override async Task<SelectedSnapshot?> LoadAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken)
    {
        await _loads.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            var connection = await _setup.Database.OpenAsync(cancellationToken).ConfigureAwait(false);
            await using var _ = connection.ConfigureAwait(false);
            for (JournalReadException? damage = null; ;)
            {
                if (await NewestAsync(connection, persistenceId, criteria, cancellationToken).ConfigureAwait(false) is not { } stored)
                {
                    return damage is null || await IsWholeAsync(connection, persistenceId, cancellationToken).ConfigureAwait(false) ? null : throw damage;
                }

                try
                {
                    return new SelectedSnapshot(stored.Metadata, _codec.ReadSnapshot(persistenceId, stored.Metadata.SequenceNr, stored.Payload));
                }
                catch (JournalReadException e)
                {
                    _log.Error(e, "{0} cannot be read; an older one is tried, or the journal alone", e.Message);
                    damage ??= e;
                    criteria = new SnapshotSelectionCriteria(stored.Metadata.SequenceNr - 1, criteria.MaxTimeStamp, criteria.MinSequenceNr, criteria.MinTimestamp);
                }
            }
        }
        catch (DbException e)
        {
            throw _setup.Database.Explain(e);
        }
        finally
        {
            _loads.Release();
        }
    }

    private static async Task<(SnapshotMetadata Metadata, Payload Payload)?> NewestAsync(
        DbConnection connection, string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken)
    {
        using var command = Matching(connection, LoadSql, persistenceId, criteria);
        using var rows = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        if (!await rows.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        var (sequenceNr, created, manifest) = (rows.GetInt64(0), rows.GetInt64(1), rows.IsDBNull(3) ? string.Empty : rows.GetString(3));
        return (
            new SnapshotMetadata(persistenceId, sequenceNr, new DateTime(created, DateTimeKind.Utc)),
            new Payload(rows.GetFieldValue<byte[]>(2), manifest, rows.IsDBNull(4) ? 0 : rows.GetInt32(4)));
    }

    private static async Task<bool> IsWholeAsync(DbConnection connection, string persistenceId, CancellationToken cancellationToken)
    {
        using var command = connection.Command(OldestSql, ("@id", persistenceId));
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is 1L;
    }

    protected override async Task SaveAsync(SnapshotMetadata metadata, object snapshot, CancellationToken cancellationToken)
    {
        // Never inside the actor: a connection that takes its time would hold up whoever recovers.
        await _saves.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await SaveInTurnAsync(metadata, snapshot, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _saves.Release();
        }
    }

    private async Task SaveInTurnAsync(SnapshotMetadata metadata, object snapshot, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var payload = _codec.Write(snapshot);
        var spent = Stopwatch.GetElapsedTime(began);
        using var turn = await _setup.Database.Gate.EnterAsync(cancellationToken).ConfigureAwait(false);
        began = Stopwatch.GetTimestamp();
        try
        {
            var connection = await _setup.Database.OpenAsync(cancellationToken).ConfigureAwait(false);
            await using var _ = connection.ConfigureAwait(false);
            using var command = connection.Command(
                SaveSql,
                ("@id", metadata.PersistenceId),
                ("@sequence_number", metadata.SequenceNr),
                ("@created", metadata.Timestamp.Ticks),
                ("@snapshot", payload.Bytes),
                ("@manifest", payload.Manifest),
                ("@serializer", payload.Serializer));
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            JournalMetrics.SnapshotBytes.Add(payload.Bytes.Length);
            JournalMetrics.SnapshotSeconds.Record((spent + Stopwatch.GetElapsedTime(began)).TotalSeconds);
        }
        catch (DbException e)
        {
            throw _setup.Database.Explain(e);
        }
    }

    /// <summary>The one of that number; of any time, as in the stock class.</summary>
    protected override Task DeleteAsync(SnapshotMetadata metadata, CancellationToken cancellationToken) =>
        DeleteAsync(metadata.PersistenceId, new SnapshotSelectionCriteria(metadata.SequenceNr, DateTime.MaxValue, metadata.SequenceNr), cancellationToken);

    protected override async Task DeleteAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken)
    {
        using var turn = await _setup.Database.Gate.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var connection = await _setup.Database.OpenAsync(cancellationToken).ConfigureAwait(false);
            await using var _ = connection.ConfigureAwait(false);
            using var command = Matching(connection, DeleteSql, persistenceId, criteria);
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DbException e)
        {
            throw _setup.Database.Explain(e);
        }
    }

    private static DbCommand Matching(DbConnection connection, string sql, string persistenceId, SnapshotSelectionCriteria criteria) =>
        connection.Command(
            sql,
            ("@id", persistenceId),
            ("@from", criteria.MinSequenceNr),
            ("@to", criteria.MaxSequenceNr),
            ("@after", (criteria.MinTimestamp ?? DateTime.MinValue).Ticks),
            ("@before", criteria.MaxTimeStamp.Ticks));
}

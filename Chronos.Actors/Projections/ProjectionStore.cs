using System.Collections.Immutable;
using System.Data.Common;
using Chronos.Core.Projections;
using Microsoft.Extensions.Logging;

namespace Chronos.Actors.Projections;

/// <summary>The writer of the read database: offsets beside the models, in the same transactions.</summary>
internal sealed class ProjectionStore
{
    public const int MaxChunk = 1_000;
    private const int MinChunk = 16;

    /// <summary>The row of the offsets that is no projection: it holds the fingerprint of the tables.</summary>
    private const string SchemaRow = "";

    private static readonly string SaveOffset =
        Sql.Upsert("projection_offsets", "name, ordering, model_version", "name", Sql.Values("name, ordering, model_version"));

    private readonly ReadDatabase _database;
    private readonly ILogger _log;

    public ProjectionStore(ReadDatabase database, DbConnection connection, ILogger log)
    {
        _database = database;
        Connection = connection;
        _log = log;
    }

    public DbConnection Connection { get; }

    /// <summary>Batches differ a thousandfold in size: a transaction aims at a tenth of a second or so, whatever is in them.</summary>
    public static int NextChunk(int chunk, TimeSpan took) => took.TotalMilliseconds switch
    {
        > 400 => Math.Max(MinChunk, chunk / 2),
        < 100 => Math.Min(MaxChunk, chunk * 2),
        _ => chunk,
    };

    /// <summary>Reads the offsets; a model that is missing, of another version or ahead of the journal is emptied.</summary>
    public void Prepare(ImmutableArray<ProjectionTrack> tracks, long highest)
    {
        Sql.Execute(
            Connection, Schemas.For(Connection, "CREATE TABLE IF NOT EXISTS projection_offsets (name TEXT PRIMARY KEY, ordering INTEGER NOT NULL, model_version INTEGER NOT NULL) WITHOUT ROWID"));
        if (Find(SchemaRow) is { } known && _database.Fingerprint(Connection, null) is { } found && known.Ordering != found)
        {
            throw new DamagedReadModelException("its tables are not those that it was closed with");
        }

        foreach (var track in tracks)
        {
            track.State = ProjectionState.Rebuilding;
            track.Error = null;
            if (Find(track.Name) is not { } stored)
            {
                _log.LogInformation("The projection {Projection} has no model yet; it is made from the journal ({Entries} entries)", track.Name, highest);
                Reset(track);
            }
            else if (stored.Version != track.Projection.ModelVersion)
            {
                _log.LogInformation(
                    "The projection {Projection} has a model of version {Found}, this build writes {Wanted}; it is rebuilt from the journal",
                    track.Name, stored.Version, track.Projection.ModelVersion);
                Reset(track);
            }
            else if (stored.Ordering > highest)
            {
                _log.LogWarning(
                    "The projection {Projection} is at {Offset} but the journal ends at {Highest}: it is the model of another journal, and is rebuilt",
                    track.Name, stored.Ordering, highest);
                Reset(track);
            }
            else
            {
                track.Offset = stored.Ordering;
            }
        }
    }

    public void Reset(ProjectionTrack track)
    {
        using var transaction = Connection.BeginTransaction();
        track.Projection.Reset(Connection, transaction);
        Save(track.Name, 0, track.Projection.ModelVersion, transaction);
        if (_database.Fingerprint(Connection, transaction) is { } fingerprint)
        {
            Save(SchemaRow, fingerprint, 0, transaction);
        }

        transaction.Commit();
        track.Offset = 0;
        track.State = ProjectionState.Rebuilding;
        track.Error = null;
        track.BehindSince = null;
    }

    /// <summary>Folds a chunk into the models of a group that stands at the same place. One that cannot fold an event stops there; the others go on.</summary>
    public void Fold(ImmutableArray<ProjectionTrack> group, IReadOnlyList<JournalEntry> entries)
    {
        try
        {
            FoldTogether(group, entries);
        }
        catch (Exception e) when (!(_database.IsDamage(e) || _database.IsPassing(e)))
        {
            foreach (var track in group)
            {
                FoldAlone(track, entries);
            }
        }
    }

    /// <summary>Runs work of others (retention) in a transaction on the writer.</summary>
    public T InTransaction<T>(Func<DbConnection, DbTransaction, T> work)
    {
        using var transaction = Connection.BeginTransaction();
        var result = work(Connection, transaction);
        transaction.Commit();
        return result;
    }

    private void FoldTogether(ImmutableArray<ProjectionTrack> group, IReadOnlyList<JournalEntry> entries)
    {
        var last = entries[^1].Ordering;
        using var transaction = Connection.BeginTransaction();
        foreach (var track in group)
        {
            track.Projection.Apply(entries, Connection, transaction);
            Save(track.Name, last, track.Projection.ModelVersion, transaction);
        }

        transaction.Commit();
        foreach (var track in group)
        {
            track.Offset = last;
        }
    }

    /// <summary>Finds the event that does not fold: entry by entry, each in its own transaction.</summary>
    private void FoldAlone(ProjectionTrack track, IReadOnlyList<JournalEntry> entries)
    {
        foreach (var entry in entries)
        {
            try
            {
                FoldTogether([track], [entry]);
            }
            catch (Exception e) when (!(_database.IsDamage(e) || _database.IsPassing(e)))
            {
                track.State = ProjectionState.Stopped;
                track.Error = $"cannot fold {entry.Manifest} of {entry.PersistenceId}, number {entry.SequenceNr}, ordering {entry.Ordering}: {e.Message}";
                track.BehindSince = ProjectionTrack.TimeOf(entry) ?? track.BehindSince;
                _log.LogError(
                    e, "The projection {Projection} stopped at ordering {Ordering}: it cannot fold {Manifest} of {PersistenceId}, number {SequenceNr}",
                    track.Name, entry.Ordering, entry.Manifest, entry.PersistenceId, entry.SequenceNr);
                return;
            }
        }
    }

    private (long Ordering, int Version)? Find(string name)
    {
        using var command = Sql.Command(Connection, "SELECT ordering, model_version FROM projection_offsets WHERE name=$name");
        command.Bind("$name", name);
        using var reader = command.ExecuteReader();
        return reader.Read() ? (reader.GetInt64(0), reader.GetInt32(1)) : null;
    }

    private void Save(string name, long ordering, int version, DbTransaction transaction)
    {
        using var command = Sql.Command(Connection, SaveOffset);
        command.Transaction = transaction;
        command.Bind("$name", name);
        command.Bind("$ordering", ordering);
        command.Bind("$model_version", version);
        command.ExecuteNonQuery();
    }
}

using Akka.Persistence;
using Microsoft.Data.Sqlite;

namespace Chronos.Actors.Journal;

/// <summary>A connection for recoveries, with its two prepared queries. Used by one thread at a time.</summary>
internal sealed class ReadSession : IDisposable
{
    private const string HighestSql =
        "SELECT sequence_number FROM journal WHERE persistence_id = @id ORDER BY sequence_number DESC LIMIT 1";

    private const string ReplaySql =
        """
        SELECT ordering, created, sequence_number, message, manifest, identifier, writer_uuid FROM journal
        WHERE persistence_id = @id AND sequence_number BETWEEN @from AND @to AND deleted = 0 ORDER BY sequence_number LIMIT @max
        """;

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _highest;
    private readonly SqliteParameter _highestId;
    private readonly SqliteCommand _replay;
    private readonly SqliteParameter _id;
    private readonly SqliteParameter _from;
    private readonly SqliteParameter _to;
    private readonly SqliteParameter _max;

    public ReadSession(JournalDatabase database)
    {
        _connection = database.OpenOwn();
        _highest = _connection.CreateCommand();
        _highest.CommandText = HighestSql;
        _highestId = _highest.Parameters.Add("@id", SqliteType.Text);
        _replay = _connection.CreateCommand();
        _replay.CommandText = ReplaySql;
        _id = _replay.Parameters.Add("@id", SqliteType.Text);
        _from = _replay.Parameters.Add("@from", SqliteType.Integer);
        _to = _replay.Parameters.Add("@to", SqliteType.Integer);
        _max = _replay.Parameters.Add("@max", SqliteType.Integer);
    }

    /// <summary>The highest sequence number ever stored for the id; deletion keeps its row. 0 when there is none.</summary>
    public long HighestSequenceNr(string persistenceId)
    {
        _highestId.Value = persistenceId;
        return _highest.ExecuteScalar() is long highest ? highest : 0;
    }

    public void Replay(ReplayRange range, EventCodec codec, Action<IPersistentRepresentation> each)
    {
        _id.Value = range.PersistenceId;
        _from.Value = range.From;
        _to.Value = range.To;
        _max.Value = range.Max;
        using var rows = _replay.ExecuteReader();
        while (rows.Read())
        {
            var ordering = rows.GetInt64(0);
            var manifest = rows.IsDBNull(4) ? string.Empty : rows.GetString(4);
            if (rows.IsDBNull(5))
            {
                throw new JournalReadException(range.PersistenceId, rows.GetInt64(2), ordering, manifest, "it names no serializer", null);
            }

            each(codec.Read(ordering, new JournalRow(
                rows.GetInt64(1),
                range.PersistenceId,
                rows.GetInt64(2),
                rows.GetFieldValue<byte[]>(3),
                manifest,
                rows.GetInt32(5),
                rows.IsDBNull(6) ? null : rows.GetString(6))));
        }
    }

    public void Dispose()
    {
        _highest.Dispose();
        _replay.Dispose();
        _connection.Dispose();
    }
}

/// <summary>Which events of one persistent actor to replay, both ends included.</summary>
internal readonly record struct ReplayRange(string PersistenceId, long From, long To, long Max);

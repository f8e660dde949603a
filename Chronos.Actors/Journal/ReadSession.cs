using System.Data;
using System.Data.Common;
using Akka.Persistence;

namespace Chronos.Actors.Journal;

/// <summary>A connection for recoveries, with its two prepared queries. Used by one thread at a time.</summary>
internal sealed class ReadSession : IDisposable
{
    private const string HighestSql =
        "SELECT sequence_number FROM journal WHERE persistence_id = @id ORDER BY sequence_number DESC LIMIT 1";

    private const string ReplaySql =
        """
        SELECT ordering, created, sequence_number, message, manifest, identifier, writer_uuid FROM journal
        WHERE persistence_id = @id AND sequence_number BETWEEN @from AND @to AND deleted = FALSE ORDER BY sequence_number LIMIT @max
        """;

    private readonly DbConnection _connection;
    private readonly DbCommand _highest;
    private readonly DbParameter _highestId;
    private readonly DbCommand _replay;
    private readonly DbParameter _id;
    private readonly DbParameter _from;
    private readonly DbParameter _to;
    private readonly DbParameter _max;

    public ReadSession(JournalDatabase database)
    {
        _connection = database.OpenPrompt();
        _highest = _connection.Command(HighestSql);
        _highestId = Parameter(_highest, "@id", DbType.String);
        _replay = _connection.Command(ReplaySql);
        _id = Parameter(_replay, "@id", DbType.String);
        _from = Parameter(_replay, "@from", DbType.Int64);
        _to = Parameter(_replay, "@to", DbType.Int64);
        _max = Parameter(_replay, "@max", DbType.Int64);
        _highest.Prepare();
        _replay.Prepare();
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

    private static DbParameter Parameter(DbCommand command, string name, DbType type)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.DbType) = (name, type);
        command.Parameters.Add(parameter);
        return parameter;
    }
}

/// <summary>Which events of one persistent actor to replay, both ends included.</summary>
internal readonly record struct ReplayRange(string PersistenceId, long From, long To, long Max);

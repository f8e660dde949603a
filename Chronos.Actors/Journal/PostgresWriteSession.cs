using Npgsql;
using NpgsqlTypes;

namespace Chronos.Actors.Journal;

/// <summary>
/// The writer's connection to PostgreSQL. A whole batch is one prepared statement with an array for each column, and so one
/// round trip: the statement is its own transaction.
/// </summary>
internal sealed class PostgresWriteSession : IWriteSession
{
    private const string InsertSql =
        """
        INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
        SELECT created, FALSE, persistence_id, sequence_number, message, manifest, identifier, writer_uuid
        FROM unnest($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY
            AS batch (created, persistence_id, sequence_number, message, manifest, identifier, writer_uuid, place)
        ORDER BY place
        """;

    private readonly PostgresJournalDatabase _database;
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _insert;
    private readonly List<JournalRow> _rows = [];
    private NpgsqlTransaction? _transaction;

    public PostgresWriteSession(PostgresJournalDatabase database)
    {
        _database = database;
        _connection = database.OpenOwn();
        _insert = new NpgsqlCommand(InsertSql, _connection);
        foreach (var type in new[] { NpgsqlDbType.Bigint, NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Bytea, NpgsqlDbType.Text, NpgsqlDbType.Integer, NpgsqlDbType.Text })
        {
            _insert.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type | NpgsqlDbType.Array });
        }

        _insert.Prepare();
    }

    public void Begin() => _rows.Clear();

    public void Insert(JournalWrite write) => _rows.AddRange(write.Rows);

    public void InsertAlone(JournalWrite write)
    {
        _transaction ??= _connection.BeginTransaction();
        _transaction.Save("one");
        _rows.Clear();
        _rows.AddRange(write.Rows);
        try
        {
            Send();
        }
        catch (PostgresException e) when (_database.IsOfOneWrite(e))
        {
            _transaction.Rollback("one");
            throw;
        }

        _transaction.Release("one");
    }

    public void Commit()
    {
        if (_transaction is null)
        {
            Send();
            return;
        }

        _transaction.Commit();
        EndTransaction();
    }

    /// <summary>The one statement has undone itself; only writes that are stored one by one have a transaction.</summary>
    public void Rollback()
    {
        _rows.Clear();
        _transaction?.Rollback();
        EndTransaction();
    }

    public void Dispose()
    {
        EndTransaction();
        _insert.Dispose();
        _connection.Dispose();
    }

    private void Send()
    {
        Set(0, r => r.Created);
        Set(1, r => r.PersistenceId);
        Set(2, r => r.SequenceNr);
        Set(3, r => r.Message);
        Set(4, r => r.Manifest);
        Set(5, r => r.Serializer);
        Set(6, r => r.Writer);
        _insert.ExecuteNonQuery();
    }

    private void Set<T>(int place, Func<JournalRow, T> column)
    {
        var values = new T[_rows.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = column(_rows[i]);
        }

        _insert.Parameters[place].Value = values;
    }

    private void EndTransaction()
    {
        _transaction?.Dispose();
        _transaction = null;
    }
}

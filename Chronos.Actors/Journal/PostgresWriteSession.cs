using System.Diagnostics;
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

    /// <summary>After so long without a write the connection is asked whether it still lives: a lost one must not cost a write.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    private readonly PostgresJournalDatabase _database;
    private readonly List<JournalRow> _rows = [];
    private NpgsqlConnection _connection;
    private NpgsqlCommand _insert;
    private long _used = Stopwatch.GetTimestamp();
    private NpgsqlTransaction? _transaction;

    public PostgresWriteSession(PostgresJournalDatabase database)
    {
        _database = database;
        (_connection, _insert) = Connect(database);
    }

    public void Begin()
    {
        _rows.Clear();
        if (Stopwatch.GetElapsedTime(_used) > Idle && !IsAlive())
        {
            var (connection, insert) = Connect(_database);
            Close();
            (_connection, _insert) = (connection, insert);
        }
    }

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

    /// <summary>The server looks after its own log.</summary>
    public void Rest()
    {
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
        Close();
    }

    private static (NpgsqlConnection Connection, NpgsqlCommand Insert) Connect(PostgresJournalDatabase database)
    {
        var connection = database.OpenPrompt();
        var insert = new NpgsqlCommand(InsertSql, connection);
        foreach (var type in new[] { NpgsqlDbType.Bigint, NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Bytea, NpgsqlDbType.Text, NpgsqlDbType.Integer, NpgsqlDbType.Text })
        {
            insert.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type | NpgsqlDbType.Array });
        }

        insert.Prepare();
        return (connection, insert);
    }

    private bool IsAlive()
    {
        try
        {
            _connection.Execute("SELECT 1");
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or IOException)
        {
            return false;
        }
    }

    private void Close()
    {
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
        _used = Stopwatch.GetTimestamp();
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

using Microsoft.Data.Sqlite;

namespace Chronos.Actors.Journal;

/// <summary>The writer's connection to SQLite with its prepared statements.</summary>
internal sealed class SqliteWriteSession : IWriteSession
{
    private const string InsertSql =
        """
        INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
        VALUES (@created, 0, @persistence_id, @sequence_number, @message, @manifest, @identifier, @writer_uuid)
        """;

    private readonly SqliteJournalDatabase _database;
    private readonly SqliteConnection _connection;
    private readonly List<SqliteCommand> _commands = [];
    private readonly SqliteCommand _begin;
    private readonly SqliteCommand _commit;
    private readonly SqliteCommand _rollback;
    private readonly SqliteCommand _savepoint;
    private readonly SqliteCommand _undo;
    private readonly SqliteCommand _release;
    private readonly SqliteCommand _insert;
    private readonly SqliteParameter _created;
    private readonly SqliteParameter _persistenceId;
    private readonly SqliteParameter _sequenceNr;
    private readonly SqliteParameter _message;
    private readonly SqliteParameter _manifest;
    private readonly SqliteParameter _serializer;
    private readonly SqliteParameter _writer;
    private readonly LogCheckpoint _checkpoint;
    private long _bytes;

    public SqliteWriteSession(SqliteJournalDatabase database)
    {
        _database = database;
        _connection = database.OpenOwn();
        _begin = Command("BEGIN IMMEDIATE");
        _commit = Command("COMMIT");
        _rollback = Command("ROLLBACK");
        _savepoint = Command("SAVEPOINT one");
        _undo = Command("ROLLBACK TO one");
        _release = Command("RELEASE one");
        _insert = Command(InsertSql);
        _created = _insert.Parameters.Add("@created", SqliteType.Integer);
        _persistenceId = _insert.Parameters.Add("@persistence_id", SqliteType.Text);
        _sequenceNr = _insert.Parameters.Add("@sequence_number", SqliteType.Integer);
        _message = _insert.Parameters.Add("@message", SqliteType.Blob);
        _manifest = _insert.Parameters.Add("@manifest", SqliteType.Text);
        _serializer = _insert.Parameters.Add("@identifier", SqliteType.Integer);
        _writer = _insert.Parameters.Add("@writer_uuid", SqliteType.Text);
        _insert.Prepare();
        _checkpoint = new LogCheckpoint(database.OpenOwn);
    }

    public void Begin()
    {
        _bytes = 0;
        _begin.ExecuteNonQuery();
    }

    public void Commit() => _commit.ExecuteNonQuery();

    public void Rollback() => _rollback.ExecuteNonQuery();

    public void Rest() => _checkpoint.Committed(_connection, _bytes);

    public void InsertAlone(JournalWrite write)
    {
        _savepoint.ExecuteNonQuery();
        try
        {
            Insert(write);
        }
        catch (SqliteException e) when (_database.IsOfOneWrite(e))
        {
            _undo.ExecuteNonQuery();
            _release.ExecuteNonQuery();
            throw;
        }

        _release.ExecuteNonQuery();
    }

    public void Insert(JournalWrite write)
    {
        foreach (var row in write.Rows)
        {
            _created.Value = row.Created;
            _persistenceId.Value = row.PersistenceId;
            _sequenceNr.Value = row.SequenceNr;
            _message.Value = row.Message;
            _manifest.Value = row.Manifest;
            _serializer.Value = row.Serializer;
            _writer.Value = (object?)row.Writer ?? DBNull.Value;
            _insert.ExecuteNonQuery();
            _bytes += row.Message.Length;
        }
    }

    public void Dispose()
    {
        _checkpoint.Dispose();
        foreach (var command in _commands)
        {
            command.Dispose();
        }

        _connection.Dispose();
    }

    private SqliteCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        _commands.Add(command);
        return command;
    }
}

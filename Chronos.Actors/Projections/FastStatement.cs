using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Chronos.Actors.Projections;

/// <summary>
/// A statement that is prepared once and bound by number, on the database itself: the driver looks each parameter up by its name again and
/// boxes each number, which costs more than the insert. It runs in the transaction of its connection.
/// </summary>
/// <remarks>To be disposed before its connection: SQLite keeps a connection with open statements alive, and with it the files.</remarks>
internal sealed class FastStatement : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly sqlite3_stmt _statement;
    private readonly int[] _places;

    /// <param name="parameters">In the order in which they are set.</param>
    public FastStatement(SqliteConnection connection, string sql, params string[] parameters)
    {
        _connection = connection;
        Check(raw.sqlite3_prepare_v2(connection.Handle!, sql, out _statement));
        _places = Array.ConvertAll(parameters, name => raw.sqlite3_bind_parameter_index(_statement, name));
    }

    public void Dispose() => _statement.Dispose();

    public void Set(int place, long value) => Check(raw.sqlite3_bind_int64(_statement, _places[place], value));

    public void Set(int place, long? value)
    {
        if (value is { } known)
        {
            Set(place, known);
        }
        else
        {
            SetNull(place);
        }
    }

    public void Set(int place, double? value)
    {
        if (value is { } known)
        {
            Check(raw.sqlite3_bind_double(_statement, _places[place], known));
        }
        else
        {
            SetNull(place);
        }
    }

    public void Set(int place, string? value)
    {
        if (value is not null)
        {
            Check(raw.sqlite3_bind_text(_statement, _places[place], value));
        }
        else
        {
            SetNull(place);
        }
    }

    public void Set(int place, ReadOnlySpan<byte> value) => Check(raw.sqlite3_bind_blob(_statement, _places[place], value));

    public void SetNull(int place) => Check(raw.sqlite3_bind_null(_statement, _places[place]));

    /// <summary>Runs it. True when it gave a row; of what is in it nothing is read.</summary>
    /// <exception cref="SqliteException">The database refused it.</exception>
    public bool Run()
    {
        var result = raw.sqlite3_step(_statement);
        if (result is not (raw.SQLITE_DONE or raw.SQLITE_ROW))
        {
            raw.sqlite3_reset(_statement);
            SqliteException.ThrowExceptionForRC(result, _connection.Handle!);
        }

        Check(raw.sqlite3_reset(_statement));
        return result == raw.SQLITE_ROW;
    }

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            SqliteException.ThrowExceptionForRC(result, _connection.Handle!);
        }
    }
}

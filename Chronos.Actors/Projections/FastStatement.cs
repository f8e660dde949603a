using System.Buffers;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Chronos.Actors.Projections;

/// <summary>
/// A statement that is prepared once and bound by number, on the database itself: the driver looks each parameter up by its name again and
/// boxes each number, which costs more than the insert. It runs in the transaction of its connection.
/// </summary>
/// <remarks>
/// To be disposed before its connection: SQLite keeps a connection with open statements alive, and with it the files. One thread uses it,
/// as long as it lives; that is what lets it speak to the library with the bare pointer.
/// </remarks>
internal sealed class FastStatement : IDisposable
{
    private const int OnStack = 512;

    private readonly SqliteConnection _connection;
    private readonly sqlite3_stmt _owner;
    private readonly nint _statement;
    private readonly int[] _places;

    /// <param name="parameters">In the order in which they are set.</param>
    public FastStatement(SqliteConnection connection, string sql, params string[] parameters)
    {
        _connection = connection;
        Check(raw.sqlite3_prepare_v2(connection.Handle!, sql, out _owner));
        _statement = _owner.DangerousGetHandle();
        _places = Array.ConvertAll(parameters, name => raw.sqlite3_bind_parameter_index(_owner, name));
    }

    /// <summary>Row id of the last insert on this connection.</summary>
    public long LastInserted => raw.sqlite3_last_insert_rowid(_connection.Handle!);

    public void Dispose() => _owner.Dispose();

    public void Set(int place, long value) => Check(SqliteNative.BindInteger(_statement, _places[place], value));

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
            Check(SqliteNative.BindReal(_statement, _places[place], known));
        }
        else
        {
            SetNull(place);
        }
    }

    public void Set(int place, string? value)
    {
        if (value is null)
        {
            SetNull(place);
            return;
        }

        var most = Encoding.UTF8.GetMaxByteCount(value.Length);
        var rented = most > OnStack ? ArrayPool<byte>.Shared.Rent(most) : null;
        Span<byte> bytes = rented is null ? stackalloc byte[OnStack] : rented;
        Check(SqliteNative.BindText(_statement, _places[place], ref bytes[0], Encoding.UTF8.GetBytes(value, bytes), SqliteNative.Copied));
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    public void Set(int place, ReadOnlySpan<byte> value) => Check(raw.sqlite3_bind_blob(_owner, _places[place], value));

    public void SetNull(int place) => Check(SqliteNative.BindNull(_statement, _places[place]));

    /// <summary>Runs it. True when it gave a row; of what is in it nothing is read.</summary>
    /// <exception cref="SqliteException">The database refused it.</exception>
    public bool Run()
    {
        var found = Step();
        Check(SqliteNative.Reset(_statement));
        return found;
    }

    /// <summary>Runs it. The first column of the row that it gives, as text; null when it gives none.</summary>
    /// <exception cref="SqliteException">The database refused it.</exception>
    public string? Text()
    {
        var text = Step() ? raw.sqlite3_column_text(_owner, 0).utf8_to_string() : null;
        Check(SqliteNative.Reset(_statement));
        return text;
    }

    private bool Step()
    {
        var result = SqliteNative.Step(_statement);
        if (result is not (raw.SQLITE_DONE or raw.SQLITE_ROW))
        {
            _ = SqliteNative.Reset(_statement);
            SqliteException.ThrowExceptionForRC(result, _connection.Handle!);
        }

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

using Microsoft.Data.Sqlite;

namespace Chronos.Actors.Journal;

/// <summary>The SQLite file of the journal: makes it, opens connections to it and says which file is meant when it is damaged.</summary>
public sealed class JournalDatabase
{
    /// <summary>How long SQLite itself waits for a lock. Above it, the driver would poll every 150 ms: its own time-out is the same.</summary>
    public static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(5);

    private readonly string _pragmas;
    private readonly string _ownConnectionString;

    public JournalDatabase(string file, Durability durability)
    {
        File = file;
        ConnectionString = Connect(file, pooling: true);
        _ownConnectionString = Connect(file, pooling: false);
        _pragmas =
            $"PRAGMA busy_timeout = {(int)BusyTimeout.TotalMilliseconds};" +
            $"PRAGMA synchronous = {(durability == Durability.Full ? "FULL" : "NORMAL")};" +
            "PRAGMA journal_size_limit = 67108864;";
    }

    public string File { get; }

    public string ConnectionString { get; }

    /// <summary>Makes the folder and the file in WAL mode when they are missing, and looks whether it is a database at all.</summary>
    /// <exception cref="JournalDamagedException">The file is there but is no usable SQLite database.</exception>
    public void Prepare()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        try
        {
            using var connection = Open();
            using var command = connection.CreateCommand();

            // Only a file without tables takes it; a file that is older than this line keeps what it has.
            command.CommandText = "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; SELECT count(*) FROM sqlite_master;";
            using var rows = command.ExecuteReader();
            rows.Read();
            if (rows.GetString(0) != "wal")
            {
                throw new JournalDamagedException(File, $"cannot use WAL, its mode is {rows.GetString(0)}", null);
            }
        }
        catch (SqliteException e)
        {
            throw new JournalDamagedException(File, e.Message, e);
        }
    }

    /// <summary>A connection with this journal's settings; pooled, so opening is cheap.</summary>
    public SqliteConnection Open() => Open(ConnectionString);

    /// <summary>A connection that is kept for long, and that really ends, with its transaction, when it is disposed.</summary>
    public SqliteConnection OpenOwn() => Open(_ownConnectionString);

    /// <summary>Sets what SQLite forgets with each connection.</summary>
    public void Configure(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = _pragmas;
        command.ExecuteNonQuery();
    }

    private static string Connect(string file, bool pooling) => new SqliteConnectionStringBuilder
    {
        DataSource = file,
        Pooling = pooling,
        DefaultTimeout = (int)BusyTimeout.TotalSeconds,
    }.ToString();

    private SqliteConnection Open(string connectionString)
    {
        var connection = new SqliteConnection(connectionString);
        try
        {
            connection.Open();
            Configure(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}

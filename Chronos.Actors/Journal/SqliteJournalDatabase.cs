using System.Data.Common;
using LinqToDB;
using Microsoft.Data.Sqlite;

namespace Chronos.Actors.Journal;

/// <summary>The SQLite file of the journal: makes it, opens connections to it and says which file is meant when it is damaged.</summary>
public sealed class SqliteJournalDatabase : JournalDatabase
{
    /// <summary>How long SQLite itself waits for a lock. Above it, the driver would poll every 150 ms: its own time-out is the same.</summary>
    public static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(5);

    private readonly string _pragmas;
    private readonly string _ownConnectionString;

    private const int Error = 1;
    private const int Corrupt = 11;
    private const int Constraint = 19;
    private const int TooBig = 18;
    private const int NotADatabase = 26;

    /// <param name="file">The file; made when missing.</param>
    /// <param name="durability">What a commit waits for.</param>
    /// <param name="gate">Keeps the writers of the file apart; shared by all that write it in this process.</param>
    internal SqliteJournalDatabase(string file, Durability durability, WriteGate gate)
    {
        File = file;
        Gate = gate;
        ConnectionString = Connect(file, pooling: true);
        _ownConnectionString = Connect(file, pooling: false);
        _pragmas =
            $"PRAGMA busy_timeout = {(int)BusyTimeout.TotalMilliseconds};" +
            $"PRAGMA synchronous = {(durability == Durability.Full ? "FULL" : "NORMAL")};" +
            $"PRAGMA wal_autocheckpoint = {LogCheckpoint.AtLatest};" +
            "PRAGMA journal_size_limit = 67108864;";
    }

    public string File { get; }

    public override string Name => File;

    internal override string Provider => ProviderName.SQLiteMS;

    internal override string ConnectionString { get; }

    internal override WriteGate Gate { get; }

    internal override string TrimSnapshotsSql =>
        """
        DELETE FROM snapshot WHERE rowid IN (
            SELECT rowid FROM (
                SELECT rowid, row_number() OVER (PARTITION BY persistence_id ORDER BY sequence_number DESC) AS rank FROM snapshot)
            WHERE rank > @snapshots LIMIT 1)
        """;

    /// <summary>Makes the folder and the file in WAL mode when they are missing, and looks whether it is a database at all.</summary>
    /// <exception cref="JournalDamagedException">The file is there but is no usable SQLite database.</exception>
    public override void Prepare()
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

    internal override SqliteConnection Open() => Open(ConnectionString);

    internal override ValueTask<DbConnection> OpenAsync(CancellationToken cancellation) => new(Open());

    internal override SqliteConnection OpenOwn() => Open(_ownConnectionString);

    internal override void Configure(DbConnection connection) => connection.Execute(_pragmas);

    internal override IWriteSession OpenWriter() => new SqliteWriteSession(this);

    /// <summary>One node has the file to itself.</summary>
    internal override long Passed(DbConnection connection, string reader, long ordering, TimeSpan forget) => ordering;

    internal override Task<long> GiveBack(DbConnection connection, CancellationToken cancellation) =>
        new JournalPages((SqliteConnection)connection, Gate).GiveBack(cancellation);

    internal override bool IsOfOneWrite(DbException e) => e is SqliteException { SqliteErrorCode: Constraint or TooBig };

    internal override bool IsFence(DbException e) => e is SqliteException { SqliteErrorCode: Constraint };

    internal override bool LacksTables(DbException e) =>
        e is SqliteException { SqliteErrorCode: Error } && e.Message.Contains("no such table", StringComparison.Ordinal);

    internal override Exception Explain(DbException e) =>
        e is SqliteException { SqliteErrorCode: Corrupt or NotADatabase } ? new JournalDamagedException(File, e.Message, e) : e;

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

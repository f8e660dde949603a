using System.Data.Common;
using LinqToDB;
using Npgsql;

namespace Chronos.Actors.Journal;

/// <summary>The journal in a PostgreSQL database, which the nodes of a cluster share.</summary>
public sealed class PostgresJournalDatabase : JournalDatabase
{
    private const string UniqueViolation = "23505";

    private const string PassedSql =
        """
        WITH noted AS (
            INSERT INTO journal_readers (reader, ordering, seen_at) VALUES (@reader, @ordering, now())
            ON CONFLICT (reader) DO UPDATE SET ordering = excluded.ordering, seen_at = excluded.seen_at)
        SELECT coalesce(min(ordering), @ordering) FROM journal_readers WHERE reader <> @reader AND seen_at > now() - @forget
        """;

    /// <summary>
    /// Who waits for a write or a recovery has given up by then, and the server has ended a transaction in which a node stands that was cut off
    /// (<c>idle_in_transaction_session_timeout</c>). A link that broke for a while wakes late by itself: what was sent into it is sent again at ever longer intervals.
    /// </summary>
    private const int PromptSeconds = 6;

    private readonly PostgresAddress _address;
    private readonly string _ownConnectionString;
    private readonly string _promptConnectionString;

    public PostgresJournalDatabase(PostgresAddress address, Durability durability)
    {
        _address = address;

        // Said at the start of each connection, so that it also holds after the pool has reset one. "on" waits for the disk of the
        // server, and of a synchronous standby where there is one.
        var parts = new NpgsqlConnectionStringBuilder(address.ConnectionString);
        parts.Options = $"{parts.Options} -c synchronous_commit={(durability == Durability.Full ? "on" : "off")}";
        ConnectionString = parts.ConnectionString;
        parts.Pooling = false;
        _ownConnectionString = parts.ConnectionString;
        parts.CommandTimeout = parts.CommandTimeout is 0 or > PromptSeconds ? PromptSeconds : parts.CommandTimeout;
        _promptConnectionString = parts.ConnectionString;
    }

    public override string Name => _address.ToString();

    internal override string Provider => ProviderName.PostgreSQL15;

    internal override string ConnectionString { get; }

    internal override WriteGate Gate => WriteGate.Open;

    internal override string TrimSnapshotsSql =>
        """
        DELETE FROM snapshot WHERE ctid IN (
            SELECT ctid FROM (
                SELECT ctid, row_number() OVER (PARTITION BY persistence_id ORDER BY sequence_number DESC) AS rank FROM snapshot) AS ranked
            WHERE rank > @snapshots LIMIT 1)
        """;

    public override void Prepare()
    {
        try
        {
            using var connection = OpenOwn();
            PostgresJournalSchema.Make(connection);
        }
        catch (PostgresException e)
        {
            // The server answered: it knows no such database or user, or does not let this one make tables.
            throw new JournalUnreachableException(Name, e.MessageText, e);
        }
        catch (Exception e) when (e is DbException or TimeoutException)
        {
            throw new JournalUnreachableException(Name, e.InnerException?.Message ?? e.Message, e);
        }
    }

    internal override NpgsqlConnection Open() => Open(ConnectionString);

    internal override async ValueTask<DbConnection> OpenAsync(CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(ConnectionString);
        try
        {
            await connection.OpenAsync(cancellation).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    internal override NpgsqlConnection OpenOwn() => Open(_ownConnectionString);

    internal override NpgsqlConnection OpenPrompt() => Open(_promptConnectionString);

    internal override void Configure(DbConnection connection)
    {
        // Everything is said in the connection string.
    }

    internal override IWriteSession OpenWriter() => new PostgresWriteSession(this);

    internal override long Passed(DbConnection connection, string reader, long ordering, TimeSpan forget)
    {
        using var command = connection.Command(PassedSql, ("@reader", reader), ("@ordering", ordering), ("@forget", forget));
        return Math.Min(ordering, (long)command.ExecuteScalar()!);
    }

    /// <summary>The server's own autovacuum makes room; nothing to do.</summary>
    internal override Task<long> GiveBack(DbConnection connection, CancellationToken cancellation) => Task.FromResult(0L);

    /// <summary>Constraints, data that the columns do not take, and rows that are too large.</summary>
    internal override bool IsOfOneWrite(DbException e) =>
        e is PostgresException { SqlState: var state } && (state.StartsWith("22", StringComparison.Ordinal) || state.StartsWith("23", StringComparison.Ordinal) || state.StartsWith("54", StringComparison.Ordinal));

    internal override bool IsFence(DbException e) => e is PostgresException { SqlState: UniqueViolation };

    internal override bool LacksTables(DbException e) => e is PostgresException { SqlState: PostgresErrorCodes.UndefinedTable };

    internal override Exception Explain(DbException e) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted } p => new JournalDamagedException(Name, p.MessageText, p),
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow } p => Gone(p, p.MessageText),
        PostgresException => e,
        _ => Gone(e, e.InnerException?.Message ?? e.Message),
    };

    /// <summary>One broken connection: the idle ones of the pool are broken too, and each would cost its next user a failure.</summary>
    private JournalUnreachableException Gone(DbException e, string reason)
    {
        using var pool = new NpgsqlConnection(ConnectionString);
        NpgsqlConnection.ClearPool(pool);
        return new JournalUnreachableException(Name, reason, e);
    }

    private static NpgsqlConnection Open(string connectionString)
    {
        var connection = new NpgsqlConnection(connectionString);
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}

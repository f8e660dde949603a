using System.Collections.Immutable;
using System.Data;
using System.Data.Common;
using Chronos.Actors.Journal;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Chronos.Actors.Projections;

/// <summary>
/// The read models of a cluster, in a schema of the journal's database. One node folds for all: the one whose writer connection holds an
/// advisory lock, which the database gives back when that connection ends.
/// </summary>
/// <remarks>The schema carries the versions of the models: in a rolling upgrade each build folds its own, and neither reads the other's.</remarks>
public sealed class PostgresReadDatabase : ReadDatabase
{
    private const string Tables = """
        CREATE TABLE IF NOT EXISTS projection_states (
          name text PRIMARY KEY, state text NOT NULL, ordering bigint NOT NULL, behind_since bigint, error text, node text NOT NULL);
        CREATE TABLE IF NOT EXISTS projection_requests (name text PRIMARY KEY);
        """;

    /// <summary>A writer that has not shown itself for so long stands still, or is out of reach; its connection ends, and its lock with it.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private readonly NpgsqlDataSource _readers;
    private readonly string _writer;
    private readonly PostgresSignal _signal;
    private readonly string _schema;
    private readonly string _node;
    private readonly ILogger<PostgresReadDatabase> _log;
    private ImmutableArray<ProjectionHealth> _told = [];
    private bool _writing;
    private bool _asked;

    /// <summary>Kept between tries: a node that waits for its turn does not log in twice a second.</summary>
    private NpgsqlConnection? _candidate;
    private string? _damage;

    public PostgresReadDatabase(PostgresAddress address, string node, ILogger<PostgresReadDatabase> log)
    {
        _node = node;
        _log = log;
        _schema = $"chronos_read_{LedgerSchema.Version}_{CatalogSchema.Version}";
        var parts = new NpgsqlConnectionStringBuilder(address.ConnectionString) { SearchPath = _schema, Pooling = true };
        var options = parts.Options;
        parts.Options = $"{options} -c default_transaction_read_only=on";
        _readers = NpgsqlDataSource.Create(parts);

        // What is lost in a power cut is folded again: the offset is in the same transaction.
        parts.Pooling = false;
        parts.CommandTimeout = 60;
        var silence = ((int)Silence.TotalMilliseconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
        parts.Options =
            $"{options} -c synchronous_commit=off -c idle_session_timeout={silence} -c idle_in_transaction_session_timeout={silence} "
            + $"-c tcp_user_timeout={silence} -c tcp_keepalives_idle=3 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3";
        _writer = parts.ConnectionString;
        _signal = new PostgresSignal(_writer, _schema);
    }

    internal override Action? Woken { get; set; }

    public override void Dispose()
    {
        _signal.Dispose();
        _candidate?.Dispose();
        _readers.Dispose();
    }

    internal override T Read<T>(Func<DbConnection, T> query)
    {
        try
        {
            using var connection = _readers.OpenConnection();
            return query(connection);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            if (IsDamage(e) && _writing)
            {
                Interlocked.CompareExchange(ref _damage, $"a query met: {e.Message}", null);
            }

            throw new ReadModelUnavailableException("the read models cannot be read at present", e);
        }
    }

    internal override string? TakeDamage() => Interlocked.Exchange(ref _damage, null);

    internal override DbConnection? OpenWriter(Action<DbConnection> prepare)
    {
        _writing = false;
        _told = [];
        if (TryLock() is not { } connection)
        {
            return null;
        }

        try
        {
            Sql.Execute(connection, $"CREATE SCHEMA IF NOT EXISTS {_schema}; {Tables}");
            prepare(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        TakeDamage();
        _writing = true;
        _signal.Listen(() =>
        {
            Volatile.Write(ref _asked, true);
            Woken?.Invoke();
        });
        _log.LogInformation("This node folds the read models of the cluster ({Schema})", _schema);
        return connection;
    }

    internal override DbConnection Replace(DbConnection? writer, string reason, Action<DbConnection> prepare)
    {
        _log.LogError("The read models in {Schema} are damaged ({Reason}); they are made anew from the journal", _schema, reason);
        writer?.Dispose();

        // Only who folds may empty it: another may be making it at this moment.
        _candidate = TryLock() ?? throw new ReadModelUnavailableException("another node makes the read models anew", new DamagedReadModelException(reason));
        Sql.Execute(_candidate, $"DROP SCHEMA IF EXISTS {_schema} CASCADE");
        return OpenWriter(prepare) ?? throw new ReadModelUnavailableException("another node makes the read models anew", new DamagedReadModelException(reason));
    }

    internal override void Close(DbConnection writer)
    {
        _writing = false;
        _signal.Stop();
        writer.Dispose();
    }

    /// <remarks>A table or a column is not there: somebody else has been at work.</remarks>
    internal override bool IsDamage(Exception e) => e is PostgresException { SqlState: "42P01" or "42703" or "3F000" or "XX001" or "XX002" };

    /// <remarks>The connection, locks, resources, a shutdown: everything that is not about what was written.</remarks>
    internal override bool IsPassing(Exception e) => e switch
    {
        PostgresException sql => sql.SqlState[..2] is "08" or "25" or "28" or "3D" or "40" or "53" or "55" or "57" or "58",
        NpgsqlException or TimeoutException or IOException => true,
        InvalidOperationException => true,
        _ => false,
    };

    /// <remarks>Also a sign of life: a writer that is silent for long loses its connection.</remarks>
    internal override ImmutableArray<string> Meet(DbConnection writer, ImmutableArray<ProjectionHealth> health)
    {
        var asked = Volatile.Read(ref _asked);
        if (!asked && _told.Length == health.Length && health.Zip(_told).All(pair => pair is var (now, told) && now.State == told.State && now.Error == told.Error))
        {
            Sql.Execute(writer, "SELECT 1");
            return [];
        }

        Volatile.Write(ref _asked, false);
        foreach (var projection in health)
        {
            using var command = Sql.Command(
                writer, Sql.Upsert("projection_states", "name, state, ordering, error, node", "name", Sql.Values("name, state, ordering, error, node")));
            command.Bind("$name", projection.Name);
            command.Bind("$state", projection.State.ToString());
            command.Bind("$ordering", projection.Offset);
            command.Bind("$error", projection.Error?.Replace('\0', '\uFFFD'));
            command.Bind("$node", _node);
            command.ExecuteNonQuery();
        }

        _told = health;
        using var wanted = Sql.Command(writer, "DELETE FROM projection_requests RETURNING name");
        return Sql.All(wanted, static r => r.GetString(0));
    }

    internal override ImmutableArray<ProjectionHealth> Follow(bool wanted)
    {
        using var connection = _readers.OpenConnection();
        if (wanted)
        {
            Sql.Execute(connection, $"NOTIFY {_schema}");
        }

        try
        {
            using var command = Sql.Command(
                connection, "SELECT s.name, s.state, o.ordering, s.error FROM projection_states s JOIN projection_offsets o ON o.name=s.name");
            return Sql.All(command, static r => new ProjectionHealth(
                r.GetString(0), Enum.Parse<ProjectionState>(r.GetString(1)), r.GetInt64(2), 0, 0, r.IsDBNull(3) ? null : r.GetString(3)));
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            // The other node is making them at this moment; if they are damaged, it is the one to find out.
            return [];
        }
    }

    internal override void AskForRebuild(string projection)
    {
        using var connection = new NpgsqlConnection(_writer);
        connection.Open();
        using var command = Sql.Command(connection, $"INSERT INTO projection_requests (name) VALUES ($name) ON CONFLICT DO NOTHING; NOTIFY {_schema}");
        command.Bind("$name", projection);
        command.ExecuteNonQuery();
    }

    private NpgsqlConnection? TryLock()
    {
        if (_candidate is { State: not ConnectionState.Open })
        {
            _candidate.Dispose();
            _candidate = null;
        }

        if (_candidate is null)
        {
            _candidate = new NpgsqlConnection(_writer);
            _candidate.Open();
        }

        using var turn = Sql.Command(_candidate, "SELECT pg_try_advisory_lock(hashtext('chronos'), hashtext($schema))");
        turn.Bind("$schema", _schema);
        if (turn.ExecuteScalar() is not true)
        {
            return null;
        }

        var connection = _candidate;
        _candidate = null;
        return connection;
    }
}

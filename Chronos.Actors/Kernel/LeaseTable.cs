using Chronos.Actors.Journal;
using Npgsql;

namespace Chronos.Actors.Kernel;

/// <summary>What became of an attempt to acquire a lease.</summary>
internal enum LeaseState
{
    Acquired,

    /// <summary>Another has it, and it has not expired.</summary>
    Held,

    /// <summary>An earlier owner counted the asker as lost.</summary>
    Lost,
}

/// <summary>The answer, with the token of the present owner: a number that rises each time that the lease changes hands.</summary>
internal sealed record LeaseAnswer(LeaseState State, long Token);

/// <summary>The rows of leases and of those who were counted as lost. All times are of the database.</summary>
internal sealed class LeaseTable(PostgresAddress address, string lease)
{
    /// <summary>A node that slept longer than this finds no cluster of its own time any more.</summary>
    private const string Remembered = "30 days";

    /// <summary>
    /// The row lock makes contenders come one after another, so that the second sees whom the first counted as lost. An expiry further away than anybody
    /// could have set it is of a clock that was set back, or of a damaged row: it would stop every cluster of this database until then.
    /// </summary>
    private const string AcquireSql =
        """
        INSERT INTO cluster_leases AS l (name, owner, token, expires_at) VALUES (@name, @owner, 1, clock_timestamp() + @ttl)
        ON CONFLICT (name) DO UPDATE SET
            token = l.token + CASE WHEN l.owner = excluded.owner AND l.expires_at > clock_timestamp() THEN 0 ELSE 1 END,
            expires_at = clock_timestamp() + @ttl, owner = excluded.owner
        WHERE l.owner = excluded.owner OR l.expires_at <= clock_timestamp() OR l.expires_at > clock_timestamp() + @ttl
        RETURNING token
        """;

    private const string IsLostSql = "SELECT EXISTS (SELECT FROM cluster_losses WHERE lease = @name AND member = @owner)";

    private const string LoseSql =
        $"""
        INSERT INTO cluster_losses (lease, member, token, lost_at) SELECT @name, m, @token, clock_timestamp() FROM unnest(@lost) AS m ON CONFLICT DO NOTHING;
        DELETE FROM cluster_losses WHERE lease = @name AND lost_at < clock_timestamp() - interval '{Remembered}'
        """;

    public async Task<LeaseAnswer> TryAcquireAsync(string owner, IReadOnlyCollection<string> lost, TimeSpan ttl, CancellationToken cancellation)
    {
        var connection = await OpenAsync(cancellation).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await using var __ = transaction.ConfigureAwait(false);
        var token = await ScalarAsync(connection, AcquireSql, cancellation, ("name", lease), ("owner", owner), ("ttl", ttl)).ConfigureAwait(false) as long?;
        if (await ScalarAsync(connection, IsLostSql, cancellation, ("name", lease), ("owner", owner)).ConfigureAwait(false) is true)
        {
            return new LeaseAnswer(LeaseState.Lost, 0);
        }

        if (token is not { } mine)
        {
            return new LeaseAnswer(LeaseState.Held, 0);
        }

        await ScalarAsync(connection, LoseSql, cancellation, ("name", lease), ("token", mine), ("lost", lost.ToArray())).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        return new LeaseAnswer(LeaseState.Acquired, mine);
    }

    public async Task ReleaseAsync(string owner, CancellationToken cancellation)
    {
        var connection = await OpenAsync(cancellation).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        await ScalarAsync(
            connection, "UPDATE cluster_leases SET expires_at = clock_timestamp() WHERE name = @name AND owner = @owner AND expires_at > clock_timestamp()",
            cancellation, ("name", lease), ("owner", owner)).ConfigureAwait(false);
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellation)
    {
        // Of a pool of its own, and impatient: what hangs longer is as good as gone.
        var parts = new NpgsqlConnectionStringBuilder(address.ConnectionString) { Timeout = 2, CommandTimeout = 2, ApplicationName = "chronos lease", MaxPoolSize = 2 };

        // A node that is stopped between two statements must not hold the row against the others.
        parts.Options = $"{parts.Options} -c idle_in_transaction_session_timeout=1000";
        var connection = new NpgsqlConnection(parts.ConnectionString);
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

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params (string Name, object Value)[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using var _ = command.ConfigureAwait(false);
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
    }
}

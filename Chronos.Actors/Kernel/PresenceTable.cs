using Chronos.Actors.Journal;
using Npgsql;

namespace Chronos.Actors.Kernel;

/// <summary>
/// Which nodes say that they are members of the cluster of this database, when they last said so, and whom the others took for lost. All times are
/// of the database.
/// </summary>
internal sealed class PresenceTable(PostgresAddress address)
{
    /// <summary>Among the losses that the lease writes down, too.</summary>
    private const string Lease = "members";

    private const string IsLost = $"EXISTS (SELECT FROM cluster_losses WHERE lease = '{Lease}' AND member = @incarnation)";

    private const string SaySql =
        $"""
        INSERT INTO cluster_presence (member, seen_at) SELECT @member, clock_timestamp() WHERE NOT {IsLost} ON CONFLICT (member) DO UPDATE SET seen_at = excluded.seen_at;
        DELETE FROM cluster_presence WHERE seen_at < clock_timestamp() - interval '1 day';
        SELECT CASE WHEN NOT {IsLost} THEN ARRAY(SELECT extract(epoch FROM seen_at)::text || ' ' || member FROM cluster_presence) END
        """;

    /// <summary>Two that take each other for lost come one after another, and the second is lost already.</summary>
    private const string LoseSql =
        $"""
        SELECT pg_advisory_xact_lock(hashtext('chronos'), hashtext('cluster losses'));
        INSERT INTO cluster_losses (lease, member, token, lost_at) SELECT '{Lease}', m, 0, clock_timestamp() FROM unnest(@lost) AS m WHERE NOT {IsLost} ON CONFLICT DO NOTHING;
        DELETE FROM cluster_losses WHERE lease = '{Lease}' AND lost_at < clock_timestamp() - interval '30 days'
        """;

    /// <summary>What was said by a clock that has been set back since is not from lately.</summary>
    private const string FreshSql =
        "SELECT ARRAY(SELECT extract(epoch FROM seen_at)::text || ' ' || member FROM cluster_presence WHERE seen_at > clock_timestamp() - @fresh AND seen_at < clock_timestamp() + @fresh)";

    private const string ForgetSql = "DELETE FROM cluster_presence WHERE member = @member";

    /// <summary>
    /// Says that a node is a member, and returns the last word of each that does, which changes when it says so again. Null: the others took this
    /// incarnation of it for lost, and it is none.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, string>?> SayAsync(string member, string incarnation, CancellationToken cancellation) =>
        await AskAsync(SaySql, cancellation, ("member", member), ("incarnation", incarnation)).ConfigureAwait(false) is string[] words ? ByMember(words) : null;

    /// <summary>The last word of each that has said lately that it is a member.</summary>
    public async Task<IReadOnlyDictionary<string, string>> FreshAsync(TimeSpan fresh, CancellationToken cancellation) =>
        ByMember((string[])(await AskAsync(FreshSql, cancellation, ("fresh", fresh)).ConfigureAwait(false))!);

    /// <summary>Writes down whom a node takes for lost, unless it is lost itself.</summary>
    public Task LoseAsync(string incarnation, IReadOnlyCollection<string> lost, CancellationToken cancellation) =>
        AskAsync(LoseSql, cancellation, ("incarnation", incarnation), ("lost", lost.ToArray()));

    public Task ForgetAsync(string member, CancellationToken cancellation) => AskAsync(ForgetSql, cancellation, ("member", member));

    /// <summary>How many others have said so lately.</summary>
    public async Task<int> OthersAsync(string member, TimeSpan fresh, CancellationToken cancellation) =>
        (await FreshAsync(fresh, cancellation).ConfigureAwait(false)).Keys.Count(other => other != member);

    private static Dictionary<string, string> ByMember(string[] words) =>
        words.Select(row => row.Split(' ', 2)).ToDictionary(row => row[1], row => row[0], StringComparer.Ordinal);

    private async Task<object?> AskAsync(string sql, CancellationToken cancellation, params (string Name, object Value)[] values)
    {
        // Of a small pool of its own, and impatient: it is asked again in a moment.
        var parts = new NpgsqlConnectionStringBuilder(address.ConnectionString) { Timeout = 2, CommandTimeout = 2, ApplicationName = "chronos presence", MaxPoolSize = 2 };
        var connection = new NpgsqlConnection(parts.ConnectionString);
        await using var _ = connection.ConfigureAwait(false);
        await connection.OpenAsync(cancellation).ConfigureAwait(false);
        var command = new NpgsqlCommand(sql, connection);
        await using var __ = command.ConfigureAwait(false);
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
    }
}

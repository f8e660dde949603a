using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Chronos.Actors.Journal;

/// <summary>Where a PostgreSQL database is and how to get in. Its text names host, port and database, never the password.</summary>
public sealed class PostgresAddress
{
    private static readonly TimeSpan Connecting = TimeSpan.FromSeconds(5);

    /// <summary>Longer than any statement of ours needs; a server that hangs must not hold its callers for ever.</summary>
    private static readonly TimeSpan Answering = TimeSpan.FromSeconds(15);

    /// <summary>
    /// What the server does about a node that stands still or is cut off: it ends a transaction that hears nothing more, since its locks hold up
    /// all other nodes, and closes connections that nobody is at the other end of; by itself it would keep both for two hours.
    /// </summary>
    private const string Guards =
        "-c idle_in_transaction_session_timeout=5000 -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=20000";

    private readonly string _text;

    private PostgresAddress(string connectionString, string text) => (ConnectionString, _text) = (connectionString, text);

    /// <summary>Holds the password: for the driver alone.</summary>
    internal string ConnectionString { get; }

    /// <summary>Reads <c>Host=…;Port=…;Database=…;Username=…;Password=…</c>. The reason never repeats any of it.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PostgresAddress? address, out string wrong)
    {
        address = null;
        wrong = "is no connection string such as Host=db;Port=5432;Database=chronos;Username=chronos;Password=…";
        try
        {
            var parts = new NpgsqlConnectionStringBuilder(text);
            if (parts.Host is not { Length: > 0 } host || parts.Database is not { Length: > 0 } database)
            {
                wrong = "must name at least Host and Database";
                return false;
            }

            parts.ApplicationName ??= "chronos";
            parts.Timeout = parts.ContainsKey("Timeout") ? parts.Timeout : (int)Connecting.TotalSeconds;
            parts.CommandTimeout = parts.ContainsKey("Command Timeout") ? parts.CommandTimeout : (int)Answering.TotalSeconds;
            parts.Options = parts.Options?.Contains(Guards, StringComparison.Ordinal) == true ? parts.Options : $"{Guards} {parts.Options}".TrimEnd();
            address = new PostgresAddress(parts.ConnectionString, $"{host}:{parts.Port}/{database}");
            return true;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException or InvalidCastException or KeyNotFoundException)
        {
            // The driver's reason may repeat a part of the password.
            return false;
        }
    }

    public override string ToString() => _text;
}

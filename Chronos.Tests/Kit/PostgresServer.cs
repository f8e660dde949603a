using System.Diagnostics;
using Chronos.Actors.Journal;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(Chronos.Tests.Kit.PostgresServer))]

namespace Chronos.Tests.Kit;

/// <summary>
/// A real PostgreSQL in a temporary folder, started by the first test that asks for it and shared by all; each test has a database of
/// its own. Where there is none the test is skipped, under CI it fails.
/// It does not wait for the disk unless CHRONOS_TEST_FSYNC=on: figures need that, correctness does not.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "chronos";
    private const string Here = "127.0.0.1";
    private const string Password = "s3cret-of-the-tests";
    private static readonly Lazy<PostgresServer?> Shared = new(() => Find() is { } programs ? new PostgresServer(programs, Here, fsync: Environment.GetEnvironmentVariable("CHRONOS_TEST_FSYNC") == "on") : null);
    private static int _databases;

    private readonly string _programs;
    private readonly string _folder;
    private readonly string _address = Here;
    private readonly int _port = TestPort.Free();

    private PostgresServer(string programs, string address, bool fsync)
    {
        (_programs, _address) = (programs, address);
        _folder = Directory.CreateTempSubdirectory("chronos-postgres-").FullName;
        var password = Path.Combine(_folder, "password");
        File.WriteAllText(password, Password);
        if (Environment.IsPrivilegedProcess)
        {
            // The server refuses to run as root.
            Run("chown", "-R", "postgres:", _folder);
        }

        RunAsServer("initdb", "-D", Data, "-A", "scram-sha-256", "-U", User, $"--pwfile={password}", "--no-sync", "-E", "UTF8", "--locale=C");
        File.AppendAllText(Path.Combine(Data, "postgresql.conf"), $"""

            listen_addresses='{_address}'
            port={_port}
            unix_socket_directories='{_folder}'
            fsync={(fsync ? "on" : "off")}
            full_page_writes={(fsync ? "on" : "off")}
            max_connections=300
            """);
        if (address != Here)
        {
            File.AppendAllText(Path.Combine(Data, "pg_hba.conf"), "host all all samenet scram-sha-256\n");
        }

        Start();
    }

    /// <remarks>xunit makes it and, more important, disposes it.</remarks>
    public PostgresServer() => (_programs, _folder) = ("", "");

    private string Data => Path.Combine(_folder, "data");

    /// <summary>A new database on the shared server.</summary>
    public static PostgresAddress NewDatabase() => Require(Shared.Value).MakeDatabase();

    /// <summary>A server that belongs to one test, which may stop and start it. Waits for the disk as a real one.</summary>
    internal static PostgresServer StartOwn() => StartOwn(Here);

    /// <summary>The same, on an address that others in its network reach, too.</summary>
    internal static PostgresServer StartOwn(string address) => Find() is { } programs ? new PostgresServer(programs, address, fsync: true) : Require(null);

    internal PostgresAddress MakeDatabase()
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        using var connection = new NpgsqlConnection(Connect("postgres"));
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"CREATE DATABASE {name}";
        command.ExecuteNonQuery();
        return PostgresAddress.TryParse(Connect(name), out var address, out var wrong) ? address : throw new InvalidOperationException(wrong);
    }

    /// <summary>Ends a database with every connection to it.</summary>
    public static void Drop(PostgresAddress address)
    {
        using (var pool = new NpgsqlConnection(address.ConnectionString))
        {
            NpgsqlConnection.ClearPool(pool);
        }

        var parts = new NpgsqlConnectionStringBuilder(address.ConnectionString);
        var name = parts.Database;
        parts.Database = "postgres";
        using var connection = new NpgsqlConnection(parts.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"DROP DATABASE IF EXISTS {name} WITH (FORCE)";
        command.ExecuteNonQuery();
    }

    internal void Start() => RunAsServer("pg_ctl", "-D", Data, "-w", "-t", "30", "-l", Path.Combine(_folder, "log"), "start");

    /// <summary>Ends the server at once; every connection breaks.</summary>
    internal void Stop() => RunAsServer("pg_ctl", "-D", Data, "-w", "-m", "immediate", "stop");

    public ValueTask DisposeAsync()
    {
        if (_folder.Length == 0)
        {
            return Shared is { IsValueCreated: true, Value: { } shared } ? shared.DisposeAsync() : ValueTask.CompletedTask;
        }

        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
        {
            Stop();
        }

        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>Why there can be none; null when there can.</summary>
    internal static string? Missing() => Find() is null ? "there is no PostgreSQL on this machine" : null;

    private static PostgresServer Require(PostgresServer? server)
    {
        if (server is null)
        {
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", "there is no PostgreSQL on this machine");
            Assert.Fail("there is no PostgreSQL on this machine, and under CI=true it must be");
        }

        return server!;
    }

    private static string? Find() =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")).Where(d => File.Exists(Path.Combine(d, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault()
            : null;

    private string Connect(string database) =>
        $"Host={_address};Port={_port};Database={database};Username={User};Password={Password};Minimum Pool Size=0;Maximum Pool Size=20;Connection Idle Lifetime=5;Connection Pruning Interval=1";

    private void RunAsServer(string program, params string[] arguments)
    {
        if (Environment.IsPrivilegedProcess)
        {
            Run("runuser", ["-u", "postgres", "--", Path.Combine(_programs, program), .. arguments]);
        }
        else
        {
            Run(Path.Combine(_programs, program), arguments);
        }
    }

    private void Run(string program, params string[] arguments)
    {
        // Its output goes to a file: the server that pg_ctl leaves behind would hold a pipe open for ever.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >>\"$0\" 2>&1", Path.Combine(_folder, "output"), program, .. arguments]) { WorkingDirectory = _folder };
        using var process = Process.Start(start)!;
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {File.ReadAllText(Path.Combine(_folder, "output"))}");
        }
    }
}

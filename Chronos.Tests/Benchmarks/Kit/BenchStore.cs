using Chronos.Actors.Journal;
using Chronos.Tests.Kit;
using Microsoft.Data.Sqlite;

namespace Chronos.Benchmarks.Kit;

/// <summary>A place for a journal that goes away after the round: a folder, and on PostgreSQL a database of a server that waits for its disk.</summary>
internal sealed class BenchStore : IDisposable
{
    static BenchStore() => Environment.SetEnvironmentVariable("CHRONOS_TEST_FSYNC", "on");

    public BenchStore(bool postgres)
    {
        Folder = Directory.CreateTempSubdirectory("chronos-bench-").FullName;
        Postgres = postgres ? PostgresServer.NewDatabase() : null;
    }

    public string Folder { get; }

    public PostgresAddress? Postgres { get; }

    public void Dispose()
    {
        if (Postgres is not null)
        {
            PostgresServer.Drop(Postgres);
        }

        SqliteConnection.ClearAllPools();
        Directory.Delete(Folder, recursive: true);
    }
}

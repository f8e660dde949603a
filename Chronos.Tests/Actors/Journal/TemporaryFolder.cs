using Microsoft.Data.Sqlite;

namespace Chronos.Tests.Actors.Journal;

/// <summary>A folder that goes away with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Location { get; } = Directory.CreateTempSubdirectory("chronos-journal-").FullName;

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(Location, recursive: true);
    }
}

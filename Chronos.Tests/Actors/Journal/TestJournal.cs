using Chronos.Actors.Journal;
using Chronos.Tests.Kit;
using Npgsql;

namespace Chronos.Tests.Actors.Journal;

/// <summary>The stores that a journal can be in.</summary>
public enum Store
{
    Sqlite,
    Postgres,
}

/// <summary>A journal of one test, which goes away with it.</summary>
internal sealed class TestJournal : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PostgresAddress? _postgres;

    public TestJournal(Store store) => _postgres = store == Store.Postgres ? PostgresServer.NewDatabase() : null;

    public string Folder => _folder.Location;

    /// <summary>The connection string for a process of its own; absent on SQLite.</summary>
    public string? ConnectionString => _postgres?.ConnectionString;

    public JournalOptions Options(Durability durability) => new(Folder, durability, new JournalPulse()) { Postgres = _postgres };

    public Task<JournalHarness> Start(Durability durability, string hocon) => JournalHarness.Start(Options(durability), hocon);

    public void Dispose()
    {
        if (_postgres is not null)
        {
            using (var pool = new NpgsqlConnection(new PostgresJournalDatabase(_postgres, Durability.Full).ConnectionString))
            {
                NpgsqlConnection.ClearPool(pool);
            }

            PostgresServer.Drop(_postgres);
        }

        _folder.Dispose();
    }
}

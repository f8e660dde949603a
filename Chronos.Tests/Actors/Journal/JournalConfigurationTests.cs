using Akka.Actor;
using Akka.Hosting;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Core.Wire;
using LinqToDB.Data;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

/// <summary>What HOCON and the connections really say at run time.</summary>
public sealed class JournalConfigurationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("akka.actor.ask-timeout", "5s")]
    [InlineData("akka.actor.serialization-settings.allow-unregistered-types", "off")]
    [InlineData("akka.persistence.journal.plugin", "akka.persistence.journal.sql")]
    [InlineData("akka.persistence.snapshot-store.plugin", "akka.persistence.snapshot-store.sql")]
    [InlineData("akka.persistence.journal.sql.class", "Chronos.Actors.Journal.GroupCommitJournal, Chronos.Actors")]
    [InlineData("akka.persistence.journal.sql.provider-name", "SQLite.MS")]
    [InlineData("akka.persistence.journal.sql.parallelism", "1")]
    [InlineData("akka.persistence.journal.sql.buffer-size", "50000")]
    [InlineData("akka.persistence.journal.sql.batch-size", "1000")]
    [InlineData("akka.persistence.journal.sql.read-isolation-level", "read-uncommitted")]
    [InlineData("akka.persistence.journal.sql.circuit-breaker.call-timeout", "3s")]
    [InlineData("akka.persistence.journal.sql.replay-filter.mode", "off")]
    [InlineData("akka.persistence.journal.sql.recovery-event-timeout", "15s")]
    [InlineData("akka.persistence.max-concurrent-recoveries", "8")]
    [InlineData("akka.persistence.journal.sql.default.journal.table-name", "journal")]
    [InlineData("akka.persistence.snapshot-store.sql.class", "Chronos.Actors.Journal.GatedSnapshotStore, Chronos.Actors")]
    [InlineData("akka.persistence.snapshot-store.sql.provider-name", "SQLite.MS")]
    [InlineData("akka.persistence.snapshot-store.sql.read-isolation-level", "read-uncommitted")]
    public async Task The_effective_value_is_the_intended_one(string key, string value)
    {
        await using var harness = await JournalHarness.Start(_folder.Location, Durability.Full, string.Empty);

        Assert.Equal(value, harness.System.Settings.Config.GetString(key));
    }

    [Theory]
    [InlineData(Durability.Full, "2")]
    [InlineData(Durability.Relaxed, "1")]
    public void A_connection_has_the_settings_that_its_durability_needs(Durability durability, string synchronous)
    {
        var database = new JournalOptions(_folder.Location, durability, new JournalPulse()).Database;
        database.Prepare();

        Assert.Equal([synchronous], Sql.Rows(database, "PRAGMA synchronous"));
        Assert.Equal(["wal"], Sql.Rows(database, "PRAGMA journal_mode"));
        Assert.Equal(["5000"], Sql.Rows(database, "PRAGMA busy_timeout"));
        Assert.Equal(["2"], Sql.Rows(database, "PRAGMA auto_vacuum"));
    }

    [Theory]
    [InlineData(Durability.Full, "2")]
    [InlineData(Durability.Relaxed, "1")]
    public void A_connection_of_the_stock_classes_has_them_too(Durability durability, string synchronous)
    {
        var options = new JournalOptions(_folder.Location, durability, new JournalPulse());
        options.Database.Prepare();
        using var connection = new DataConnection(JournalHosting.StockConnections(options.Database));

        Assert.Equal(synchronous, connection.Execute<string>("PRAGMA synchronous"));
        Assert.Equal("5000", connection.Execute<string>("PRAGMA busy_timeout"));
    }

    [Fact]
    public async Task Journal_and_snapshots_are_there_before_the_first_entity_asks()
    {
        await using var harness = await JournalHarness.Start(_folder.Location, Durability.Full, string.Empty);

        foreach (var plugin in new[] { JournalHosting.JournalPath, JournalHosting.SnapshotPath })
        {
            // No persistent actor was started: somebody else has made them.
            Assert.NotNull(await harness.System.ActorSelection($"/system/{plugin}").ResolveOne(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task A_type_that_nobody_registered_is_refused()
    {
        await using var harness = await JournalHarness.Start(_folder.Location, Durability.Full, string.Empty);
        var serialization = harness.System.Serialization;

        Assert.IsType<WireSerializer>(serialization.FindSerializerFor(new Noted("a")));
        Assert.Throws<System.Runtime.Serialization.SerializationException>(() => serialization.FindSerializerFor(new Unregistered()));
        Assert.ThrowsAny<Exception>(() => serialization.FindSerializerFor(new NotInCatalog()).ToBinary(new NotInCatalog()));
    }

    [Fact]
    public void The_journal_before_the_HOCON_file_is_refused()
    {
        using var services = new ServiceCollection()
            .AddAkka("none", akka => akka.WithChronosJournal(new JournalOptions(_folder.Location, Durability.Full, new JournalPulse())))
            .BuildServiceProvider();

        var error = Assert.Throws<InvalidOperationException>(services.GetRequiredService<AkkaConfigurationBuilder>);

        Assert.Contains(nameof(HoconFile.WithChronosHocon), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_database_stops_the_start_and_is_named()
    {
        var options = new JournalOptions(_folder.Location, Durability.Full, new JournalPulse());
        File.WriteAllText(options.File, new string('x', 10_000));

        var error = Assert.Throws<JournalDamagedException>(options.Database.Prepare);

        Assert.Contains(options.File, error.Message, StringComparison.Ordinal);
        Assert.Equal(new string('x', 10_000), File.ReadAllText(options.File));
    }

    [Fact]
    public async Task A_damaged_page_fails_the_recovery_with_the_name_of_the_file()
    {
        var options = new JournalOptions(_folder.Location, Durability.Full, new JournalPulse());
        await using (var harness = await JournalHarness.Start(_folder.Location, Durability.Full, string.Empty))
        {
            await harness.Writer("notes|1").Ask<NotesActor.Done>(new NotesActor.Note([.. Enumerable.Range(0, 2000).Select(n => $"{n}")]));
        }

        Sql.Run(options.Database, "PRAGMA wal_checkpoint(TRUNCATE)");
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        await using (var file = new FileStream(options.File, FileMode.Open, FileAccess.Write))
        {
            file.Seek(20 * 4096, SeekOrigin.Begin);
            file.Write(Enumerable.Repeat((byte)0xA5, (int)(file.Length - (22 * 4096))).ToArray());
        }

        var error = Assert.Throws<JournalDamagedException>(() => new SqlJournalReader(options, JournalHarness.Catalog).Read(0, 10_000));
        Assert.Contains(options.File, error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private sealed record Unregistered;

    private sealed record NotInCatalog : IWireMessage;
}

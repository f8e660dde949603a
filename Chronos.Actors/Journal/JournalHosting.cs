using Akka.Actor;
using Akka.Configuration;
using Akka.Hosting;
using Akka.Persistence;
using Akka.Persistence.Sql;
using Akka.Persistence.Sql.Config;
using LinqToDB;

namespace Chronos.Actors.Journal;

/// <summary>Registers the durable base: journal and snapshots in one SQLite file or one PostgreSQL database.</summary>
public static class JournalHosting
{
    internal const string JournalPath = "akka.persistence.journal.sql";
    internal const string SnapshotPath = "akka.persistence.snapshot-store.sql";

    /// <summary>
    /// Journal and snapshot store on <see cref="JournalOptions.Database"/>. Needs <see cref="HoconFile.WithChronosHocon"/> before it: which
    /// classes are used, and their limits, are said there.
    /// </summary>
    /// <exception cref="InvalidOperationException">The HOCON file was not added first.</exception>
    /// <exception cref="JournalDamagedException">The file is no usable database.</exception>
    /// <exception cref="JournalUnreachableException">The server does not answer or does not let us in.</exception>
    public static AkkaConfigurationBuilder WithChronosJournal(this AkkaConfigurationBuilder builder, JournalOptions options)
    {
        if (!builder.Configuration.HasValue || !builder.Configuration.Value.HasPath("akka.persistence.journal.plugin"))
        {
            throw new InvalidOperationException($"{nameof(HoconFile.WithChronosHocon)} comes before {nameof(WithChronosJournal)}");
        }

        var database = options.Database;
        database.Prepare();
        builder.AddSetup(new JournalSetup(database, options));
        builder.AddSetup(new DataOptionsSetup(StockConnections(database)));

        return builder
            .AddHocon(Connection(JournalPath, database).WithFallback(Connection(SnapshotPath, database)), HoconAddMode.Prepend)
            .AddHocon(SqlPersistence.DefaultConfiguration, HoconAddMode.Append)
            .WithActors((system, _) => StartPlugins(system));
    }

    /// <summary>
    /// The first entity to ask makes them, and whoever asks meanwhile blocks a thread: the twenty timetables that a node gets when it
    /// joins would block all there are.
    /// </summary>
    private static void StartPlugins(ActorSystem system)
    {
        var persistence = Persistence.Instance.Apply(system);
        _ = (persistence.JournalFor(string.Empty), persistence.SnapshotStoreFor(string.Empty));
    }

    /// <summary>How the stock classes connect: to the same file, with the same settings on every connection.</summary>
    internal static DataOptions StockConnections(JournalDatabase database) => new DataOptions()
        .UseConnectionString(database.Provider, database.ConnectionString)
        .UseInterceptor(new JournalConnectionInterceptor(database));

    /// <remarks>The connections themselves come from <see cref="StockConnections"/>; the configuration may be printed, so it holds no password. On PostgreSQL the tables are there already: several nodes must not make them at once.</remarks>
    private static Config Connection(string path, JournalDatabase database) => ConfigurationFactory.ParseString(
        $"""
        {path}.connection-string = {database.Name.ToHocon()}
        {path}.provider-name = "{database.Provider}"
        {path}.auto-initialize = {(database is SqliteJournalDatabase ? "on" : "off")}
        """);
}

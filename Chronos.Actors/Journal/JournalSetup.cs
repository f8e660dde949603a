using System.Data.Common;
using Akka.Actor;
using Akka.Actor.Setup;
using LinqToDB.Interceptors;

namespace Chronos.Actors.Journal;

/// <summary>What the journal and the snapshot store of an actor system share; Akka creates both by itself.</summary>
internal sealed class JournalSetup(JournalDatabase database, JournalOptions options) : Setup
{
    public JournalDatabase Database { get; } = database;

    public JournalOptions Options { get; } = options;

    /// <exception cref="InvalidOperationException">The actor system was created without <see cref="JournalHosting.WithChronosJournal"/>.</exception>
    public static JournalSetup Of(ActorSystem system) =>
        Find(system) ?? throw new InvalidOperationException($"the actor system '{system.Name}' was made without {nameof(JournalHosting.WithChronosJournal)}");

    /// <summary>Absent in an actor system without a journal.</summary>
    public static JournalSetup? Find(ActorSystem system) => system.Settings.Setup.Get<JournalSetup>() is { HasValue: true } setup ? setup.Value : null;
}

/// <summary>Gives the connections that the stock classes open the same settings as ours.</summary>
internal sealed class JournalConnectionInterceptor(JournalDatabase database) : ConnectionInterceptor
{
    public override void ConnectionOpened(ConnectionEventData eventData, DbConnection connection) =>
        database.Configure(connection);

    public override Task ConnectionOpenedAsync(ConnectionEventData eventData, DbConnection connection, CancellationToken cancellationToken)
    {
        ConnectionOpened(eventData, connection);
        return Task.CompletedTask;
    }
}

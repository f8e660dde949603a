using System.Text.Json.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Hosting;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Core.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Chronos.Tests.Actors.Journal;

public sealed record Noted(string Text) : IWireMessage;

public sealed record Notes(IReadOnlyList<string> Texts) : IWireMessage;

/// <summary>Has a row, but cannot be written: its getter throws.</summary>
public sealed record Unwritable(int Number) : IWireMessage
{
    public string Text => throw new NotSupportedException("cannot be written");
}

[JsonSerializable(typeof(Noted))]
[JsonSerializable(typeof(Notes))]
[JsonSerializable(typeof(Unwritable))]
internal sealed partial class NotesJson : JsonSerializerContext;

/// <summary>An actor system with the production journal on a folder of its own.</summary>
internal sealed class JournalHarness : IAsyncDisposable
{
    /// <summary>The lines of HOCON that switch back to the stock classes.</summary>
    public const string StockClasses =
        """
        akka.persistence.journal.sql.class = "Akka.Persistence.Sql.Journal.SqlWriteJournal, Akka.Persistence.Sql"
        akka.persistence.snapshot-store.sql.class = "Akka.Persistence.Sql.Snapshot.SqlSnapshotStore, Akka.Persistence.Sql"
        """;

    public static readonly WireCatalog Catalog = new(
    [
        WireRow.Of("test.noted.1", NotesJson.Default.Noted),
        WireRow.Of("test.notes.1", NotesJson.Default.Notes),
        WireRow.Of("test.unwritable.1", NotesJson.Default.Unwritable),
    ]);

    private readonly IHost _host;

    private JournalHarness(IHost host, JournalOptions options)
    {
        _host = host;
        Options = options;
    }

    public JournalOptions Options { get; }

    public JournalDatabase Database => Options.Database;

    public ActorSystem System => _host.Services.GetRequiredService<ActorSystem>();

    public static Task<JournalHarness> Start(string folder, Durability durability, string hocon) =>
        Start(new JournalOptions(folder, durability, new JournalPulse()), hocon);

    public static async Task<JournalHarness> Start(JournalOptions options, string hocon)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka("journal-test", akka => akka
            .WithChronosHocon()
            .AddHocon(ConfigurationFactory.ParseString(hocon), HoconAddMode.Prepend)
            .AddHocon(ConfigurationFactory.ParseString("akka.loglevel = OFF\nakka.stdout-loglevel = OFF"), HoconAddMode.Prepend)
            .WithChronosWire(Catalog)
            .WithChronosJournal(options));
        var host = builder.Build();
        await host.StartAsync();
        return new JournalHarness(host, options);
    }

    public IActorRef Writer(string persistenceId) => System.ActorOf(Props.Create(() => new NotesActor(persistenceId, true)));

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}

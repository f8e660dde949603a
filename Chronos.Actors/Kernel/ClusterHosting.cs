using System.Collections.Immutable;
using Akka;
using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Hosting;
using Akka.Remote.Hosting;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel.Bootstrap;
using Chronos.Actors.Kernel.Tls;

namespace Chronos.Actors.Kernel;

/// <summary>How fast a cluster takes a silent node for lost.</summary>
public enum ClusterProfile
{
    /// <summary>Nodes of one site: within two seconds.</summary>
    Lan,

    /// <summary>Nodes of several sites: within twelve.</summary>
    Wide,
}

/// <summary>Who decides which part of a cluster that was torn apart goes on.</summary>
public enum ClusterArbiter
{
    /// <summary>The larger part; of two halves the one with the lowest address.</summary>
    Majority,

    /// <summary>Who acquires a lease in the PostgreSQL database of the journal: either of two nodes survives the other.</summary>
    Lease,
}

/// <summary>What a node may be for.</summary>
public static class NodeRoles
{
    /// <summary>Jobs, timetables and the tick leader live here.</summary>
    public const string Scheduler = "scheduler";

    /// <summary>Attempts are sent from here. A timetable sends from its own node, so the two go together.</summary>
    public const string Dispatch = "dispatch";

    /// <summary>A mark for whoever balances requests; every node serves every route.</summary>
    public const string Api = "api";

    /// <summary>What a node is for when nothing is said.</summary>
    public static readonly ImmutableArray<string> All = [Scheduler, Dispatch, Api];
}

/// <summary>Where this node is found by other nodes.</summary>
/// <param name="Host">Name or address under which the others reach it.</param>
/// <param name="Port">0 lets the system choose.</param>
/// <param name="Seeds"><c>host:port</c> of nodes to join; empty and no bootstrap: a cluster of this node alone.</param>
/// <param name="Roles">See <see cref="NodeRoles"/>.</param>
public sealed record ClusterSettings(string Host, int Port, ImmutableArray<string> Seeds, ImmutableArray<string> Roles, ClusterProfile Profile)
{
    /// <summary>Name of the actor system, and so a part of every address.</summary>
    public const string SystemName = "chronos";

    public ClusterArbiter Arbiter { get; init; } = ClusterArbiter.Majority;

    /// <summary>The certificate of this node among the others; absent: they talk in the clear.</summary>
    public TlsSetup? Tls { get; init; }

    /// <summary>How the node finds the others where it has no seeds.</summary>
    public BootstrapSettings? Bootstrap { get; init; }

    /// <summary>Whether this node is a cluster by itself.</summary>
    public bool IsAlone => Seeds.IsEmpty && Bootstrap is null;

    /// <summary>How the addresses of nodes begin.</summary>
    public string Scheme => Tls is null ? "akka.tcp" : "akka.ssl.tcp";

    /// <summary>The seeds as Akka writes addresses.</summary>
    internal string[] SeedAddresses => [.. Seeds.Select(seed => $"{Scheme}://{SystemName}@{seed}")];

    /// <summary>Whether this node is the one of the seeds that founds a cluster where there is none.</summary>
    internal bool IsFirstSeed => !Seeds.IsEmpty && string.Equals(Seeds[0], $"{Host}:{Port}", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether jobs and timetables live on this node.</summary>
    public bool Schedules => Roles.Contains(NodeRoles.Scheduler);
}

/// <summary>Registers remoting and cluster membership.</summary>
public static class ClusterHosting
{
    private static readonly string[] ShardTypes = ["timetable", "job", "calendar"];

    /// <summary>Call it after <see cref="HoconFile.WithChronosHocon"/> and before everything that is sharded.</summary>
    public static AkkaConfigurationBuilder WithChronosCluster(this AkkaConfigurationBuilder builder, ClusterSettings settings)
    {
        if (!settings.IsAlone)
        {
            builder.WithClusterProfile(settings.Profile, settings.Arbiter);
        }

        builder
            .WithRemoting(new RemoteOptions { HostName = settings.Host, Port = settings.Port })
            .WithClustering(new ClusterOptions
            {
                // The first seed asks the database before it founds a cluster, and joins by itself.
                SeedNodes = settings.IsFirstSeed ? [] : settings.SeedAddresses,
                Roles = [.. settings.Roles],
            });
        if (settings.Tls is { } tls)
        {
            builder.WithTls(settings, tls);
        }

        if (settings.Bootstrap is { } bootstrap)
        {
            builder.WithActors((system, _) => system.ActorOf(Props.Create(() => new ClusterBootstrap(bootstrap)), "bootstrap"));
        }

        builder.AddStartup((system, _) =>
        {
            if (settings.Schedules && !settings.IsAlone)
            {
                system.ActorOf(Props.Create(() => new PromptCoordinators(ShardTypes)), "prompt-coordinators");
                var singletons = system.ActorOf(Props.Create(() => new PromptSingletons()), "prompt-singletons");
                CoordinatedShutdown.Get(system).AddTask(CoordinatedShutdown.PhaseClusterExiting, "end-singletons", () =>
                {
                    singletons.Tell(PromptSingletons.Begin.Instance);
                    return Task.FromResult(Done.Instance);
                });
            }

            if (JournalSetup.Find(system)?.Options.Postgres is { } database)
            {
                system.ActorOf(ClusterPresence.Props(database, settings.IsFirstSeed ? [.. settings.SeedAddresses.Select(Address.Parse)] : []), "presence");
            }
            else if (settings.IsFirstSeed)
            {
                Akka.Cluster.Cluster.Get(system).JoinSeedNodes(settings.SeedAddresses.Select(Address.Parse));
            }
        });
        if (settings.IsAlone)
        {
            builder.AddStartup((system, _) =>
            {
                var cluster = Akka.Cluster.Cluster.Get(system);
                cluster.Join(cluster.SelfAddress);
            });
        }

        return builder;
    }

    /// <summary>Where this node is to be a cluster by itself, nobody else may be at work on its journal. Call it after <see cref="JournalHosting.WithChronosJournal"/>.</summary>
    /// <exception cref="JournalInUseException">Somebody is.</exception>
    public static AkkaConfigurationBuilder ExpectNobodyElse(this AkkaConfigurationBuilder builder, JournalOptions journal, ClusterSettings settings)
    {
        if (settings.IsAlone && journal.Postgres is { } database)
        {
            // The configuration is made by one thread, before there is anything that could wait for it.
            Task.Run(() => SoleNode.ExpectAsync(database, TimeProvider.System)).GetAwaiter().GetResult();
        }

        return builder;
    }

    /// <summary>In the place of the stock transport, which then is not there at all.</summary>
    private static void WithTls(this AkkaConfigurationBuilder builder, ClusterSettings settings, TlsSetup tls)
    {
        builder.AddSetup(tls);
        builder.AddHocon(
            $"""
            akka.remote.enabled-transports = ["akka.remote.chronos-tls"]
            akka.remote.chronos-tls.transport-class = "{typeof(TlsTransport).FullName}, {typeof(TlsTransport).Assembly.GetName().Name}"
            akka.remote.chronos-tls.hostname = "{settings.Host}"
            akka.remote.chronos-tls.port = {settings.Port}
            akka.remote.chronos-tls.maximum-frame-size = 128000b
            akka.remote.chronos-tls.connection-timeout = 10s
            """,
            HoconAddMode.Prepend);
    }
}

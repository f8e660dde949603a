using Akka.Cluster.Hosting;
using Akka.Hosting;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Actors.NodeStore;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Core.Projections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Chronos.Actors.Projections;

/// <summary>Where the read side keeps its files, and how much of the past.</summary>
public sealed record ReadSideOptions(string DataDirectory)
{
    public TimeSpan LedgerMaxAge { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long dead letters stay open.</summary>
    public TimeSpan DeadLetterMaxAge { get; init; } = TimeSpan.FromDays(14);

    public long LedgerMaxExecutions { get; init; } = 5_000_000;

    /// <summary>How often the ledger forgets.</summary>
    public TimeSpan RetentionInterval { get; init; } = TimeSpan.FromMinutes(10);

    public OutputRetention Outputs { get; init; } = OutputRetention.Default;

    /// <summary>Where the cluster keeps ledger and catalog; absent: in a file of this node.</summary>
    public PostgresAddress? Postgres { get; init; }

    /// <summary>The name of this node.</summary>
    public string Node { get; init; } = "node";

    public string ReadDatabase => Path.Combine(DataDirectory, "read.db");

    public string NodeStore => Path.Combine(DataDirectory, "node.db");

    public string OutputStore => Path.Combine(DataDirectory, "outputs.db");
}

/// <summary>Registers the read side: projections and their queries, node store, key ring, outputs.</summary>
public static class ReadSideHosting
{
    /// <summary>Needs <see cref="IJournalReader"/>, <see cref="JournalPulse"/> and <see cref="TimeProvider"/> to be registered too.</summary>
    public static IServiceCollection WithReadSide(this IServiceCollection services, ReadSideOptions options) => services
        .AddSingleton(options)
        .AddSingleton<ReadDatabase>(p => options.Postgres is { } address
            ? new PostgresReadDatabase(address, options.Node, p.GetRequiredService<ILogger<PostgresReadDatabase>>())
            : new SqliteReadDatabase(options.ReadDatabase, p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<SqliteReadDatabase>>()))
        .AddSingleton<IProjection, LedgerProjection>()
        .AddSingleton<IProjection, CatalogProjection>()
        .AddSingleton<ProjectionRunner>()
        .AddSingleton<LedgerQueries>()
        .AddSingleton<CatalogQueries>()
        .AddSingleton<LedgerRetention>()
        .AddSingleton<KeyDirectory>()
        .AddSingleton(p => new OutputStore(options.OutputStore, options.Outputs, p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<OutputStore>>()))
        .AddSingleton<IOutputStore>(p => p.GetRequiredService<OutputStore>())
        .AddHostedService<ReadSideService>();

    /// <summary>
    /// The actors of the read side: the node store of this node (<see cref="NodeStoreKey"/>) and the key ring of the cluster (<see cref="KeyRingKey"/>), which lives on
    /// nodes that schedule.
    /// </summary>
    public static AkkaConfigurationBuilder WithReadSide(this AkkaConfigurationBuilder builder, ReadSideOptions options, ClusterSettings cluster) => builder
        .AddHocon($"{NodeStoreActor.Dispatcher}.type = PinnedDispatcher", HoconAddMode.Append)
        .WithActors((system, registry, resolver) => registry.Register<NodeStoreKey>(system.ActorOf(
            NodeStoreActor.Props(
                options.NodeStore, resolver.GetService<IJournalReader>(), resolver.GetService<JournalPulse>(), resolver.GetService<KeyDirectory>(),
                resolver.GetService<TimeProvider>()),
            "node-store")))
        .WithKeyRing(cluster);

    private static AkkaConfigurationBuilder WithKeyRing(this AkkaConfigurationBuilder builder, ClusterSettings cluster)
    {
        var options = new ClusterSingletonOptions { Role = NodeRoles.Scheduler };
        return cluster.Schedules
            ? builder.WithSingleton<KeyRingKey>(
                "key-ring", (_, _, resolver) => KeyRingActor.Props(TenantId.Default, resolver.GetService<KeyDirectory>(), resolver.GetService<TimeProvider>()), options)
            : builder.WithSingletonProxy<KeyRingKey>("key-ring", options);
    }
}

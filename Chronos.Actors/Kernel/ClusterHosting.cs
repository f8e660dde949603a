using Akka.Cluster.Hosting;
using Akka.Hosting;
using Akka.Remote.Hosting;

namespace Chronos.Actors.Kernel;

/// <summary>Where this node is found by other nodes.</summary>
/// <param name="Port">0 lets the system choose.</param>
/// <param name="Seeds">Addresses to join; empty means a cluster of this node alone.</param>
public sealed record ClusterSettings(string Host, int Port, IReadOnlyList<string> Seeds, IReadOnlyList<string> Roles);

/// <summary>Registers remoting and cluster membership.</summary>
public static class ClusterHosting
{
    public static AkkaConfigurationBuilder WithChronosCluster(this AkkaConfigurationBuilder builder, ClusterSettings settings)
    {
        builder
            .WithRemoting(new RemoteOptions { HostName = settings.Host, Port = settings.Port })
            .WithClustering(new ClusterOptions { SeedNodes = [.. settings.Seeds], Roles = [.. settings.Roles] });
        if (settings.Seeds.Count == 0)
        {
            builder.AddStartup((system, _) =>
            {
                var cluster = Akka.Cluster.Cluster.Get(system);
                cluster.Join(cluster.SelfAddress);
            });
        }

        return builder;
    }
}

using Akka;
using Akka.Actor;
using Akka.Hosting;

namespace Chronos.Actors.Kernel;

/// <summary>Registers what every shard region needs beside itself.</summary>
internal static class RegionHosting
{
    /// <summary>Call it after the region, or its proxy, that is registered as <typeparamref name="TKey"/>.</summary>
    public static AkkaConfigurationBuilder WithPromptEnd<TKey>(this AkkaConfigurationBuilder builder) => builder.WithActors((system, registry) =>
    {
        var region = (ActorRefWithCell)registry.Get<TKey>();
        var prompt = system.ActorOf(Props.Create(() => new PromptRegion(region)), $"prompt-{region.Path.Name}");
        CoordinatedShutdown.Get(system).AddTask(CoordinatedShutdown.PhaseClusterShardingShutdownRegion, $"end-{region.Path.Name}", () =>
        {
            prompt.Tell(PromptRegion.Begin.Instance);
            return Task.FromResult(Done.Instance);
        });
    });
}

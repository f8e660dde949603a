using Akka.Actor;
using Akka.Hosting;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Chronos.Tests.Cluster;

/// <summary>What HOCON and the typed options of the cluster really say at run time.</summary>
public sealed class ClusterConfigurationTests
{
    [Theory]
    [InlineData(ClusterProfile.Lan, "900ms", "600ms", "15s")]
    [InlineData(ClusterProfile.Wide, "6s", "6s", "60s")]
    public async Task The_effective_values_are_the_intended_ones(ClusterProfile profile, string pause, string stable, string unstable)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka(ClusterSettings.SystemName, akka => akka
            .WithChronosHocon()
            .AddHocon("akka.loglevel = OFF\nakka.stdout-loglevel = OFF", HoconAddMode.Prepend)
            .WithChronosCluster(new ClusterSettings("127.0.0.1", 0, ["127.0.0.1:1", "two:2"], [NodeRoles.Api], profile)));
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        var config = host.Services.GetRequiredService<ActorSystem>().Settings.Config;

        Assert.Equal(pause, config.GetString("akka.cluster.failure-detector.acceptable-heartbeat-pause"));
        Assert.Equal(stable, config.GetString("akka.cluster.split-brain-resolver.stable-after"));
        Assert.Equal(unstable, config.GetString("akka.cluster.split-brain-resolver.down-all-when-unstable"));
        Assert.Equal("Chronos.Actors.Kernel.PromptDowningProvider, Chronos.Actors", config.GetString("akka.cluster.downing-provider-class"));
        Assert.Equal("200ms", config.GetString("akka.cluster.singleton.hand-over-retry-interval"));
        Assert.False(config.GetBoolean("akka.coordinated-shutdown.run-by-clr-shutdown-hook", true));
        Assert.Equal("20", config.GetString("akka.cluster.sharding.least-shard-allocation-strategy.rebalance-absolute-limit"));
        Assert.Equal("10s", config.GetString("akka.cluster.sharding.handoff-timeout"));
        Assert.Equal(["akka.tcp://chronos@127.0.0.1:1", "akka.tcp://chronos@two:2"], config.GetStringList("akka.cluster.seed-nodes"));
        Assert.Equal(["api"], config.GetStringList("akka.cluster.roles"));
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void The_toolkits_own_messages_that_hurry_it_are_there()
    {
        Assert.Equal("Akka.Cluster.SBR.SplitBrainResolverBase+Tick", PromptDowningProvider.Tick.GetType().FullName);
        Assert.Equal("Akka.Cluster.Sharding", PromptCoordinators.Begin.GetType().Assembly.GetName().Name);
    }
}

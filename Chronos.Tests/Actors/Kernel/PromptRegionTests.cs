using System.Globalization;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Hosting;
using Akka.Cluster.Sharding;
using Akka.Configuration;
using Akka.Hosting;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Wire;
using Chronos.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;
using ClusterMembership = Akka.Cluster.Cluster;
using ClusterSettings = Chronos.Actors.Kernel.ClusterSettings;

namespace Chronos.Tests.Actors.Kernel;

/// <summary>
/// Nodes that stop at once while somebody never ceases to tell their regions something, and of which none can take over what another gives away. The
/// toolkit's own time-outs are far beyond that of the test: only who ends by himself ends in time.
/// </summary>
public sealed class PromptRegionTests
{
    private const int Shards = 16;

    private static readonly Config Patient = ConfigurationFactory.ParseString(
        """
        akka.loglevel = OFF
        akka.stdout-loglevel = OFF
        akka.coordinated-shutdown.phases.cluster-sharding-shutdown-region.timeout = 2m
        akka.coordinated-shutdown.phases.cluster-exiting.timeout = 2m
        akka.cluster.singleton.min-number-of-hand-over-retries = 600
        """);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Nodes_that_stop_at_once_do_not_wait_for_homes_of_what_is_still_told(int count)
    {
        var ports = Enumerable.Range(0, count).Select(_ => TestPort.Free()).ToList();
        var hosts = ports.ConvertAll(port => Node(new ClusterSettings("127.0.0.1", port, [.. ports.Select(p => $"127.0.0.1:{p}")], NodeRoles.All, ClusterProfile.Lan)));
        try
        {
            await Task.WhenAll(hosts.Select(host => host.StartAsync(TestContext.Current.CancellationToken)));
            var systems = hosts.ConvertAll(host => host.Services.GetRequiredService<ActorSystem>());
            await Eventually.True(
                () => systems.TrueForAll(s => ClusterMembership.Get(s).State.Members.Count(m => m.Status == MemberStatus.Up) == count), TimeSpan.FromSeconds(30));
            var tellers = systems.ConvertAll(system => Enumerable.Range(0, Shards).Select(i => system.Scheduler.ScheduleTellRepeatedlyCancelable(
                TimeSpan.Zero, TimeSpan.FromMilliseconds(10), Region(system), new TimetablePlanning.Tick(i, 1, DateTimeOffset.UnixEpoch), ActorRefs.NoSender)).ToList());
            await Eventually.True(() => systems.Sum(system => Region(system).Children.Count()) == Shards, TimeSpan.FromSeconds(30));

            await Task.WhenAll(systems.Select(system => CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.UnknownReason.Instance)))
                .WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

            tellers.ForEach(told => told.ForEach(t => t.Cancel()));
        }
        finally
        {
            hosts.ForEach(host => host.Dispose());
        }
    }

    private static ActorRefWithCell Region(ActorSystem system) => (ActorRefWithCell)ActorRegistry.For(system).Get<PromptRegionTests>();

    private static IHost Node(ClusterSettings cluster)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka(ClusterSettings.SystemName, akka => akka
            .WithChronosHocon()
            .AddHocon(Patient, HoconAddMode.Prepend)
            .WithChronosWire(new WireCatalog([.. JobsWire.Rows]))
            .WithChronosCluster(cluster)
            .WithShardRegion<PromptRegionTests>(
                "timetable", (_, _, _) => _ => Props.Create(() => new Listener()), new Extractor(), new ShardOptions { Role = NodeRoles.Scheduler, StateStoreMode = StateStoreMode.DData })
            .WithPromptEnd<PromptRegionTests>());
        return builder.Build();
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener() => Receive<TimetablePlanning.Tick>(_ => { });
    }

    private sealed class Extractor : HashCodeMessageExtractor
    {
        public Extractor()
            : base(Shards)
        {
        }

        public override string? EntityId(object message) => message is TimetablePlanning.Tick tick ? tick.Timetable.ToString(CultureInfo.InvariantCulture) : null;

        public override string ShardId(string entityId, object? messageHint = null) => entityId;
    }
}

using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using Chronos.Actors.Kernel;
using Chronos.Actors.Projections;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Jobs;

/// <summary>What the room of jobs needs from its host.</summary>
/// <param name="Node">Name of this node, as it stands in the ledger.</param>
/// <param name="Dispatcher">The dispatch router of this node for a protocol.</param>
public sealed record JobsOptions(
    string Node, TimeProvider Time, IIdSource Ids, JobsMetrics Metrics, Func<IReadOnlyActorRegistry, Protocol, IActorRef> Dispatcher);

/// <summary>Registers jobs and timetables as shard regions, and the tick leader as singleton.</summary>
public static class JobsHosting
{
    private const int JobShards = 64;

    /// <summary>The regions and the leader's proxy on every node; jobs, timetables and the leader themselves on nodes that schedule.</summary>
    public static AkkaConfigurationBuilder WithJobs(this AkkaConfigurationBuilder builder, JobsOptions options, ClusterSettings cluster) =>
        (cluster.Schedules ? builder.WithOwnJobs(options) : builder
            .WithShardRegionProxy<TimetableRegionKey>("timetable", NodeRoles.Scheduler, new TimetableExtractor())
            .WithShardRegionProxy<JobRegionKey>("job", NodeRoles.Scheduler, new JobExtractor())
            .WithSingletonProxy<TickLeaderKey>("tick-leader", new ClusterSingletonOptions { Role = NodeRoles.Scheduler, BufferSize = 10_000 }))
        .WithPromptEnd<TimetableRegionKey>()
        .WithPromptEnd<JobRegionKey>();

    private static AkkaConfigurationBuilder WithOwnJobs(this AkkaConfigurationBuilder builder, JobsOptions options) => builder
        .AddHocon(AgendaReader.DispatcherConfig, HoconAddMode.Append)
        .WithShardRegion<TimetableRegionKey>(
            "timetable",
            (_, registry, _) => number =>
            {
                // The leader's proxy is registered last; until it is, a report would have nobody to go to, and the leader asks again.
                var settings = new TimetableSettings(
                    options.Node, options.Time, options.Metrics, () => registry.TryGet<TickLeaderKey>(out var leader) ? leader : ActorRefs.Nobody,
                    protocol => options.Dispatcher(registry, protocol));
                return EntityProps.Of(() => new TimetableActor(int.Parse(number), settings));
            },
            new TimetableExtractor(),
            new ShardOptions { Role = NodeRoles.Scheduler, RememberEntities = false, StateStoreMode = StateStoreMode.DData, ShouldPassivateIdleEntities = false, HandOffStopMessage = TimetableActor.HandOff.Instance })
        .WithShardRegion<JobRegionKey>(
            "job",
            (_, registry, _) =>
            {
                var timetables = registry.Get<TimetableRegionKey>();
                return entity => EntityProps.Of(() => new JobActor($"job|{entity}", options.Time, options.Ids, timetables));
            },
            new JobExtractor(),
            new ShardOptions { Role = NodeRoles.Scheduler, RememberEntities = false, StateStoreMode = StateStoreMode.DData, ShouldPassivateIdleEntities = false, HandOffStopMessage = JobActor.Stop.Instance })
        .WithSingleton<TickLeaderKey>(
            "tick-leader",
            (_, registry, _) =>
            {
                var timetables = registry.Get<TimetableRegionKey>();
                return TickLeader.Props(options.Time, timetables, options.Node, options.Metrics);
            },
            new ClusterSingletonOptions { Role = NodeRoles.Scheduler, BufferSize = 10_000 });

    /// <summary>Starts the plan reactor; needs the read side.</summary>
    public static AkkaConfigurationBuilder WithPlanReactor(this AkkaConfigurationBuilder builder) => builder
        .WithActors((system, registry, resolver) =>
        {
            var (catalog, time) = (resolver.GetService<CatalogQueries>(), resolver.GetService<TimeProvider>());
            var jobs = registry.Get<JobRegionKey>();
            system.ActorOf(Props.Create(() => new PlanReactor(catalog, time, jobs)), "plan-reactor");
        });

    /// <summary>Entity id <c>tenant|job</c>; jobs share shards by the number that also names their timetable.</summary>
    private sealed class JobExtractor : HashCodeMessageExtractor
    {
        public JobExtractor()
            : base(JobShards)
        {
        }

        public override string? EntityId(object message) => message is IJobCommand c ? $"{c.Tenant}|{c.Job}" : null;
    }

    /// <summary>One shard per timetable; the number is entity id and shard id alike.</summary>
    private sealed class TimetableExtractor : IMessageExtractor
    {
        public string? EntityId(object message) => message switch
        {
            TimetablePlanning.Tick tick => Text(tick.Timetable),
            INumberedTimetableCommand numbered => Text(numbered.Timetable),
            ITimetableCommand command => Text(TimetableNumbers.Of(command.Job)),
            _ => null,
        };

        public object EntityMessage(object message) => message;

        public string? ShardId(object message) => EntityId(message);

        public string ShardId(string entityId, object? messageHint = null) => entityId;

        private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}

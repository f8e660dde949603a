using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using Chronos.Actors.Jobs;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Core.Calendars;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Calendars;

/// <summary>Registry key of the shard region of calendars; it takes <see cref="ICalendarCommand"/>.</summary>
public sealed class CalendarRegionKey;

/// <summary>Registers calendars as a shard region, and what keeps the calendars of this node up to date.</summary>
public static class CalendarsHosting
{
    private const int Shards = 16;

    /// <summary>Needs the timetables to be registered before; <see cref="CalendarDirectory"/>, <see cref="IJournalReader"/> and <see cref="TimeProvider"/> are services.</summary>
    public static AkkaConfigurationBuilder WithCalendars(this AkkaConfigurationBuilder builder, ClusterSettings cluster) =>
        (cluster.Schedules ? builder.WithOwnCalendars() : builder.WithShardRegionProxy<CalendarRegionKey>("calendar", NodeRoles.Scheduler, new CalendarExtractor()))
        .WithPromptEnd<CalendarRegionKey>()
        .AddHocon($"{CalendarReactor.Dispatcher}.type = PinnedDispatcher", HoconAddMode.Append)
        .WithActors((system, registry, resolver) =>
        {
            var (journal, directory, time) = (resolver.GetService<IJournalReader>(), resolver.GetService<CalendarDirectory>(), resolver.GetService<TimeProvider>());
            var calendars = registry.Get<CalendarRegionKey>();
            system.ActorOf(Props.Create(() => new CalendarReactor(journal, directory, time, calendars)).WithDispatcher(CalendarReactor.Dispatcher), "calendar-reactor");
        });

    private static AkkaConfigurationBuilder WithOwnCalendars(this AkkaConfigurationBuilder builder) => builder
        .WithShardRegion<CalendarRegionKey>(
            "calendar",
            (_, registry, resolver) =>
            {
                var timetables = registry.Get<TimetableRegionKey>();
                var (time, directory) = (resolver.GetService<TimeProvider>(), resolver.GetService<CalendarDirectory>());
                return entity =>
                {
                    var split = entity.IndexOf('|', StringComparison.Ordinal);
                    var (tenant, name) = (new TenantId(entity[..split]), entity[(split + 1)..]);
                    return EntityProps.Of(() => new CalendarActor(tenant, name, time, timetables, directory));
                };
            },
            new CalendarExtractor(),
            new ShardOptions { Role = NodeRoles.Scheduler, RememberEntities = false, StateStoreMode = StateStoreMode.DData, ShouldPassivateIdleEntities = false });

    private sealed class CalendarExtractor : HashCodeMessageExtractor
    {
        public CalendarExtractor()
            : base(Shards)
        {
        }

        public override string? EntityId(object message) => message is ICalendarCommand c ? $"{c.Tenant}|{c.Name}" : null;
    }
}

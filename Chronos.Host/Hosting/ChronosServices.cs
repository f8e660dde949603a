using System.Diagnostics.Metrics;
using Akka.Hosting;
using Chronos.Actors.Calendars;
using Chronos.Actors.Diagnosis;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Callbacks;
using Chronos.Actors.Dispatching.Secrets;
using Chronos.Actors.Jobs;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Actors.NodeStore;
using Chronos.Actors.Projections;
using Chronos.Actors.Studio;
using Chronos.Core.Calendars;
using Chronos.Core.Diagnosis;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Wire;
using Chronos.Host.Calendars;
using Chronos.Host.Cluster;
using Chronos.Host.Executions;
using Chronos.Host.Http;
using Chronos.Host.Jobs;
using Chronos.Host.Keys;
using Chronos.Host.Schedules;
using Chronos.Host.Targets;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Chronos.Host.Hosting;

/// <summary>Everything a node is made of.</summary>
internal static class ChronosServices
{
    /// <summary>Every type that is stored or sent, of all rooms.</summary>
    public static WireCatalog Catalog { get; } = new([.. JobsWire.Rows, .. CalendarsWire.Rows, .. AccessWire.Rows, .. DiagnosisWire.Rows, .. DispatchingWire.Rows]);

    public static IServiceCollection AddChronos(this IServiceCollection services, ChronosSettings settings, TimeProvider time)
    {
        var journal = new JournalOptions(settings.Data, settings.Durability, new JournalPulse()) { Postgres = settings.Postgres, Tail = new JournalTail(time) };
        var reads = new ReadSideOptions(settings.Data) { LedgerMaxAge = settings.Retention.Age, LedgerMaxExecutions = settings.Retention.Executions, DeadLetterMaxAge = settings.DeadLetterAge, Postgres = settings.Postgres, Node = settings.NodeName };
        services
            .AddSingleton(settings)
            .AddSingleton(time)
            .AddSingleton<IIdSource, UlidSource>()
            .AddSingleton(Catalog)
            .AddSingleton(journal)
            .AddSingleton(journal.Pulse)
            .AddSingleton<IJournalReader, SqlJournalReader>()
            .AddSingleton<JournalProbe>()
            .AddSingleton<JournalRetention>()
            .WithReadSide(reads)
            .AddSingleton<ISecretSource>(new FileSecretSource(settings.Data))
            .AddSingleton(p => new CircuitBoard(new CircuitOptions(), p.GetRequiredService<TimeProvider>()))
            .AddSingleton<ICircuitBoard>(p => p.GetRequiredService<CircuitBoard>())
            .WithDispatchers(settings)
            .AddSingleton<StudioExchanges>()
            .AddSingleton(p => new StudioTester(
                p.GetRequiredService<Dispatchers>().OpenForStudio, p.GetRequiredService<StudioExchanges>(), p.GetRequiredService<IIdSource>(), p.GetRequiredService<TimeProvider>()))
            .AddSingleton<NodePressure>()
            .AddSingleton(p => new JobsMetrics(p.GetRequiredService<IMeterFactory>(), settings.NodeName, p.GetRequiredService<NodePressure>()));
        services.AddAkka(ClusterSettings.SystemName, (akka, p) => akka.WithNode(p, settings, journal, reads));
        services.AddSingleton<FirstKey>().AddHostedService(p => p.GetRequiredService<FirstKey>()).AddHostedService<JournalRetentionService>().AddHostedService<WarmUpService>().AddHostedService<QuietCollectionService>()
            .AddSingleton<Readiness>().AddHostedService<FarewellService>();
        return services.AddApi().AddTelemetry(settings);
    }

    private static AkkaConfigurationBuilder WithNode(
        this AkkaConfigurationBuilder akka, IServiceProvider services, ChronosSettings settings, JournalOptions journal, ReadSideOptions reads)
    {
        var time = services.GetRequiredService<TimeProvider>();
        var cluster = new ClusterSettings(settings.ClusterHost, settings.ClusterPort, settings.ClusterSeeds, settings.ClusterRoles, settings.ClusterProfile)
        {
            Arbiter = settings.ClusterArbiter,
            Tls = services.GetRequiredService<NodeCertificates>().Cluster,
            Bootstrap = ClusterFormation.Bootstrap(settings, time),
        };
        return akka
            .WithChronosHocon()
            .AddHocon($"akka.stdout-logger-class = \"{typeof(EdgeLogger).FullName}, {typeof(EdgeLogger).Assembly.GetName().Name}\"", HoconAddMode.Prepend)
            .ConfigureLoggers(loggers =>
            {
                loggers.ClearLoggers();
                loggers.AddLoggerFactory();
                loggers.LogLevel = Akka.Event.LogLevel.InfoLevel;
            })
            .WithChronosWire(services.GetRequiredService<WireCatalog>())
            .WithChronosJournal(journal)
            .ExpectNobodyElse(journal, cluster)
            .WithChronosCluster(cluster)
            .WithReadSide(reads, cluster)
            .WithDispatching(
                new DispatchOptions { Callbacks = () => services.GetRequiredService<PublicAddress>().Url }, [.. services.GetServices<IDispatcher>()], services.GetRequiredService<IOutputStore>(), services.GetRequiredService<ICircuitBoard>(), time,
                registry => registry.Get<TimetableRegionKey>())
            .WithJobs(new JobsOptions(
                settings.NodeName, time, services.GetRequiredService<IIdSource>(), services.GetRequiredService<JobsMetrics>(), (registry, _) => registry.Get<DispatchKey>()), cluster)
            .WithOutputShelf(services.GetRequiredService<IOutputStore>())
            .WithCalendars(cluster)
            .WithPlanReactor()
            .WithVitals(() => DoctorEndpoints.Measure(settings, services.GetRequiredService<JournalProbe>(), services.GetRequiredService<JournalPulse>(), services.GetRequiredService<ProjectionRunner>(), services.GetRequiredService<NodeCertificates>(), time));
    }

    private static IServiceCollection AddApi(this IServiceCollection services) => services
        .AddSingleton<CalendarDirectory>().AddSingleton<CalendarRequests>().AddSingleton<AgendaRequests>().AddSingleton<Regions>().AddSingleton<KeyRings>().AddSingleton<ReadSide>()
        .AddSingleton<JobViews>().AddSingleton<JobRequests>().AddSingleton<ExecutionFinder>().AddSingleton<OutputFinder>().AddSingleton<TargetBoard>()
        .AddSingleton<PublicAddress>().AddSingleton<CallbackReports>()
        .AddSingleton<RequestMetrics>().AddSingleton<CatalogMetrics>()
        .AddExceptionHandler<ProblemHandling>()
        .ConfigureHttpJsonOptions(options =>
        {
            // What the OpenAPI document describes is what ApiJson writes.
            var own = ApiJson.Api.Options;
            options.SerializerOptions.PropertyNamingPolicy = own.PropertyNamingPolicy;
            options.SerializerOptions.DefaultIgnoreCondition = own.DefaultIgnoreCondition;
            options.SerializerOptions.NumberHandling = own.NumberHandling;
            foreach (var converter in own.Converters)
            {
                options.SerializerOptions.Converters.Add(converter);
            }

            options.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Api);
        })
        .AddApiDescription();

    private static IServiceCollection AddTelemetry(this IServiceCollection services, ChronosSettings settings)
    {
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("chronos", serviceInstanceId: settings.NodeName))
            .WithMetrics(metrics => metrics.AddMeter("Chronos").AddPrometheusExporter());
        if (settings.OtlpEndpoint is { } endpoint)
        {
            telemetry.WithTracing(traces => traces
                .AddSource(DispatchTelemetry.ActivityName)
                .AddAspNetCoreInstrumentation(spans => spans.EnrichWithHttpRequest = static (span, request) =>
                {
                    // The path of a callback is its credential.
                    if (request.Path.StartsWithSegments("/api/v1/callbacks", StringComparison.OrdinalIgnoreCase))
                    {
                        span.SetTag("url.path", "/api/v1/callbacks/***");
                    }
                })
                .AddOtlpExporter(otlp => otlp.Endpoint = endpoint));
        }

        return services;
    }
}

using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Akka.Actor;
using Akka.Configuration;
using Akka.Hosting;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Jobs;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Core.Calendars;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Core.Wire;
using Chronos.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Chronos.Tests.Actors.Jobs;

/// <summary>Jobs, timetables and leader as production registers them, and a dispatcher that the test answers for.</summary>
internal sealed class JobsHarness : IAsyncDisposable
{
    public static readonly Principal Ann = new("ann");
    private static readonly ClusterSettings Alone = new("127.0.0.1", 0, [], NodeRoles.All, ClusterProfile.Lan);
    private readonly IHost _host;

    private JobsHarness(IHost host) => _host = host;

    public ConcurrentQueue<(AttemptRequest Attempt, DateTimeOffset At)> Offered { get; } = [];

    public IActorRef Jobs => ActorRegistry.For(System).Get<JobRegionKey>();

    public IActorRef Timetables => ActorRegistry.For(System).Get<TimetableRegionKey>();

    public IActorRef Leader => ActorRegistry.For(System).Get<TickLeaderKey>();

    public ActorSystem System => _host.Services.GetRequiredService<ActorSystem>();

    /// <summary>Whether attempts end well by themselves, at once.</summary>
    public bool Answers { get; set; } = true;

    public static Task<JobsHarness> Start(string folder) => Start(folder, TimeProvider.System);

    public static async Task<JobsHarness> Start(string folder, TimeProvider time)
    {
        JobsHarness? harness = null;
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka("jobs-test", (akka, services) =>
        {
            var metrics = new JobsMetrics(services.GetRequiredService<IMeterFactory>(), "test");
            akka.WithChronosHocon()
                .AddHocon(ConfigurationFactory.ParseString("akka.loglevel = OFF\nakka.stdout-loglevel = OFF"), HoconAddMode.Prepend)
                .WithChronosWire(new WireCatalog([.. JobsWire.Rows, .. CalendarsWire.Rows]))
                .WithChronosJournal(new JournalOptions(folder, Durability.Relaxed, new JournalPulse()))
                .WithChronosCluster(Alone)
                .WithActors((system, registry) => registry.Register<Recorder>(system.ActorOf(Props.Create(() => new Recorder(() => harness!)))))
                .WithJobs(new JobsOptions("test", time, new UlidSource(time), metrics, (registry, _) => registry.Get<Recorder>()), Alone);
        });
        var host = builder.Build();
        harness = new JobsHarness(host);
        await host.StartAsync();
        return harness;
    }

    public static JobDefinition Definition(string name, string cron) => new()
    {
        Name = name,
        Schedule = new ScheduleSpec { Cron = cron },
        Target = new DispatchTarget(Protocol.Http, """{"url":"http://127.0.0.1:1/"}"""),
    };

    public Task<object> Ask(IActorRef to, object message) => to.Ask<object>(message, TimeSpan.FromSeconds(10));

    public async Task<JobSnapshot> Create(JobDefinition definition)
    {
        var reply = await Ask(Jobs, new JobCommands.Create(TenantId.Default, JobId.For(TenantId.Default, definition.Name), definition, Ann, null));
        return ((JobReplies.Accepted)reply).Job;
    }

    public Task WaitUntil(Func<bool> condition) => Eventually.True(condition, TimeSpan.FromSeconds(20));

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    public sealed class Recorder : ReceiveActor
    {
        public Recorder(Func<JobsHarness> harness)
        {
            Receive<DispatchProtocol.Offer>(o =>
            {
                var test = harness();
                test.Offered.Enqueue((o.Attempt, DateTimeOffset.UtcNow));
                if (test.Answers)
                {
                    test.Timetables.Tell(new TimetableFacts.AttemptFinished(o.Attempt.Job, o.Attempt.Execution, o.Attempt.Attempt,
                        new AttemptOutcome(FailureClass.None, DateTimeOffset.UtcNow, TimeSpan.FromMilliseconds(1), 200, null, "ok", null)));
                }
            });
        }
    }
}

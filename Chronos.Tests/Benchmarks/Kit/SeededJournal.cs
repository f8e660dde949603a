using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Akka.Actor;
using Akka.Configuration;
using Akka.Hosting;
using Akka.Persistence;
using Chronos.Actors.Jobs;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Host.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Chronos.Benchmarks.Kit;

/// <summary>Jobs to be written into a journal.</summary>
/// <param name="Snapshots">Each timetable also takes a snapshot at the end.</param>
/// <param name="Events">The events of the jobs too, not only their plans.</param>
internal sealed record SeedCase(int Jobs, string Url, string Folder, bool Snapshots, bool Events = true)
{
    /// <summary>Timetable 0 has worked after its snapshot, for as long as it can until the next one is due.</summary>
    public bool Worked { get; init; }
}

/// <summary>
/// A journal as a node would leave it that was asked for so many jobs: the event that creates each job, and its plan in the batches
/// of its timetable. Written by the product's own journal and types; only the requests and the entities that decide are left out,
/// which would take the time of a million requests.
/// </summary>
internal static class SeededJournal
{
    private const int Chunk = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static Task<Figures> Write(SeedCase what) => ChildProcess.Measure(ChildProcess.SeedMode, JsonSerializer.Serialize(what));

    public static async Task<Figures> Run(string text)
    {
        var what = JsonSerializer.Deserialize<SeedCase>(text)!;
        var began = Stopwatch.GetTimestamp();
        using var host = await Start(what.Folder);
        var system = host.Services.GetRequiredService<ActorSystem>();
        var journal = Persistence.Instance.Apply(system).JournalFor("");
        var now = DateTimeOffset.UtcNow;
        var events = system.ActorOf(Props.Create(() => new EventSeeder(journal)));
        var timetables = Enumerable.Range(0, TimetableNumbers.Count).Select(n => system.ActorOf(Props.Create(() => new TimetableSeeder(n)))).ToList();
        for (var from = 0; from < what.Jobs; from += 64 * Chunk)
        {
            var made = Enumerable.Range(from, Math.Min(64 * Chunk, what.Jobs - from))
                .Select(i => (Id: JobId.For(TenantId.Default, NameOf(i)), Definition: DefinitionOf(i, what.Url))).ToList();
            foreach (var some in what.Events ? made.Chunk(Chunk) : [])
            {
                await events.Ask<Status.Success>(new Create([.. some.Select(j => Created(j.Id, j.Definition, now))]), Patience);
            }

            await Task.WhenAll(made.GroupBy(j => TimetableNumbers.Of(j.Id)).Select(g => timetables[g.Key].Ask<Status.Success>(
                new Plan([.. g.Select(j => new PlanSet(j.Id, TenantId.Default, 1, 1, PlanState.Active, null, now, j.Definition))], now), Patience)));
        }

        if (what.Snapshots)
        {
            await Task.WhenAll(timetables.Select(t => t.Ask<Status.Success>(new TakeSnapshot(), Patience)));
        }

        if (what.Worked)
        {
            await timetables[0].Ask<Status.Success>(new Work(DateTimeOffset.UtcNow), Patience);
        }

        await host.StopAsync();
        return new Figures { ["seed s"] = Stopwatch.GetElapsedTime(began).TotalSeconds };
    }

    /// <summary>Journal and wire of a node, and nothing else of it.</summary>
    public static async Task<IHost> Start(string folder)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka("seed", akka => akka
            .WithChronosHocon()
            .AddHocon(ConfigurationFactory.ParseString("akka.loglevel = OFF\nakka.stdout-loglevel = OFF"), HoconAddMode.Prepend)
            .WithChronosWire(ChronosServices.Catalog)
            .WithChronosJournal(new JournalOptions(folder, Durability.Relaxed, new JournalPulse())));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    /// <summary>
    /// Each once a day: nine of ten by a cron expression at a minute of theirs, half of those in a zone with summer time; one of ten by
    /// an interval with a phase of its own, so that of a million one is due nearly each second.
    /// </summary>
    private static JobDefinition DefinitionOf(int i, string url) => new()
    {
        Name = NameOf(i),
        Schedule = i % 10 == 0
            ? new ScheduleSpec { Every = TimeSpan.FromDays(1), Phase = TimeSpan.FromSeconds(i / 10 % 86_400) }
            : new ScheduleSpec { Cron = string.Create(CultureInfo.InvariantCulture, $"{i % 60} {i / 60 % 24} * * *") },
        Timezone = i % 2 == 0 ? "UTC" : "Europe/Berlin",
        Target = new DispatchTarget(Protocol.Http, $$"""{"url":"{{url}}/"}"""),
    };

    private static string NameOf(int i) => string.Create(CultureInfo.InvariantCulture, $"job-{i:D7}");

    private static JobEvents.Created Created(JobId id, JobDefinition definition, DateTimeOffset at) =>
        new(TenantId.Default, id, 1, 1, definition, new Principal("bench"), at, null);

    private sealed record Create(ImmutableArray<JobEvents.Created> Events) : INoSerializationVerificationNeeded;

    private sealed record Plan(ImmutableArray<TimetableItem> Items, DateTimeOffset At) : INoSerializationVerificationNeeded;

    private sealed record TakeSnapshot : INoSerializationVerificationNeeded;

    private sealed record Work(DateTimeOffset At) : INoSerializationVerificationNeeded;

    /// <summary>Stores the first event of many jobs in one message to the journal.</summary>
    private sealed class EventSeeder : ReceiveActor
    {
        private IActorRef _asker = ActorRefs.Nobody;

        public EventSeeder(IActorRef journal)
        {
            Receive<Create>(create =>
            {
                _asker = Sender;
                var writes = create.Events.Select(e => new AtomicWrite(
                    new Persistent(e, 1, $"job|{e.Tenant}|{e.Job}", writerGuid: "seed", sender: ActorRefs.NoSender)));
                journal.Tell(new WriteMessages([.. writes], Self, 1));
            });
            Receive<WriteMessagesSuccessful>(_ => _asker.Tell(new Status.Success(true)));
            Receive<WriteMessagesFailed>(failed => _asker.Tell(new Status.Failure(failed.Cause)));
            Receive<WriteMessageSuccess>(_ => { });
            Receive<WriteMessageFailure>(_ => { });
        }
    }

    /// <summary>Writes as the timetable of this number.</summary>
    private sealed class TimetableSeeder : ReceivePersistentActor
    {
        /// <summary>15 items: both limits of the cadence, on batches and on items, come at about the same time.</summary>
        private const int RunsPerBatch = 5;
        private static readonly AttemptOutcome Done = new(FailureClass.None, default, TimeSpan.FromMilliseconds(3), 200, null, "", null);

        private readonly Timetable _table = new("bench");
        private readonly int _number;
        private IActorRef _asker = ActorRefs.Nobody;

        public TimetableSeeder(int number)
        {
            _number = number;
            Command<Plan>(plan =>
            {
                var (asker, left) = (Sender, plan.Items.Length);
                PersistAll(plan.Items.Chunk(Chunk).Select(items => new TimetableBatch(number, 1, plan.At, [.. items])), batch =>
                {
                    foreach (var item in batch.Items)
                    {
                        _table.State.Apply(item);
                    }

                    left -= batch.Items.Length;
                    if (left == 0)
                    {
                        asker.Tell(new Status.Success(true));
                    }
                });
            });
            Command<TakeSnapshot>(_ =>
            {
                _asker = Sender;
                SaveSnapshot(_table.State.Snapshot(number, 1));
            });
            Command<Work>(work =>
            {
                var (asker, left) = (Sender, 0);
                var batches = Ran(work.At).ToList();
                left = batches.Count;
                PersistAll(batches, _ =>
                {
                    if (--left == 0)
                    {
                        asker.Tell(new Status.Success(true));
                    }
                });
            });
            Command<SaveSnapshotSuccess>(_ => _asker.Tell(new Status.Success(true)));
            Command<SaveSnapshotFailure>(failed => _asker.Tell(new Status.Failure(failed.Cause)));
            Recover<RecoveryCompleted>(_ => { });
        }

        public override string PersistenceId => TimetableActor.IdOf(_number);

        /// <summary>Runs that were asked for and ended at once, decided by the rules themselves, in one batch fewer than a snapshot comes after.</summary>
        private IEnumerable<TimetableBatch> Ran(DateTimeOffset at)
        {
            var jobs = _table.State.Jobs.Select(j => j.Id).ToList();
            var ids = new UlidSource(TimeProvider.System);
            _table.Outbox.Take();
            for (var batch = 1; batch < Math.Max(500, jobs.Count / 2); batch++)
            {
                for (var n = 0; n < RunsPerBatch; n++)
                {
                    var (job, id) = (jobs[((batch * RunsPerBatch) + n) % jobs.Count], ids.NewUlid());
                    var run = ExecutionId.ForRun(job, id);
                    _table.RunNow(new TimetablePlanning.RunNow(job, run, null, TriggerForce.Override, ExecutionTrigger.Manual, null, new Principal("bench"), null), at);
                    _table.Finish(new TimetableFacts.AttemptFinished(job, run, 1, Done with { StartedAt = at }), at);
                }

                yield return new TimetableBatch(_number, 1, at, _table.Outbox.Take().Items);
            }
        }
    }
}

using System.Collections.Immutable;
using System.Text;
using System.Threading.Channels;
using Akka.Actor;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Kernel;
using Chronos.Actors.Projections;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Projections;
using Chronos.Core.Wire;
using Microsoft.Data.Sqlite;

namespace Chronos.Actors.Jobs;

/// <summary>
/// The whole way of an execution, walked a few times before the first real one: documents are read, jobs and plans made, slots
/// claimed, batches written and read as the journal would, attempts sent by a pool of their own, ledger and catalog folded into a
/// database in memory. What stays is compiled code; nothing is stored, counted or told to anybody.
/// </summary>
public sealed class Rehearsal(ActorSystem system, WireCatalog wire, IOutputStore outputs, TimeProvider time)
{
    /// <summary>Whose executions are rehearsals; they are not measured.</summary>
    public static readonly TenantId Tenant = new("rehearsal");

    private const int Bursts = 8;
    private const int Jobs = 40;

    /// <summary>What was compiled in a hurry is counted from a moment on in which nothing new was, and compiled again when it was run often enough.</summary>
    private const int Rounds = 3;
    private static readonly TimeSpan Settles = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Past = TimeSpan.FromMinutes(1);

    /// <summary>Answers the first failure, if there was one, and then has stopped there.</summary>
    /// <param name="dispatcher">Makes one for each round, which ends with it; none that others use.</param>
    /// <param name="circuits">Of the dispatchers.</param>
    public async Task<string?> RunAsync(Func<IDispatcher> dispatcher, ICircuitBoard circuits, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        var outcomes = Channel.CreateUnbounded<TimetableFacts.AttemptFinished>();
        var stage = system.ActorOf(EntityProps.Of(() => new Stage(outcomes.Writer)), "rehearsal-stage");
        var reports = new DispatchReports(outputs, time, () => stage);
        using var sender = new InRounds(dispatcher);
        var gateway = system.ActorOf(Props.Create(() => new DispatchGateway(new[] { sender }, new DispatchOptions(), reports, circuits, time)), "rehearsal-dispatch");
        try
        {
            for (var round = 1; round <= Rounds; round++)
            {
                if (round > 1)
                {
                    await Task.Delay(Settles, time, patience.Token);
                }

                sender.Begin();
                if (await RunAsync(outcomes.Reader, new OfferQueue(_ => gateway, stage, time), stage, patience.Token) is { } failure)
                {
                    return failure;
                }
            }

            return null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"no answer within {Patience.TotalSeconds} s";
        }
        finally
        {
            system.Stop(gateway);
            system.Stop(stage);
        }
    }

    private async Task<string?> RunAsync(ChannelReader<TimetableFacts.AttemptFinished> outcomes, OfferQueue queue, IActorRef stage, CancellationToken cancellation)
    {
        using var target = new RehearsalTarget();
        using var reads = new ReadSide();
        var held = new HeldOffers(queue, static _ => true, stage, time);

        // In a time that is over, so that nothing has to be waited for; each burst is claimed ahead, as real ones are.
        var now = DateTimeOffset.FromUnixTimeSeconds((time.GetUtcNow() - Past).ToUnixTimeSeconds()) - ClaimAhead.Lead;
        var table = Planned(target.Url, now, reads);
        for (var burst = 0; burst < Bursts; burst++)
        {
            now = now.AddSeconds(1);
            table.Tick(now);
            var offers = Commit(table, reads).OfType<TimetableEffects.Offer>().ToList();
            offers.ForEach(offer => held.Add(offer.Attempt));
            held.Release();
            for (var i = 0; i < offers.Count; i++)
            {
                var ended = await outcomes.ReadAsync(cancellation);
                if (!ended.Outcome.Succeeded)
                {
                    return ended.Outcome.Error;
                }

                queue.Ended(ended.Execution, ended.Attempt);
                table.Finish(ended, now);
            }

            Commit(table, reads);
        }

        return null;
    }

    private Timetable Planned(string url, DateTimeOffset now, ReadSide reads)
    {
        var table = new Timetable("rehearsal");
        for (var i = 0; i < Jobs; i++)
        {
            var document = $$"""{"name":"rehearsal-{{i}}","schedule":"* * * * * *","webhook":{"url":"{{url}}"} }""";
            var violations = new List<Violation>();
            var definition = JobDocument.Read(JobDocumentFile.ReadJson(Encoding.UTF8.GetBytes(document)).Documents[0], violations)
                ?? throw new InvalidOperationException($"the document of the rehearsal is wrong: {string.Join(", ", violations)}");
            var create = new JobCommands.Create(Tenant, JobId.For(Tenant, definition.Name), definition, Principal.System, null);
            var created = JobDecider.Decide(JobState.Empty, create, now).Event!;
            reads.Fold(Copy(created));
            table.SetPlan(new TimetablePlanning.SetPlan(Tenant, create.Job, 1, 1, PlanState.Active, null, now, definition, null), now);
        }

        Commit(table, reads);
        return table;
    }

    private IReadOnlyList<ITimetableEffect> Commit(Timetable table, ReadSide reads)
    {
        var commit = table.Outbox.Take();
        reads.Fold(Copy(new TimetableBatch(0, 0, time.GetUtcNow(), commit.Items)));
        return commit.Effects;
    }

    private object Copy(object message) => wire.Read(wire.Write(message), wire.ManifestOf(message));

    /// <summary>A dispatcher for each round: connections are made anew in each.</summary>
    private sealed class InRounds(Func<IDispatcher> dispatcher) : IDispatcher, IDisposable
    {
        private IDispatcher? _current;

        public Protocol Protocol => Protocol.Http;

        public void Begin()
        {
            Dispose();
            _current = dispatcher();
        }

        public Task<AttemptOutcome> DispatchAsync(AttemptRequest request, CancellationToken cancellation) => _current!.DispatchAsync(request, cancellation);

        public void Dispose() => (_current as IDisposable)?.Dispose();
    }

    /// <summary>Takes the place of the timetable region.</summary>
    private sealed class Stage(ChannelWriter<TimetableFacts.AttemptFinished> outcomes) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is TimetableFacts.AttemptFinished ended)
            {
                Sender.Tell(new TimetableFacts.AttemptNoted(ended.Job, ended.Execution, ended.Attempt));
                outcomes.TryWrite(ended);
            }
        }
    }

    private sealed class ReadSide : IDisposable
    {
        private readonly SqliteConnection _connection = new("Data Source=:memory:");
        private readonly LedgerProjection _ledger = new();
        private readonly CatalogProjection _catalog = new();
        private long _ordering;

        public ReadSide()
        {
            _connection.Open();
            using var transaction = _connection.BeginTransaction();
            _ledger.Reset(_connection, transaction);
            _catalog.Reset(_connection, transaction);
            transaction.Commit();
        }

        public void Fold(object happened)
        {
            _ordering++;
            ImmutableArray<JournalEntry> entries = [new JournalEntry(_ordering, "rehearsal", _ordering, string.Empty, happened)];
            using var transaction = _connection.BeginTransaction();
            _ledger.Apply(entries, _connection, transaction);
            _catalog.Apply(entries, _connection, transaction);
            transaction.Commit();
        }

        public void Dispose()
        {
            _ledger.Dispose();
            _catalog.Dispose();
            _connection.Dispose();
        }
    }
}

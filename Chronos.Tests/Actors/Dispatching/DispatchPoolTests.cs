using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Akka.Actor;
using Akka.Hosting;
using Akka.TestKit.Xunit;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Tests.Compliance;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Chronos.Tests.Actors.Dispatching;

public sealed class DispatchPoolTests : IAsyncLifetime
{
    private readonly ScriptedDispatcher _dispatcher = new();
    private readonly RecordingOutputs _outputs = new();
    private IHost _host = null!;
    private TestKit _kit = null!;
    private IActorRef _dispatch = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka("pool", akka => akka.WithDispatching(
            new DispatchOptions { Workers = 2, ConcurrencyPerWorker = 1, ReportInterval = TimeSpan.FromMilliseconds(100), StopGrace = TimeSpan.FromMilliseconds(300) },
            [_dispatcher], _outputs, new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System, _ => _kit.TestActor));
        _host = builder.Build();
        await _host.StartAsync();
        _kit = new TestKit(_host.Services.GetRequiredService<ActorSystem>());
        _dispatch = await _host.Services.GetRequiredService<IReadOnlyActorRegistry>().GetAsync<DispatchKey>();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    [Fact]
    public async Task An_outcome_is_told_until_the_timetable_has_noted_it()
    {
        Offer("a", 1);
        await _dispatcher.EndAsync("a", 1, Outcome());
        var first = await ExpectFinished();
        var again = await ExpectFinished();
        Assert.Equal(first, again);

        Note(again);
        await _kit.ExpectNoMsgAsync(TimeSpan.FromMilliseconds(400));
    }

    [Fact]
    public async Task A_long_output_is_kept_outside_and_stripped()
    {
        Offer("a", 1);
        await _dispatcher.EndAsync("a", 1, Outcome() with { Excerpt = "ab", Output = [1, 2, 3], OutputType = "image/png" });
        var finished = await ExpectFinished();
        Note(finished);

        Assert.Null(finished.Outcome.Output);
        Assert.Equal("image/png", Assert.Single(_outputs.Saved).ContentType);
    }

    [Fact]
    public async Task What_a_full_pool_has_no_place_for_waits_at_its_door()
    {
        Offer("a", 1);
        Offer("b", 1);
        Offer("c", 1);
        await _dispatcher.StartedAsync("a", 1);
        await _dispatcher.StartedAsync("b", 1);
        await _kit.ExpectNoMsgAsync(TimeSpan.FromMilliseconds(100));
        Assert.DoesNotContain(("c", 1), _dispatcher.Seen);

        await _dispatcher.EndAsync("a", 1, Outcome());
        await ExpectFinished(note: true);
        await _dispatcher.EndAsync("c", 1, Outcome());
        Assert.Equal(Run("c"), (await ExpectFinished(note: true)).Execution);
        Assert.Equal(2, _dispatcher.MostAtOnce);
    }

    [Fact]
    public async Task A_full_line_refuses_and_tells_when_there_is_room()
    {
        const int All = 300;
        for (var n = 0; n < All; n++)
        {
            Offer($"job-{n}", 1);
        }

        var refused = new HashSet<ExecutionId> { (await _kit.ExpectMsgAsync<DispatchProtocol.Refused>()).Attempt.Execution };
        var ended = 0;
        for (var told = false; !told;)
        {
            foreach (var (job, attempt) in _dispatcher.Seen.Skip(ended).ToList())
            {
                ended++;
                await _dispatcher.EndAsync(job, attempt, Outcome());
            }

            switch (await _kit.ReceiveOneAsync(TimeSpan.FromMilliseconds(5)))
            {
                case TimetableFacts.AttemptFinished finished: Note(finished); break;
                case DispatchProtocol.Refused more: refused.Add(more.Attempt.Execution); break;
                case DispatchProtocol.Capacity room:
                    Assert.Equal("http://localhost:80", room.Line.Target);
                    told = true;
                    break;
            }
        }

        Assert.Equal(All - 2 - 256, refused.Count);
        Assert.DoesNotContain(_dispatcher.Seen, seen => refused.Contains(Run(seen.Item1)));
        Assert.True(ended > 150, $"told after {ended}");
    }

    [Fact]
    public async Task What_waits_at_the_door_can_be_cancelled_and_is_answered_for()
    {
        Offer("a", 1);
        Offer("b", 1);
        Offer("c", 1);
        await _dispatcher.StartedAsync("b", 1);
        _dispatch.Tell(new DispatchProtocol.Ask(Protocol.Http, Run("c"), 1), _kit.TestActor);
        Assert.Null((await _kit.ExpectMsgAsync<DispatchProtocol.Held>(Limit)).RunsFor);
        _dispatch.Tell(new DispatchProtocol.Ask(Protocol.Http, Run("a"), 1), _kit.TestActor);
        Assert.NotNull((await _kit.ExpectMsgAsync<DispatchProtocol.Held>(Limit)).RunsFor);
        _dispatch.Tell(new DispatchProtocol.Ask(Protocol.Http, Run("nobody"), 1), _kit.TestActor);

        _dispatch.Tell(new DispatchProtocol.Cancel(Run("c")));
        Assert.Equal((Run("c"), FailureClass.Cancelled), Named(await ExpectFinished(note: true)));
        await _dispatcher.EndAsync("a", 1, Outcome());
        await ExpectFinished(note: true);
        Assert.DoesNotContain(("c", 1), _dispatcher.Seen);
    }

    [Fact]
    public async Task A_target_tells_what_is_on_its_way_and_what_failed_there()
    {
        Offer("a", 1);
        Offer("b", 1);
        Offer("c", 1);
        await _dispatcher.EndAsync("a", 1, Outcome() with { Failure = FailureClass.ServerError, Error = "it said 500" });
        await ExpectFinished(note: true);
        await _dispatcher.StartedAsync("c", 1);
        _dispatch.Tell(new TargetQueries.GetTargets(null, null, 10), _kit.TestActor);

        var target = Assert.Single((await _kit.ExpectMsgAsync<TargetQueries.Targets>(Limit)).Items);
        Assert.Equal(("http://localhost:80", "closed", 2, 0, 1, "it said 500"), (target.Target, target.Circuit, target.InFlight, target.Waiting, target.Failed, target.LastError));
        _dispatch.Tell(new TargetQueries.ResetTarget("http://localhost:80"), _kit.TestActor);
        Assert.True((await _kit.ExpectMsgAsync<TargetQueries.TargetReset>(Limit)).Known);
        _dispatch.Tell(new TargetQueries.ResetTarget("http://elsewhere:80"), _kit.TestActor);
        Assert.False((await _kit.ExpectMsgAsync<TargetQueries.TargetReset>(Limit)).Known);
    }

    [Fact]
    public async Task A_later_attempt_starts_only_after_the_earlier_has_ended()
    {
        _dispatcher.SlowToCancel = true;
        Offer("a", 1);
        await _dispatcher.StartedAsync("a", 1);
        Offer("a", 2);
        await _dispatcher.CancelledAsync("a", 1);
        Assert.Equal([("a", 1)], _dispatcher.Seen);

        await _dispatcher.EndAsync("a", 1, Outcome() with { Failure = FailureClass.Cancelled });
        Assert.Equal((1, FailureClass.Cancelled), Short(await ExpectFinished(note: true)));
        await _dispatcher.EndAsync("a", 2, Outcome());
        Assert.Equal((2, FailureClass.None), Short(await ExpectFinished(note: true)));
        Assert.Equal(1, _dispatcher.MostAtOnce);
    }

    [Fact]
    public async Task The_same_attempt_offered_twice_is_made_once()
    {
        Offer("a", 1);
        Offer("a", 1);
        await _dispatcher.EndAsync("a", 1, Outcome());
        await ExpectFinished(note: true);

        Assert.Equal([("a", 1)], _dispatcher.Seen);
    }

    [Fact]
    public async Task A_cancelled_attempt_ends_as_cancelled()
    {
        Offer("a", 1);
        await _dispatcher.StartedAsync("a", 1);
        _dispatch.Tell(new DispatchProtocol.Cancel(Run("a")));
        _dispatch.Tell(new DispatchProtocol.Cancel(Run("nobody")));

        Assert.Equal((1, FailureClass.Cancelled), Short(await ExpectFinished(note: true)));
    }

    [Fact]
    public async Task A_dispatcher_that_breaks_is_an_outcome_and_frees_its_place()
    {
        Offer("a", 1);
        await _dispatcher.BreakAsync("a", 1);

        Assert.Equal((1, FailureClass.Request), Short(await ExpectFinished(note: true)));
        Offer("b", 1);
        Offer("c", 1);
        await _dispatcher.EndAsync("b", 1, Outcome());
        await _dispatcher.EndAsync("c", 1, Outcome());
        await ExpectFinished(note: true);
        await ExpectFinished(note: true);
    }

    [Fact]
    public async Task A_protocol_without_a_dispatcher_is_an_outcome()
    {
        var attempt = Attempt("a", 1);
        _dispatch.Tell(new DispatchProtocol.Offer(attempt with { Target = new DispatchTarget(Protocol.Nats, "{}") }), _kit.TestActor);

        Assert.Equal(FailureClass.Request, (await _kit.ExpectMsgAsync<TimetableFacts.AttemptFinished>()).Outcome.Failure);
    }

    [Fact]
    public async Task A_stopping_node_lets_attempts_end_within_the_grace_and_reports_the_others_as_lost()
    {
        Offer("a", 1);
        Offer("b", 1);
        await _dispatcher.StartedAsync("a", 1);
        await _dispatcher.StartedAsync("b", 1);
        var stopping = _host.StopAsync(TestContext.Current.CancellationToken);

        await _dispatcher.EndAsync("a", 1, Outcome());
        Assert.Equal((Run("a"), FailureClass.None), Named(await ExpectFinished(note: true)));
        Assert.Equal((Run("b"), FailureClass.Lost), Named(await ExpectFinished(note: true)));
        await stopping;
    }

    /// <summary>As when it was on its way to a timetable that just moved: all timetables of the node wait for the drain.</summary>
    [Fact]
    public async Task A_node_that_stops_does_not_wait_for_the_usual_time_to_tell_a_lost_outcome_again()
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        TestKit? kit = null;
        var dispatcher = new ScriptedDispatcher();
        builder.Services.AddAkka("stopping", akka => akka.WithDispatching(
            new DispatchOptions { Workers = 2, ReportInterval = TimeSpan.FromHours(1), StopGrace = Limit },
            [dispatcher], new RecordingOutputs(), new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System, _ => kit!.TestActor));
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        kit = new TestKit(host.Services.GetRequiredService<ActorSystem>());
        var dispatch = await host.Services.GetRequiredService<IReadOnlyActorRegistry>().GetAsync<DispatchKey>(TestContext.Current.CancellationToken);
        dispatch.Tell(new DispatchProtocol.Offer(Attempt("a", 1)), kit.TestActor);
        await dispatcher.EndAsync("a", 1, Outcome());
        var lost = await kit.ExpectMsgAsync<TimetableFacts.AttemptFinished>(Limit);

        dispatch.Tell(WorkerMessages.Drain.Instance, kit.TestActor);
        var again = await kit.ExpectMsgAsync<TimetableFacts.AttemptFinished>(Limit);
        Assert.Equal(lost, again);
        kit.LastSender.Tell(new TimetableFacts.AttemptNoted(again.Job, again.Execution, again.Attempt), kit.TestActor);
        await kit.FishForMessageAsync(message => message is WorkerMessages.Drained, Limit);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Attempts_in_flight_and_their_time_are_measured()
    {
        var inFlight = 0L;
        var times = new ConcurrentQueue<string?>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "Chronos" && instrument.Name is "chronos_inflight" or "chronos_dispatch_seconds")
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        var protocol = Protocol.Rabbitmq.ToString().ToLowerInvariant();
        bool Mine(ReadOnlySpan<KeyValuePair<string, object?>> tags) => tags.ToArray().Any(tag => tag.Key == "protocol" && protocol.Equals(tag.Value));
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => Interlocked.Add(ref inFlight, Mine(tags) ? value : 0));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) =>
        {
            if (Mine(tags))
            {
                times.Enqueue(instrument.Unit);
            }
        });
        listener.Start();

        var dispatcher = new ScriptedDispatcher { Protocol = Protocol.Rabbitmq };
        var running = DispatchTelemetry.RunAsync(dispatcher, Attempt("m", 1), CancellationToken.None);
        Assert.Equal(1, Interlocked.Read(ref inFlight));
        await dispatcher.EndAsync("m", 1, Outcome());
        await running;

        Assert.Equal(0, Interlocked.Read(ref inFlight));
        Assert.Equal(["s"], times);
    }

    [Fact]
    public async Task An_attempt_is_a_span_of_its_executions_trace_and_the_target_sees_that_span()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == DispatchTelemetry.ActivityName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var target = await HttpTarget.StartAsync();
        using var dispatcher = new HttpDispatcher(
            new HttpDispatchOptions { AllowPrivateTargets = true }, new FixedSecrets(), new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System);
        var attempt = HttpDispatcherTests.Attempt($$"""{"url":"{{target.Url}}/ok"}""") with { TraceId = "11f7651916cd43dd8448eb211c803111" };
        await DispatchTelemetry.RunAsync(dispatcher, attempt, TestContext.Current.CancellationToken);

        var span = Assert.Single(spans, span => span.TraceId.ToHexString() == attempt.TraceId);
        Assert.Equal($"00-{attempt.TraceId}-{span.SpanId.ToHexString()}-01", Assert.Single(target.Received).Headers["traceparent"]);
        Assert.Null(Activity.Current);
    }

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private static JobId JobOf(string name) => JobId.For(TenantId.Default, name);

    private static ExecutionId Run(string name) => ExecutionId.ForRun(JobOf(name), "01ARZ3NDEKTSV4RRFFQ69G5FAV");

    private static AttemptRequest Attempt(string name, int number) => HttpDispatcherTests.Attempt("""{"url":"http://localhost/"}""") with
    {
        Job = JobOf(name),
        JobName = name,
        Execution = Run(name),
        Attempt = number,
    };

    private static AttemptOutcome Outcome() => new(FailureClass.None, DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(1), 200, null, null, null);

    private static (int, FailureClass) Short(TimetableFacts.AttemptFinished finished) => (finished.Attempt, finished.Outcome.Failure);

    private static (ExecutionId, FailureClass) Named(TimetableFacts.AttemptFinished finished) => (finished.Execution, finished.Outcome.Failure);

    private void Offer(string name, int number) => _dispatch.Tell(new DispatchProtocol.Offer(Attempt(name, number)), _kit.TestActor);

    private async Task<TimetableFacts.AttemptFinished> ExpectFinished(bool note = false)
    {
        var finished = await _kit.ExpectMsgAsync<TimetableFacts.AttemptFinished>(Limit);
        if (note)
        {
            Note(finished);
        }

        return finished;
    }

    private void Note(TimetableFacts.AttemptFinished finished) =>
        _kit.LastSender.Tell(new TimetableFacts.AttemptNoted(finished.Job, finished.Execution, finished.Attempt), _kit.TestActor);

    private sealed class RecordingOutputs : IOutputStore
    {
        public ConcurrentQueue<StoredOutput> Saved { get; } = new();

        public void Save(TenantId tenant, ExecutionId execution, int attempt, StoredOutput output) => Saved.Enqueue(output);

        public Task<bool> KeepAsync(TenantId tenant, ExecutionId execution, int attempt, StoredOutput output, CancellationToken cancellation) => Task.FromResult(false);

        public StoredOutput? Find(TenantId tenant, ExecutionId execution, int attempt) => null;
    }
}

using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Kafka;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using Confluent.Kafka;
using Xunit;

namespace Chronos.Tests.Actors.Dispatching;

/// <summary>Against librdkafka's mock cluster in a process of its own.</summary>
[Trait("speed", "slow")]
public sealed class KafkaDispatcherTests : IAsyncLifetime
{
    private readonly ActorSystem _system = ActorSystem.Create("kafka", "akka.loglevel = WARNING");
    private readonly CircuitBoard _circuits = new(new CircuitOptions { MinimumThroughput = 1_000_000 }, TimeProvider.System);
    private readonly FixedSecrets _secrets = new() { ["right"] = DispatcherCompliance.Secret };
    private KafkaDispatcher _dispatcher = null!;
    private KafkaTarget _target = null!;

    public async ValueTask InitializeAsync()
    {
        _target = await KafkaTarget.StartAsync();
        _dispatcher = Create(new KafkaDispatchOptions { AllowPrivateTargets = true });
    }

    public async ValueTask DisposeAsync()
    {
        await _dispatcher.DisposeAsync();
        await _target.DisposeAsync();
        await _system.Terminate();
    }

    [Fact]
    public async Task A_success_says_where_the_message_lies()
    {
        var outcome = await Send(_target.To("orders", ""","key":"{{ job.name }}","partition":2,"value":{"at":"{{ execution.scheduled_at }}"},"headers":{"x-team":"{{ secrets.right }}"}"""), secrets: "right");
        await Eventually.True(() => Task.FromResult(_target.Held.Count == 1), TimeSpan.FromSeconds(20));

        var held = Assert.Single(_target.Held);
        Assert.Equal((FailureClass.None, "orders", "2", "0"), (outcome.Failure, outcome.Facts["topic"], outcome.Facts["partition"], outcome.Facts["offset"]));
        Assert.Equal(("orders", 2, 0L, "orders-job", """{"at":"2026-01-02T03:04:05Z"}"""), (held.Topic, held.Partition, held.Offset, held.Key, held.Value));
        Assert.Equal(DispatcherCompliance.Secret, held.Headers["x-team"]);
        Assert.Equal("application/json", held.Headers["content-type"]);
    }

    [Theory]
    [InlineData(ErrorCode.NotEnoughReplicas, FailureClass.ServerError)]
    [InlineData(ErrorCode.KafkaStorageError, FailureClass.ServerError)]
    [InlineData(ErrorCode.InvalidRecord, FailureClass.ClientError)]
    [InlineData(ErrorCode.MsgSizeTooLarge, FailureClass.ClientError)]
    [InlineData(ErrorCode.TopicAuthorizationFailed, FailureClass.ClientError)]
    [InlineData(ErrorCode.PolicyViolation, FailureClass.ClientError)]
    public async Task An_error_of_the_brokers_says_whether_it_may_be_tried_again(ErrorCode code, FailureClass expected)
    {
        _target.Tell($"errors {(int)code} 50");
        var outcome = await Send(_target.To("orders"));

        Assert.Equal((expected, (int?)code), (outcome.Failure, outcome.StatusCode));
        Assert.Contains(code.ToString(), outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_client_can_repeat_by_itself_is_one_attempt_and_one_message()
    {
        _target.Tell($"errors {(int)ErrorCode.NotEnoughReplicas} 2");
        Assert.Equal(FailureClass.None, (await Send(_target.To("orders"))).Failure);
        await Eventually.True(() => Task.FromResult(_target.Held.Count > 0), TimeSpan.FromSeconds(20));
        Assert.Single(_target.Held);
    }

    [Fact]
    public async Task A_partition_that_the_topic_does_not_have_is_named()
    {
        var outcome = await Send(_target.To("orders", ""","partition":9"""));
        Assert.Equal(FailureClass.ClientError, outcome.Failure);
        Assert.Contains("no partition 9", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(_target.Held);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public async Task A_compressed_message_is_the_same_message(string compression)
    {
        var text = new string('z', 50_000);
        Assert.Equal(FailureClass.None, (await Send(_target.To("orders", $$""","compression":"{{compression}}","value":"{{text}}" """))).Failure);
        await Eventually.True(() => Task.FromResult(_target.Held.Count == 1), TimeSpan.FromSeconds(20));
        Assert.Equal(text, _target.Held[0].Value);
    }

    [Fact]
    public async Task One_producer_serves_all_jobs_with_the_same_brokers_and_credentials()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Send(_target.To(n % 2 == 0 ? "orders" : "others"))));
        Assert.Equal(1, _dispatcher.Producers);
        await Send(_target.Guarded("right"));
        await Send(_target.To("orders", ""","acks":"leader" """));
        Assert.Equal(3, _dispatcher.Producers);
    }

    [Fact]
    public async Task Addresses_that_jobs_may_not_reach_are_refused_also_when_a_broker_names_them()
    {
        await using var strict = Create(new KafkaDispatchOptions());
        var literal = await strict.DispatchAsync(Attempt(_target.To("orders"), 0), TestContext.Current.CancellationToken);
        await using var named = Create(new KafkaDispatchOptions(), (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));
        var hidden = await named.DispatchAsync(Attempt(KafkaTarget.Section("""{"brokers":["harmless.example.com:9092"],"topic":"orders"}"""), 0), TestContext.Current.CancellationToken);

        Assert.Equal(FailureClass.Request, literal.Failure);
        Assert.Equal(FailureClass.Request, hidden.Failure);
        Assert.Contains("harmless.example.com", hidden.Error, StringComparison.Ordinal);
        var guard = new KafkaGuard((_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("169.254.169.254")]), allowPrivate: true);
        await Assert.ThrowsAsync<Chronos.Actors.Dispatching.Http.TargetRefusedException>(() => guard.CheckAsync(["advertised.example.com"], CancellationToken.None));
    }

    [Fact]
    public async Task A_certificate_that_is_none_is_a_fault_of_the_request()
    {
        _secrets["cert"] = _secrets["key"] = "no PEM, but secret";
        var outcome = await Send(_target.To("orders", ""","tls":{"certificate":{"secret":"cert"},"key":{"secret":"key"}}"""));
        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.DoesNotContain("no PEM, but secret", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("speed", "slow")]
    public async Task Brokers_that_go_and_come_under_load_have_every_message_that_was_said_to_be_sent()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(8));
        var succeeded = new List<string>();
        var failures = new List<FailureClass>();
        var gate = new Lock();
        var senders = Enumerable.Range(0, 16).Select(async sender =>
        {
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                var attempt = Attempt(_target.To("orders"), (sender * 1_000_000) + n);
                for (var number = 1; ; number++)
                {
                    var outcome = await _dispatcher.DispatchAsync(attempt with { Attempt = number }, CancellationToken.None);
                    lock (gate)
                    {
                        if (outcome.Succeeded)
                        {
                            succeeded.Add(attempt.Execution.Value);
                        }
                        else
                        {
                            failures.Add(outcome.Failure);
                        }
                    }

                    if (outcome.Succeeded)
                    {
                        break;
                    }
                }
            }
        }).ToList();
        var sent = 0;
        for (var round = 0; round < 3; round++)
        {
            await Eventually.True(() => Task.FromResult(Count() > sent + 50), TimeSpan.FromSeconds(20));
            _target.Tell("down");
            var before = Failed();
            await Eventually.True(() => Task.FromResult(Failed() > before), TimeSpan.FromSeconds(20));
            _target.Tell("up");
            sent = Count();
        }

        await Task.WhenAll(senders);
        await Eventually.True(() => Task.FromResult(succeeded.All(_target.Held.Select(held => held.Headers["x-chronos-execution-id"]).ToHashSet().Contains)), TimeSpan.FromSeconds(30));
        Assert.All(failures, failure => Assert.Contains(failure, new[] { FailureClass.Connect, FailureClass.Timeout, FailureClass.ServerError }));

        int Count()
        {
            lock (gate)
            {
                return succeeded.Count;
            }
        }

        int Failed()
        {
            lock (gate)
            {
                return failures.Count;
            }
        }
    }

    /// <summary>The client does not count who is inside it: closed under a question, it may take the process down.</summary>
    [Fact]
    public async Task A_node_that_stops_while_brokers_owe_an_answer_closes_the_client_when_the_question_is_over()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        var connections = new ConcurrentBag<Task<int>>();
        var accepting = Task.Run(async () =>
        {
            while (true)
            {
                var client = await mute.AcceptTcpClientAsync();
                connections.Add(Task.Run(async () =>
                {
                    // Everything is taken and nothing answered, until the other side hangs up.
                    using (client)
                    {
                        var (buffer, all) = (new byte[1024], 0);
                        for (int read; (read = await client.GetStream().ReadAsync(buffer)) > 0; all += read)
                        {
                            asked.TrySetResult();
                        }

                        return all;
                    }
                }));
            }
        });
        var dispatcher = Create(new KafkaDispatchOptions { AllowPrivateTargets = true, ConnectTimeout = TimeSpan.FromSeconds(5) });
        var attempts = Enumerable.Range(0, 8).Select(n => dispatcher.DispatchAsync(
            Attempt(KafkaTarget.Section($$"""{"brokers":["127.0.0.1:{{((IPEndPoint)mute.LocalEndpoint).Port}}"],"topic":"topic-{{n}}"}"""), n), CancellationToken.None)).ToList();
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        await dispatcher.DisposeAsync();

        Assert.Contains(connections, c => !c.IsCompleted);
        Assert.All(await Task.WhenAll(attempts), outcome => Assert.False(outcome.Succeeded));
        await Eventually.True(() => connections.All(c => c.IsCompleted), TimeSpan.FromSeconds(30));
        mute.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => accepting);
    }

    private static AttemptRequest Attempt(DispatchTarget target, int number)
    {
        var job = JobId.For(TenantId.Default, "orders-job");
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddSeconds(number);
        return new AttemptRequest(
            TenantId.Default, job, "orders-job", 1, ExecutionId.ForSlot(job, at), 1, at, target, "{}", TimeSpan.FromSeconds(20), [],
            ImmutableSortedDictionary<string, string>.Empty, "0af7651916cd43dd8448eb211c80319c");
    }

    private KafkaDispatcher Create(KafkaDispatchOptions options) => new(options, _secrets, _circuits, TimeProvider.System, () => _system);

    private KafkaDispatcher Create(KafkaDispatchOptions options, Chronos.Actors.Dispatching.Http.ResolveName resolve) => new(options, _secrets, _circuits, TimeProvider.System, () => _system, resolve);

    private Task<AttemptOutcome> Send(DispatchTarget target, params string[] secrets) =>
        _dispatcher.DispatchAsync(Attempt(target, 0) with { Secrets = [.. secrets] }, TestContext.Current.CancellationToken);
}

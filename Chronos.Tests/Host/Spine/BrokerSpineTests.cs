using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Chronos.Core.Kernel;
using Chronos.Tests.Actors.Dispatching;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using Chronos.Tests.Protos;
using Confluent.Kafka;
using Google.Protobuf.WellKnownTypes;
using Grpc.Net.Client;
using NATS.Client.Core;
using RabbitMQ.Client;
using Xunit;

namespace Chronos.Tests.Host.Spine;

/// <summary>
/// Jobs that are due each second and go to a broker: what the ledger says has succeeded is held against what the broker has, across a
/// kill of the broker and a kill of the node.
/// </summary>
/// <remarks>CHRONOS_BROKER_JOBS and CHRONOS_BROKER_SECONDS make it larger.</remarks>
[Trait("speed", "slow")]
public abstract class BrokerSpineTests : IAsyncLifetime
{
    private static readonly int Jobs = Setting("CHRONOS_BROKER_JOBS", 20);
    private static readonly int Seconds = Setting("CHRONOS_BROKER_SECONDS", 12);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly string _folder = Directory.CreateTempSubdirectory("chronos-broker-").FullName;

    /// <summary>How often the broker may have an execution that was tried more than once.</summary>
    protected abstract bool ToldTwiceIsStoredOnce { get; }

    /// <summary>Whether a broker that is away for a moment is bridged inside one attempt, by the client of the protocol.</summary>
    protected virtual bool ClientTriesAgain => false;

    protected abstract Task StartBrokerAsync();

    protected abstract Task KillBrokerAsync();

    protected abstract Task RestartBrokerAsync();

    /// <summary>Member of the document: the protocol and its section.</summary>
    protected abstract (string Protocol, object Section) Target { get; }

    /// <summary>The execution id of every message that the broker has.</summary>
    protected abstract Task<IReadOnlyList<string>> StoredAsync();

    /// <summary>The client of the protocol alone: what it gives sends one message and waits until the broker has it.</summary>
    protected abstract Task<(Func<Task> Send, IAsyncDisposable Client)> BareAsync();

    protected abstract ValueTask EndBrokerAsync();

    public async ValueTask InitializeAsync()
    {
        await StartBrokerAsync();
        Directory.CreateDirectory(Path.Combine(_folder, "secrets"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "secrets", "broker"), DispatcherCompliance.Secret);
    }

    public async ValueTask DisposeAsync()
    {
        await EndBrokerAsync();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Every_message_is_there_as_often_as_the_ledger_says()
    {
        await using var node = new NodeProcess(_folder, "--no-demo");
        await node.Start();
        await ApplyAsync(node);
        var (from, to) = SlotAudit.Window(Seconds);
        await EndAsync(node, to);

        var (succeeded, tries) = await LedgerAsync(node, from, to);
        var stored = await InWindowAsync(from, to);
        Assert.Equal(Jobs * Seconds, succeeded.Count);
        Assert.Equal(succeeded.Order(StringComparer.Ordinal), stored.Order(StringComparer.Ordinal));
        TestContext.Current.TestOutputHelper?.WriteLine($"{succeeded.Count} executions in {Seconds} s, {tries} attempts, {stored.Count} messages");
    }

    [Fact]
    public async Task A_broker_that_is_killed_under_load_loses_nothing_and_nothing_has_succeeded_that_it_does_not_have()
    {
        await using var node = new NodeProcess(_folder, "--no-demo");
        await node.Start();
        await ApplyAsync(node);
        var (from, to) = SlotAudit.Window(Seconds);
        await Eventually.True(() => DateTimeOffset.UtcNow >= from.AddSeconds(Seconds / 3.0), Patience);
        await KillBrokerAsync();
        await Eventually.True(() => DateTimeOffset.UtcNow >= from.AddSeconds(Seconds / 2.0), Patience);
        await RestartBrokerAsync();
        await EndAsync(node, to);

        await AssertNothingLostAsync(node, from, to);
        var (_, tries) = await LedgerAsync(node, from, to);
        Assert.True(ClientTriesAgain || tries > Jobs * Seconds, "nothing was tried again, so nothing was hit");
    }

    [Fact]
    public async Task A_node_that_is_killed_sends_what_was_on_its_way_under_the_same_execution_again()
    {
        await using var node = new NodeProcess(_folder, "--no-demo");
        await node.Start();
        await ApplyAsync(node);
        var (from, to) = SlotAudit.Window(Seconds);
        await Eventually.True(() => DateTimeOffset.UtcNow >= from.AddSeconds(Seconds / 3.0).AddMilliseconds(Random.Shared.Next(0, 50)), Patience);
        await node.Kill();
        await node.Start();
        await EndAsync(node, to);

        await AssertNothingLostAsync(node, from, to);
    }

    /// <summary>Not a test but a figure: run it with CHRONOS_BROKER_JOBS=1000 and CHRONOS_BROKER_SECONDS=30.</summary>
    [Fact(Explicit = true)]
    public async Task What_an_attempt_takes_beside_the_bare_client()
    {
        await using var node = new NodeProcess(_folder, "--no-demo");
        await node.Start();
        await ApplyAsync(node, i => new { every = "1s", phase = $"{1000.0 * i / Jobs:0.###}ms" });
        var (from, to) = SlotAudit.Window(Seconds);
        await Eventually.True(() => DateTimeOffset.UtcNow >= from.AddSeconds(Seconds / 3.0), Patience);
        var early = await ResidentAsync(node);
        await Eventually.True(() => DateTimeOffset.UtcNow >= to, Patience);
        var late = await ResidentAsync(node);
        await EndAsync(node, to);
        var ours = new List<double>();
        var warm = from.AddSeconds(Seconds / 10.0);
        var (succeeded, _) = await LedgerAsync(node, from, to, attempt =>
        {
            if (attempt.GetProperty("started_at").GetDateTimeOffset() >= warm)
            {
                ours.Add(attempt.GetProperty("duration_ms").GetDouble());
            }
        });
        var stored = await InWindowAsync(from, to);
        Assert.Equal(succeeded.Order(StringComparer.Ordinal), stored.Order(StringComparer.Ordinal));
        await node.Stop();

        var bare = await BareAsync(Jobs * Seconds, TimeSpan.FromSeconds(Seconds));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{succeeded.Count} executions; attempt p50 {At(ours, 0.5):0.00} ms p99 {At(ours, 0.99):0.00} ms; bare client p50 {At(bare, 0.5):0.00} ms p99 {At(bare, 0.99):0.00} ms; "
            + $"ratio of p99 {At(ours, 0.99) / At(bare, 0.99):0.00}; node {early / 1048576} MB, then {late / 1048576} MB");
    }

    /// <summary>What the client alone takes for each of so many messages, evenly over the time; in milliseconds, without the first tenth.</summary>
    private async Task<IReadOnlyCollection<double>> BareAsync(int messages, TimeSpan time)
    {
        var taken = new System.Collections.Concurrent.ConcurrentBag<double>();
        var (send, client) = await BareAsync();
        await using (client)
        {
            var began = Stopwatch.GetTimestamp();
            var sending = new List<Task>();
            while (sending.Count < messages)
            {
                var due = (int)(messages * (Stopwatch.GetElapsedTime(began) / time));
                for (var n = sending.Count; n < Math.Min(due, messages); n++)
                {
                    sending.Add(OneAsync(n));
                }

                await Task.Delay(1);
            }

            await Task.WhenAll(sending);
        }

        return taken;

        async Task OneAsync(int n)
        {
            var since = Stopwatch.GetTimestamp();
            await send();
            if (n >= messages / 10)
            {
                taken.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            }
        }
    }

    private static double At(IEnumerable<double> values, double share) => values.Order().ToList() is var sorted ? sorted[(int)((sorted.Count - 1) * share)] : 0;

    private static async Task<long> ResidentAsync(NodeProcess node)
    {
        var line = (await File.ReadAllLinesAsync($"/proc/{node.Process.Id}/status")).Single(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], System.Globalization.CultureInfo.InvariantCulture) * 1024;
    }

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var n) ? n : otherwise;

    private async Task AssertNothingLostAsync(NodeProcess node, DateTimeOffset from, DateTimeOffset to)
    {
        var (succeeded, _) = await LedgerAsync(node, from, to);
        var stored = await InWindowAsync(from, to);
        Assert.Equal(Jobs * Seconds, succeeded.Count);
        Assert.Empty(succeeded.Except(stored, StringComparer.Ordinal));
        Assert.Empty(stored.Except(succeeded, StringComparer.Ordinal));
        if (ToldTwiceIsStoredOnce)
        {
            Assert.Equal(succeeded.Count, stored.Count);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{succeeded.Count} executions, {stored.Count} messages");
    }

    private Task ApplyAsync(NodeProcess node) => ApplyAsync(node, static _ => "* * * * * *");

    private async Task ApplyAsync(NodeProcess node, Func<int, object> schedule)
    {
        var (protocol, section) = Target;
        await node.Post("jobs:apply", Enumerable.Range(0, Jobs).Select(i => new Dictionary<string, object>
        {
            ["name"] = $"job-{i}",
            ["schedule"] = schedule(i),
            [protocol] = section,
            ["payload"] = new { n = i },
            ["misfire"] = new { policy = "all" },
            ["timeout"] = "10s",
            ["retry"] = new { max_attempts = 100, initial_interval = "300ms", max_interval = "1s", retry_on = new[] { "timeout", "connect", "5xx", "circuit_open", "lost" } },
        }));
    }

    /// <summary>The window is over, nothing is due any more, and everything has ended.</summary>
    private static async Task EndAsync(NodeProcess node, DateTimeOffset to)
    {
        await Eventually.True(() => DateTimeOffset.UtcNow >= to.AddSeconds(1), Patience);
        await Parallel.ForAsync(0, Jobs, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) => await node.Post($"jobs/job-{i}/disable", new { }));
        await Eventually.True(async () => (await node.Get("executions?status=running&limit=1")).GetProperty("items").GetArrayLength() == 0
            && (await node.Get("executions?status=pending&limit=1")).GetProperty("items").GetArrayLength() == 0, Patience);
    }

    /// <summary>Executions of the window that succeeded, and how many attempts all of them took. Everything in it has succeeded.</summary>
    private static async Task<(List<string> Succeeded, int Attempts)> LedgerAsync(
        NodeProcess node, DateTimeOffset from, DateTimeOffset to, Action<JsonElement>? each = null)
    {
        var (succeeded, attempts) = (new List<string>(), 0);
        string? cursor = null;
        do
        {
            var page = await node.Get($"executions?from={Rfc3339.Format(from)}&to={Rfc3339.Format(to.AddMinutes(5))}&limit=500{(cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor))}");
            foreach (var execution in page.GetProperty("items").EnumerateArray())
            {
                if (execution.GetProperty("scheduled_at").GetDateTimeOffset() < from || execution.GetProperty("scheduled_at").GetDateTimeOffset() >= to)
                {
                    continue;
                }

                Assert.True(execution.GetProperty("status").GetString() == "succeeded", execution.ToString());
                succeeded.Add(execution.GetProperty("id").GetString()!);
                attempts += execution.GetProperty("attempts").GetArrayLength();
                foreach (var attempt in each is null ? default : execution.GetProperty("attempts").EnumerateArray())
                {
                    each!(attempt);
                }
            }

            cursor = page.TryGetProperty("next_cursor", out var next) && next.ValueKind == JsonValueKind.String ? next.GetString() : null;
        }
        while (cursor is not null);
        return (succeeded, attempts);
    }

    private async Task<List<string>> InWindowAsync(DateTimeOffset from, DateTimeOffset to) =>
        [.. (await StoredAsync()).Where(id => DateTimeOffset.Parse(id[(id.IndexOf('@', StringComparison.Ordinal) + 1)..], null) is var at && at >= from && at < to)];

    /// <summary>A client that is let go at once.</summary>
    protected sealed class Closing(IDisposable inner) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            inner.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>Into a JetStream.</summary>
public sealed class NatsSpineTests : BrokerSpineTests
{
    private NatsServer _server = null!;

    protected override bool ToldTwiceIsStoredOnce => true;

    protected override (string, object) Target => ("nats", new
    {
        url = _server.Url,
        subject = "spine.{{ job.name }}",
        mode = "jetstream",
        auth = new { type = "user", username = "me", password = new { secret = "broker" } },
    });

    protected override async Task StartBrokerAsync()
    {
        var secret = DispatcherCompliance.Secret.Replace("\"", "\\\"", StringComparison.Ordinal);
        _server = await NatsServer.StartAsync($$"""
            authorization { users: [ { user: open, password: open }, { user: me, password: "{{secret}}" } ] }
            no_auth_user: open
            """);
        await using var client = await ConnectAsync();
        await NatsTarget.CreateStreamAsync(client, "SPINE", """["spine.>"]""", "");
    }

    protected override Task KillBrokerAsync() => _server.KillAsync();

    protected override Task RestartBrokerAsync() => _server.StartAgainAsync();

    protected override ValueTask EndBrokerAsync() => _server.DisposeAsync();

    protected override async Task<IReadOnlyList<string>> StoredAsync()
    {
        await using var client = await ConnectAsync();
        var (count, last) = await NatsTarget.StateAsync(client, "SPINE");
        var stored = new List<string>();
        for (long sequence = 1; sequence <= last; sequence++)
        {
            var reply = await client.RequestAsync<string, string>("$JS.API.STREAM.MSG.GET.SPINE", $$"""{"seq":{{sequence}}}""");
            using var document = JsonDocument.Parse(reply.Data!);
            var headers = Encoding.UTF8.GetString(document.RootElement.GetProperty("message").GetProperty("hdrs").GetBytesFromBase64());
            stored.Add(headers.Split("\r\n").Single(line => line.StartsWith("x-chronos-execution-id:", StringComparison.Ordinal)).Split(':', 2)[1].Trim());
        }

        Assert.Equal(count, stored.Count);
        return stored;
    }

    protected override async Task<(Func<Task>, IAsyncDisposable)> BareAsync()
    {
        var client = await ConnectAsync();
        return (() => client.RequestAsync<string, string>("spine.bare", "{}").AsTask(), client);
    }

    private async Task<NatsConnection> ConnectAsync()
    {
        var client = new NatsConnection(new NatsOpts { Url = _server.Url });
        await client.ConnectAsync();
        return client;
    }
}

/// <summary>Into a quorum queue of RabbitMQ.</summary>
public sealed class RabbitSpineTests : BrokerSpineTests
{
    private RabbitServer _server = null!;

    // A broker that stored a message and died before it confirmed gets it again.
    protected override bool ToldTwiceIsStoredOnce => false;

    protected override (string, object) Target => ("rabbitmq", new
    {
        url = $"amqp://127.0.0.1:{_server.Port}",
        queue = "spine",
        auth = new { type = "plain", username = "me", password = new { secret = "broker" } },
    });

    protected override async Task StartBrokerAsync()
    {
        _server = await RabbitServer.StartAsync();
        await _server.DeclareQuorumQueueAsync("spine");
    }

    protected override Task KillBrokerAsync() => _server.KillAsync();

    protected override Task RestartBrokerAsync() => _server.StartAgainAsync();

    protected override ValueTask EndBrokerAsync() => _server.DisposeAsync();

    protected override async Task<IReadOnlyList<string>> StoredAsync()
    {
        await using var client = await _server.ConnectAsync();
        var channel = await client.CreateChannelAsync();
        var stored = new List<string>();
        while (await channel.BasicGetAsync("spine", autoAck: false) is { } message)
        {
            stored.Add(Encoding.UTF8.GetString((byte[])message.BasicProperties.Headers!["x-chronos-execution-id"]!));
        }

        return stored;
    }

    protected override async Task<(Func<Task>, IAsyncDisposable)> BareAsync()
    {
        var client = await _server.ConnectAsync();
        var channel = await client.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        var properties = new BasicProperties { Persistent = true };
        return (() => channel.BasicPublishAsync("", "spine", true, properties, "{}"u8.ToArray()).AsTask(), client);
    }
}

/// <summary>Into a topic of librdkafka's mock cluster.</summary>
public sealed class KafkaSpineTests : BrokerSpineTests
{
    private KafkaTarget _cluster = null!;

    protected override bool ClientTriesAgain => true;

    // The producer is idempotent within a life of the node, not across two.
    protected override bool ToldTwiceIsStoredOnce => false;

    protected override (string, object) Target => ("kafka", new { brokers = new[] { _cluster.Broker }, topic = "orders" });

    protected override async Task StartBrokerAsync() => _cluster = await KafkaTarget.StartAsync();

    /// <summary>The cluster is in memory: what it holds goes with its process, so its broker only goes away.</summary>
    protected override Task KillBrokerAsync()
    {
        _cluster.Tell("down");
        return Task.CompletedTask;
    }

    protected override Task RestartBrokerAsync()
    {
        _cluster.Tell("up");
        return Task.CompletedTask;
    }

    protected override ValueTask EndBrokerAsync() => _cluster.DisposeAsync();

    protected override async Task<IReadOnlyList<string>> StoredAsync()
    {
        // A message of the end, behind all others, in each partition: who sees it has seen all.
        using var producer = Producer();
        var mark = $"end-{Guid.NewGuid()}";
        for (var partition = 0; partition < 4; partition++)
        {
            await producer.ProduceAsync(new TopicPartition("orders", partition), new Message<Null, string> { Value = mark });
        }

        await Eventually.True(() => _cluster.Held.Count(message => message.Value == mark) == 4, TimeSpan.FromSeconds(30));
        return [.. _cluster.Held.Where(message => message.Headers.ContainsKey("x-chronos-execution-id")).Select(message => message.Headers["x-chronos-execution-id"])];
    }

    protected override Task<(Func<Task>, IAsyncDisposable)> BareAsync()
    {
        var producer = Producer();
        return Task.FromResult<(Func<Task>, IAsyncDisposable)>((() => producer.ProduceAsync("orders", new Message<Null, string> { Value = "{}" }), new Closing(producer)));
    }

    private IProducer<Null, string> Producer() => new ProducerBuilder<Null, string>(
        new ProducerConfig { BootstrapServers = _cluster.Broker, EnableIdempotence = true, Acks = Acks.All, LingerMs = 0 }).Build();
}

/// <summary>To a method of a gRPC server.</summary>
public sealed class GrpcSpineTests : BrokerSpineTests
{
    private GrpcTarget _server = null!;

    // A server that did the call and died before it answered gets it again.
    protected override bool ToldTwiceIsStoredOnce => false;

    protected override (string, object) Target => ("grpc", new { target = _server.Url, method = "chronos.tests.Courier/Take" });

    protected override async Task StartBrokerAsync() => _server = await GrpcTarget.StartAsync();

    protected override Task KillBrokerAsync() => _server.KillAsync();

    protected override Task RestartBrokerAsync() => _server.RestartAsync();

    protected override ValueTask EndBrokerAsync() => _server.DisposeAsync();

    protected override Task<IReadOnlyList<string>> StoredAsync() =>
        Task.FromResult<IReadOnlyList<string>>([.. _server.Received.Select(call => call.Headers.GetValueOrDefault("x-chronos-execution-id")).OfType<string>()]);

    protected override Task<(Func<Task>, IAsyncDisposable)> BareAsync()
    {
        var channel = GrpcChannel.ForAddress(_server.Url);
        var client = new Courier.CourierClient(channel);
        return Task.FromResult<(Func<Task>, IAsyncDisposable)>((() => client.TakeAsync(Value.ForString("{}")).ResponseAsync, new Closing(channel)));
    }
}

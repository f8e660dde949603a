using System.Text;
using System.Text.Json;
using Chronos.Core.Kernel;
using Chronos.Tests.Actors.Dispatching;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using NATS.Client.Core;
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

    protected abstract Task StartBrokerAsync();

    protected abstract Task KillBrokerAsync();

    protected abstract Task RestartBrokerAsync();

    /// <summary>Member of the document: the protocol and its section.</summary>
    protected abstract (string Protocol, object Section) Target { get; }

    /// <summary>The execution id of every message that the broker has.</summary>
    protected abstract Task<IReadOnlyList<string>> StoredAsync();

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
        Assert.True(tries > Jobs * Seconds, "nothing was tried again, so nothing was hit");
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

    private async Task ApplyAsync(NodeProcess node)
    {
        var (protocol, section) = Target;
        await node.Post("jobs:apply", Enumerable.Range(0, Jobs).Select(i => new Dictionary<string, object>
        {
            ["name"] = $"job-{i}",
            ["schedule"] = "* * * * * *",
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
    private static async Task<(List<string> Succeeded, int Attempts)> LedgerAsync(NodeProcess node, DateTimeOffset from, DateTimeOffset to)
    {
        var (succeeded, attempts) = (new List<string>(), 0);
        string? cursor = null;
        do
        {
            var page = await node.Get($"executions?from={Rfc3339.Format(from)}&to={Rfc3339.Format(to)}&limit=500{(cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor))}");
            foreach (var execution in page.GetProperty("items").EnumerateArray())
            {
                if (execution.GetProperty("scheduled_at").GetDateTimeOffset() < from || execution.GetProperty("scheduled_at").GetDateTimeOffset() >= to)
                {
                    continue;
                }

                Assert.True(execution.GetProperty("status").GetString() == "succeeded", execution.ToString());
                succeeded.Add(execution.GetProperty("id").GetString()!);
                attempts += execution.GetProperty("attempts").GetArrayLength();
            }

            cursor = page.TryGetProperty("next_cursor", out var next) && next.ValueKind == JsonValueKind.String ? next.GetString() : null;
        }
        while (cursor is not null);
        return (succeeded, attempts);
    }

    private async Task<List<string>> InWindowAsync(DateTimeOffset from, DateTimeOffset to) =>
        [.. (await StoredAsync()).Where(id => DateTimeOffset.Parse(id[(id.IndexOf('@', StringComparison.Ordinal) + 1)..], null) is var at && at >= from && at < to)];
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
}

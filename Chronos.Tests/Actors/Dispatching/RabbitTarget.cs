using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Received = Chronos.Tests.Compliance.Received;

namespace Chronos.Tests.Actors.Dispatching;

/// <summary>An exchange and queues of one test on the shared RabbitMQ, behind relays that can be cut, and a consumer that writes down every message.</summary>
internal sealed class RabbitTarget : IComplianceTarget
{
    private readonly ConcurrentQueue<Received> _received = new();
    private readonly RabbitServer _server;
    private readonly RabbitRelay _relay;
    private readonly RabbitRelay _silent;
    private readonly int _nobody = TestPort.Free();
    private IConnection _client = null!;

    private RabbitTarget(RabbitServer server)
    {
        _server = server;
        Name = $"t{Guid.NewGuid():N}";
        _relay = new RabbitRelay(server.Port, keepConfirmations: false);
        _silent = new RabbitRelay(server.Port, keepConfirmations: true);
    }

    /// <summary>The exchange, and the beginning of the names of its queues.</summary>
    public string Name { get; }

    public RabbitServer Server => _server;

    public IChannel Channel { get; private set; } = null!;

    public IReadOnlyList<Received> Received => [.. _received];

    /// <summary>Properties of the messages, in the order of <see cref="Received"/>.</summary>
    public ConcurrentQueue<IReadOnlyBasicProperties> Properties { get; } = new();

    public DispatchTarget Accepting => To(_relay.Port, Place("ok"));

    public DispatchTarget Failing => To(_relay.Port, $"\"queue\":\"{Name}.full\"");

    public DispatchTarget Rejecting => To(_relay.Port, Place("nobody"));

    public DispatchTarget Silent => To(_silent.Port, Place("ok"));

    public DispatchTarget Missing => To(_relay.Port, "\"exchange\":\"no-such-exchange\",\"routing_key\":\"ok\"");

    public FailureClass MissingIs => FailureClass.ClientError;

    public int TooManyBytes => RabbitServer.LargestMessage;

    public DispatchTarget Unreachable => To(_nobody, Place("ok"));

    public static DispatchTarget Section(string json)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(json);
        var canonical = ProtocolSections.Read(Protocol.Rabbitmq, document.RootElement, "rabbitmq", violations);
        Xunit.Assert.Empty(violations);
        return new DispatchTarget(Protocol.Rabbitmq, canonical!);
    }

    public DispatchTarget Guarded(string secretName) => Section(
        $$"""{"url":"amqp://127.0.0.1:{{_relay.Port}}",{{Place("ok")}},"auth":{"type":"plain","username":"me","password":{"secret":"{{secretName}}"} } }""");

    public DispatchTarget Leaking(string secretName) => To(_relay.Port, Place("nobody") + $$$""", "headers":{"x-key":"{{ secrets.{{{secretName}}} }}"},"body":"{{ secrets.{{{secretName}}} }}" """);

    /// <summary>By way of the relay.</summary>
    public DispatchTarget To(string more) => To(_relay.Port, more);

    public string Place(string key) => $"\"exchange\":\"{Name}\",\"routing_key\":\"{key}\"";

    public static async Task<RabbitTarget> StartAsync()
    {
        var target = new RabbitTarget(await RabbitServers.SharedAsync());
        await target.DeclareAsync();
        return target;
    }

    public Task KillAsync()
    {
        _relay.Cut();
        _silent.Cut();
        return Task.CompletedTask;
    }

    public Task RestartAsync()
    {
        _relay.Listen();
        _silent.Listen();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await Channel.ExchangeDeleteAsync(Name);
        foreach (var queue in new[] { "ok", "full" })
        {
            await Channel.QueueDeleteAsync($"{Name}.{queue}");
        }

        await _client.DisposeAsync();
    }

    private static DispatchTarget To(int port, string more) => Section(
        $$"""{"url":"amqp://127.0.0.1:{{port}}",{{more}},"auth":{"type":"plain","username":"me","password":{"secret":"right"} } }""");

    private async Task DeclareAsync()
    {
        _client = await _server.ConnectAsync();
        Channel = await _client.CreateChannelAsync();
        await Channel.ExchangeDeclareAsync(Name, ExchangeType.Direct);
        await Channel.QueueDeclareAsync($"{Name}.ok", durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await Channel.QueueBindAsync($"{Name}.ok", Name, "ok");
        await Channel.QueueDeclareAsync($"{Name}.full", durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-max-length"] = 0, ["x-overflow"] = "reject-publish" });
        var consumer = new AsyncEventingBasicConsumer(Channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            // The body belongs to the client after this.
            var headers = delivery.BasicProperties.Headers!.ToDictionary(
                header => header.Key, header => header.Value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : $"{header.Value}", StringComparer.Ordinal);
            Properties.Enqueue(new BasicProperties(delivery.BasicProperties));
            _received.Enqueue(new Received(delivery.RoutingKey, headers, Encoding.UTF8.GetString(delivery.Body.Span)));
            return Task.CompletedTask;
        };
        await Channel.BasicConsumeAsync($"{Name}.ok", autoAck: true, consumer);
    }
}

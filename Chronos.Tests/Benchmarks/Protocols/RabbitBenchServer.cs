using System.Text;
using Chronos.Tests.Kit;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Chronos.Benchmarks.Protocols;

/// <summary>A RabbitMQ with a quorum queue for each place.</summary>
internal sealed class RabbitBenchServer : BenchServer
{
    private readonly RabbitServer _server;

    private RabbitBenchServer(RabbitServer server) => _server = server;

    public override string Address => $"amqp://127.0.0.1:{_server.Port}";

    public override string Secret => RabbitServer.Password;

    public static async Task<BenchServer> Start()
    {
        var server = await RabbitServer.StartAsync();
        await using var client = await server.ConnectAsync();
        await using var channel = await client.CreateChannelAsync();
        foreach (var place in new[] { Ours, Bare })
        {
            await channel.QueueDeclareAsync(place, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        }

        return new RabbitBenchServer(server);
    }

    public override string Section(string place) =>
        $$"""{"url":"{{Address}}","queue":"{{place}}","auth":{"type":"plain","username":"{{RabbitServer.User}}","password":{"secret":"{{SecretName}}"} } }""";

    public override async Task<IReadOnlyList<string>> Stored(string place)
    {
        await using var client = await _server.ConnectAsync();
        await using var channel = await client.CreateChannelAsync();
        var left = (int)await channel.MessageCountAsync(place);
        var stored = new List<string>(left);
        if (left == 0)
        {
            return stored;
        }

        // Pushed and not fetched: a quorum queue takes milliseconds for each message that is fetched.
        var complete = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, message) =>
        {
            stored.Add(Encoding.UTF8.GetString((byte[])message.BasicProperties.Headers!["x-chronos-execution-id"]!));
            if (stored.Count == left)
            {
                complete.SetResult();
            }

            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(place, autoAck: true, consumer);
        await complete.Task.WaitAsync(TimeSpan.FromMinutes(1));
        return stored;
    }

    public override ValueTask DisposeAsync() => _server.DisposeAsync();
}

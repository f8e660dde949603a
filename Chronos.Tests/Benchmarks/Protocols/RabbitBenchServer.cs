using System.Text;
using Chronos.Tests.Kit;

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
        var stored = new List<string>();
        while (await channel.BasicGetAsync(place, autoAck: true) is { } message)
        {
            stored.Add(Encoding.UTF8.GetString((byte[])message.BasicProperties.Headers!["x-chronos-execution-id"]!));
        }

        return stored;
    }

    public override ValueTask DisposeAsync() => _server.DisposeAsync();
}

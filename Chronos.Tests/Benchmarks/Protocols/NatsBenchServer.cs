using System.Text;
using System.Text.Json;
using Chronos.Tests.Kit;
using NATS.Client.Core;

namespace Chronos.Benchmarks.Protocols;

/// <summary>A nats-server with a stream for each place.</summary>
internal sealed class NatsBenchServer : BenchServer
{
    private readonly NatsServer _server;

    private NatsBenchServer(NatsServer server) => _server = server;

    public override string Address => _server.Url;

    public override string Secret => TestSecret.Value;

    public static async Task<BenchServer> Start()
    {
        var secret = TestSecret.Value.Replace("\"", "\\\"", StringComparison.Ordinal);
        var server = new NatsBenchServer(await NatsServer.StartAsync($$"""authorization { user: me, password: "{{secret}}" }"""));
        await using var client = await Connect(server.Address, server.Secret);
        foreach (var place in new[] { Ours, Bare })
        {
            var made = await client.RequestAsync<string, string>($"$JS.API.STREAM.CREATE.{place}", $$"""{"name":"{{place}}","subjects":["{{place}}.>"],"storage":"file"}""");
            if (made.Data!.Contains("\"error\"", StringComparison.Ordinal))
            {
                throw new InvalidOperationException(made.Data);
            }
        }

        return server;
    }

    public static async Task<NatsConnection> Connect(string url, string secret)
    {
        var client = new NatsConnection(new NatsOpts
        {
            Url = url,
            AuthOpts = new NatsAuthOpts { Username = "me", Password = secret },
            HeaderEncoding = Encoding.UTF8,
            CaseSensitiveHeaders = true,
        });
        await client.ConnectAsync();
        return client;
    }

    public override string Section(string place) =>
        $$$"""{"url":"{{{_server.Url}}}","subject":"{{{place}}}.{{ job.name }}","mode":"jetstream","auth":{"type":"user","username":"me","password":{"secret":"{{{SecretName}}}"} } }""";

    public override async Task<IReadOnlyList<string>> Stored(string place)
    {
        await using var client = await Connect(Address, Secret);
        var state = await client.RequestAsync<string, string>($"$JS.API.STREAM.INFO.{place}", "");
        using var info = JsonDocument.Parse(state.Data!);
        var stored = new string[info.RootElement.GetProperty("state").GetProperty("messages").GetInt64()];
        await Parallel.ForAsync(0, stored.Length, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, cancellation) =>
        {
            var reply = await client.RequestAsync<string, string>($"$JS.API.STREAM.MSG.GET.{place}", $$"""{"seq":{{i + 1}}}""", cancellationToken: cancellation);
            using var message = JsonDocument.Parse(reply.Data!);
            var headers = Encoding.UTF8.GetString(message.RootElement.GetProperty("message").GetProperty("hdrs").GetBytesFromBase64());
            stored[i] = headers.Split("\r\n").Single(line => line.StartsWith("x-chronos-execution-id:", StringComparison.Ordinal)).Split(':', 2)[1].Trim();
        });
        return stored;
    }

    public override ValueTask DisposeAsync() => _server.DisposeAsync();
}

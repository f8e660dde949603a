using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using NATS.Client.Core;
using Received = Chronos.Tests.Compliance.Received;

namespace Chronos.Tests.Actors.Dispatching;

/// <summary>A nats-server with streams and a service that answers, and a subscriber that writes down every message.</summary>
internal sealed class NatsTarget : IAnsweringTarget
{
    private readonly ConcurrentQueue<Received> _received = new();
    private readonly NatsServer _server;
    private readonly string _mode;
    private readonly int _nobody = TestPort.Free();
    private NatsConnection _client = null!;

    private NatsTarget(NatsServer server, string mode) => (_server, _mode) = (server, mode);

    public IReadOnlyList<Received> Received => [.. _received];

    public NatsServer Server => _server;

    public DispatchTarget Accepting => To("jobs.ok");

    public DispatchTarget Failing => To("jobs.fail");

    public DispatchTarget Rejecting => _mode == "jetstream" ? To("jobs.ok", """,  "expected_last_sequence": 4711""") : To("jobs.reject");

    public DispatchTarget Silent => To("silent.one");

    public DispatchTarget Oversized => To("jobs.big");

    public DispatchTarget Missing => To("nowhere.at.all");

    public FailureClass MissingIs => FailureClass.ServerError;

    public int TooManyBytes => 1024 * 1024;

    public DispatchTarget Unreachable => Section($$"""{"url":"nats://127.0.0.1:{{_nobody}}","subject":"jobs.ok","mode":"{{_mode}}"}""");

    public static DispatchTarget Section(string json)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(json);
        var canonical = ProtocolSections.Read(Protocol.Nats, document.RootElement, "nats", violations);
        Xunit.Assert.Empty(violations);
        return new DispatchTarget(Protocol.Nats, canonical!);
    }

    public DispatchTarget Guarded(string secretName) => To("jobs.ok", $$""", "auth":{"type":"user","username":"me","password":{"secret":"{{secretName}}"} }""");

    public DispatchTarget Leaking(string secretName) => To("jobs.leak", $$$""", "headers":{"x-key":"{{ secrets.{{{secretName}}} }}"}""");

    public DispatchTarget To(string subject) => To(subject, "");

    public DispatchTarget To(string subject, string more) => Section($$"""{"url":"{{_server.Url}}","subject":"{{subject}}","mode":"{{_mode}}"{{more}} }""");

    public static async Task<NatsTarget> StartAsync(string mode)
    {
        var secret = DispatcherCompliance.Secret.Replace("\"", "\\\"", StringComparison.Ordinal);
        var server = await NatsServer.StartAsync($$"""
            authorization { users: [ { user: open, password: open }, { user: me, password: "{{secret}}" } ] }
            no_auth_user: open
            """);
        var target = new NatsTarget(server, mode);
        await target.ListenAsync();
        if (mode == "jetstream")
        {
            await CreateStreamAsync(target._client, "JOBS", """["jobs.ok"]""", "");
            await CreateStreamAsync(target._client, "SILENT", """["silent.>"]""", ""","no_ack":true""");
            await CreateStreamAsync(target._client, "FULL", """["jobs.fail"]""", ""","max_bytes":1,"discard":"new" """);
        }

        return target;
    }

    public static async Task CreateStreamAsync(NatsConnection client, string name, string subjects, string more)
    {
        var reply = await client.RequestAsync<string, string>(
            $"$JS.API.STREAM.CREATE.{name}", $$"""{"name":"{{name}}","subjects":{{subjects}},"storage":"file","num_replicas":1,"duplicate_window":120000000000{{more}}}""");
        if (reply.Data!.Contains("\"error\"", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(reply.Data);
        }
    }

    /// <summary>What a stream has: messages and last sequence.</summary>
    public static async Task<(long Messages, long Last)> StateAsync(NatsConnection client, string stream)
    {
        var reply = await client.RequestAsync<string, string>($"$JS.API.STREAM.INFO.{stream}", "");
        using var document = JsonDocument.Parse(reply.Data!);
        var state = document.RootElement.GetProperty("state");
        return (state.GetProperty("messages").GetInt64(), state.GetProperty("last_seq").GetInt64());
    }

    public NatsConnection Client => _client;

    public Task KillAsync() => _server.KillAsync();

    public async Task RestartAsync()
    {
        await _client.DisposeAsync();
        await _server.StartAgainAsync();
        await ListenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    private async Task ListenAsync()
    {
        _client = new NatsConnection(new NatsOpts { Url = _server.Url, CaseSensitiveHeaders = true, HeaderEncoding = Encoding.UTF8 });
        await _client.ConnectAsync();
        foreach (var subject in new[] { "jobs.>", "silent.>" })
        {
            var messages = await _client.SubscribeCoreAsync<byte[]>(subject);
            _ = AnswerAsync(messages);
        }

        await _client.PingAsync();
    }

    private async Task AnswerAsync(INatsSub<byte[]> messages)
    {
        await foreach (var message in messages.Msgs.ReadAllAsync())
        {
            _received.Enqueue(new Received(
                message.Subject, message.Headers!.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.Ordinal), Encoding.UTF8.GetString(message.Data ?? [])));
            if (_mode == "jetstream")
            {
                // What says that it is a stream, and is none.
                if (message.Subject == "jobs.leak")
                {
                    await message.ReplyAsync(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new { error = new { code = 500, description = $"wrong key {message.Headers!["x-key"]}" } })));
                }

                continue;
            }

            if (_mode == "publish")
            {
                continue;
            }

            switch (message.Subject)
            {
                case "jobs.ok": await message.ReplyAsync(Encoding.UTF8.GetBytes("""{"done":true}""")); break;
                case "jobs.fail": await message.ReplyAsync(headers: new NatsHeaders { ["Nats-Service-Error"] = "out of order", ["Nats-Service-Error-Code"] = "503" }); break;
                case "jobs.reject": await message.ReplyAsync(headers: new NatsHeaders { ["Nats-Service-Error"] = "no such order", ["Nats-Service-Error-Code"] = "400" }); break;
                case "jobs.big": await message.ReplyAsync(Encoding.ASCII.GetBytes(new string('x', 900_000)), new NatsHeaders { ["content-type"] = "text/plain" }); break;
                case "jobs.leak":
                    var key = message.Headers!["x-key"].ToString();
                    await message.ReplyAsync(
                        Encoding.UTF8.GetBytes($"{key} {Convert.ToBase64String(Encoding.UTF8.GetBytes(key))}"),
                        new NatsHeaders { ["Nats-Service-Error"] = $"wrong key {key}", ["Nats-Service-Error-Code"] = "500" });
                    break;
            }
        }
    }
}

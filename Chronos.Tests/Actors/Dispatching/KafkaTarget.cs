using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Channels;
using Chronos.Core.Dispatching;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using Confluent.Kafka;
using Received = Chronos.Tests.Compliance.Received;

namespace Chronos.Tests.Actors.Dispatching;

/// <summary>librdkafka's mock cluster behind a relay, as a target of the compliance suite. It is no Kafka, but speaks its protocol over TCP.</summary>
internal sealed class KafkaTarget : IComplianceTarget
{
    private static readonly string[] Topics = ["orders", "others"];

    private readonly KafkaMockRelay _relay = new(DispatcherCompliance.Secret);
    private readonly ConcurrentQueue<KafkaMockChild.Held> _held = new();
    private Channel<bool> _done = Channel.CreateUnbounded<bool>();
    private Process? _child;
    private TcpClient? _control;
    private StreamWriter? _orders;

    private KafkaTarget()
    {
    }

    public string Broker => $"127.0.0.1:{_relay.Port}";

    /// <summary>Every message that the cluster held, also before it was killed, in the order of being seen.</summary>
    public IReadOnlyList<KafkaMockChild.Held> Held => [.. _held];

    public IReadOnlyList<Received> Received => [.. _held.Select(message => new Received(message.Topic, message.Headers, message.Value))];

    public DispatchTarget Accepting
    {
        get
        {
            _relay.Silent = false;
            Tell("errors 0 0");
            return To("orders");
        }
    }

    public DispatchTarget Failing
    {
        get
        {
            Tell($"errors {(int)ErrorCode.NotEnoughReplicas} 20");
            return To("orders");
        }
    }

    public DispatchTarget Rejecting
    {
        get
        {
            Tell($"errors {(int)ErrorCode.InvalidRecord} 20");
            return To("orders");
        }
    }

    public DispatchTarget Silent
    {
        get
        {
            _relay.Silent = true;
            return To("orders");
        }
    }

    public DispatchTarget Missing => To("gone");

    public FailureClass MissingIs => FailureClass.ClientError;

    public int TooManyBytes => 2_000_000;

    public DispatchTarget Unreachable => Section($$"""{"brokers":["127.0.0.1:{{TestPort.Free()}}"],"topic":"orders"}""");

    public static DispatchTarget Section(string json) => new(Protocol.Kafka, json);

    public DispatchTarget To(string topic, string more = "") => Section($$"""{"brokers":["{{Broker}}"],"topic":"{{topic}}"{{more}}}""");

    public DispatchTarget Guarded(string secretName) =>
        To("orders", $$""","auth":{"type":"plain","username":"me","password":{"secret":"{{secretName}}"} }""");

    public DispatchTarget Leaking(string secretName) =>
        To("orders", $$""","auth":{"type":"plain","username":"leak","password":{"secret":"{{secretName}}"} }""");

    public static async Task<KafkaTarget> StartAsync()
    {
        var target = new KafkaTarget();
        target._relay.Listen();
        await target.StartChildAsync();
        return target;
    }

    public void Tell(string order)
    {
        if (_child is null or { HasExited: true })
        {
            return;
        }

        _orders!.WriteLine(order);
        _orders.Flush();
        while (!_done.Reader.TryRead(out _) && !_child.HasExited)
        {
            Thread.Yield();
        }
    }

    public async Task KillAsync()
    {
        _child!.Kill();
        await _child.WaitForExitAsync();
        _relay.Dispose();
    }

    public async Task RestartAsync()
    {
        _relay.Silent = false;
        _control?.Dispose();
        _child?.Dispose();
        _relay.Listen();
        await StartChildAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _relay.Dispose();
        if (_child is { HasExited: false })
        {
            _child.Kill();
            await _child.WaitForExitAsync();
        }

        _child?.Dispose();
        _control?.Dispose();
    }

    private async Task StartChildAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _child = KafkaMockChild.Start(((IPEndPoint)listener.LocalEndpoint).Port, _relay.Port, Topics);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        _control = await listener.AcceptTcpClientAsync(limit.Token);
        _orders = new StreamWriter(_control.GetStream());
        _done = Channel.CreateUnbounded<bool>();
        var reader = new StreamReader(_control.GetStream());
        _relay.Behind = int.Parse((await reader.ReadLineAsync(limit.Token))!.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        _ = ListenAsync(reader, _done.Writer);
    }

    private async Task ListenAsync(StreamReader reader, ChannelWriter<bool> done)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line == "done")
                {
                    done.TryWrite(true);
                }
                else
                {
                    _held.Enqueue(JsonSerializer.Deserialize<KafkaMockChild.Held>(line["got ".Length..])!);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The child was killed.
        }
    }
}

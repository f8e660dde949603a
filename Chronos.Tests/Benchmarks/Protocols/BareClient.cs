using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Chronos.Tests.Protos;
using Confluent.Kafka;
using Google.Protobuf.WellKnownTypes;
using Grpc.Net.Client;
using NATS.Client.Core;
using RabbitMQ.Client;
using Metadata = Grpc.Core.Metadata;

namespace Chronos.Benchmarks.Protocols;

/// <summary>One message, with the headers and the body that the node's has.</summary>
internal sealed record BareMessage(string Execution, int Number)
{
    public static readonly byte[] Body = Encoding.UTF8.GetBytes(BareClient.Payload);

    public IEnumerable<KeyValuePair<string, string>> Headers =>
    [
        new("idempotency-key", Execution),
        new("x-chronos-job-id", "0123456789abcdef0123456789abcdef"),
        new("x-chronos-execution-id", Execution),
        new("x-chronos-attempt", "1"),
        new("x-chronos-scheduled-time", "2030-01-01T00:00:00.001Z"),
        new("traceparent", string.Create(CultureInfo.InvariantCulture, $"00-{Number + 1:x32}-{Number + 1:x16}-01")),
    ];
}

/// <summary>The client of a protocol, used as its documentation shows, and nothing around it: sends one message and waits for the acknowledgement.</summary>
internal abstract class BareClient : IAsyncDisposable
{
    /// <summary>What every message carries, the node's too.</summary>
    public const string Payload = """{"order":4711,"customer":"of the benchmark","lines":[1,2,3]}""";

    public static async Task<BareClient> Open(string protocol, string address, string secret) => protocol switch
    {
        "http" => new Http(address),
        "grpc" => new OverGrpc(address),
        "kafka" => new Kafka(address),
        "nats" => new Nats(await NatsBenchServer.Connect(address, secret)),
        _ => await Rabbit.Open(address, secret),
    };

    public abstract Task Send(BareMessage message);

    public abstract ValueTask DisposeAsync();

    private sealed class Http(string url) : BareClient
    {
        private static readonly MediaTypeHeaderValue Json = new("application/json");
        private readonly HttpClient _client = new();
        private readonly Uri _url = new(url + "/");

        public override async Task Send(BareMessage message)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = new ByteArrayContent(BareMessage.Body) { Headers = { ContentType = Json } } };
            foreach (var (name, value) in message.Headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            using var response = await _client.SendAsync(request).ConfigureAwait(false);
            response.EnsureSuccessStatusCode();
        }

        public override ValueTask DisposeAsync()
        {
            _client.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class OverGrpc : BareClient
    {
        private readonly GrpcChannel _channel;
        private readonly Courier.CourierClient _client;

        public OverGrpc(string url)
        {
            _channel = GrpcChannel.ForAddress(url);
            _client = new Courier.CourierClient(_channel);
        }

        public override async Task Send(BareMessage message)
        {
            var metadata = new Metadata();
            foreach (var (name, value) in message.Headers)
            {
                metadata.Add(name, value);
            }

            await _client.TakeAsync(Value.Parser.ParseJson(Payload), metadata, DateTime.UtcNow.AddMinutes(5)).ResponseAsync.ConfigureAwait(false);
        }

        public override ValueTask DisposeAsync()
        {
            _channel.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Kafka(string broker) : BareClient
    {
        private readonly IProducer<byte[], byte[]> _producer = new ProducerBuilder<byte[], byte[]>(
            new ProducerConfig { BootstrapServers = broker, EnableIdempotence = true, Acks = Acks.All, LingerMs = 1, SocketNagleDisable = true }).Build();

        public override Task Send(BareMessage message)
        {
            var headers = new Confluent.Kafka.Headers();
            foreach (var (name, value) in message.Headers)
            {
                headers.Add(name, Encoding.UTF8.GetBytes(value));
            }

            return _producer.ProduceAsync(BenchServer.Bare, new Message<byte[], byte[]> { Value = BareMessage.Body, Headers = headers });
        }

        public override ValueTask DisposeAsync()
        {
            _producer.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Nats(NatsConnection client) : BareClient
    {
        public override async Task Send(BareMessage message)
        {
            var headers = new NatsHeaders(caseSensitive: true) { ["content-type"] = "application/json" };
            foreach (var (name, value) in message.Headers)
            {
                headers[name] = value;
            }

            headers["Nats-Msg-Id"] = message.Execution;
            await client.RequestAsync<byte[], byte[]>($"{BenchServer.Bare}.rate-{message.Number % 1000}", BareMessage.Body, headers).ConfigureAwait(false);
        }

        public override ValueTask DisposeAsync() => client.DisposeAsync();
    }

    private sealed class Rabbit(IConnection connection, IChannel channel) : BareClient
    {
        public static async Task<BareClient> Open(string address, string secret)
        {
            var connection = await new ConnectionFactory { Uri = new Uri(address), UserName = Chronos.Tests.Kit.RabbitServer.User, Password = secret }.CreateConnectionAsync();
            return new Rabbit(connection, await connection.CreateChannelAsync(new CreateChannelOptions(
                publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null, consumerDispatchConcurrency: null)));
        }

        public override Task Send(BareMessage message)
        {
            var properties = new BasicProperties
            {
                Persistent = true,
                ContentType = "application/json",
                MessageId = message.Execution,
                Timestamp = new AmqpTimestamp(DateTimeOffset.UtcNow.ToUnixTimeSeconds()),
                AppId = "bare",
                Headers = message.Headers.ToDictionary(header => header.Key, header => (object?)header.Value, StringComparer.Ordinal),
            };
            return channel.BasicPublishAsync("", BenchServer.Bare, true, properties, BareMessage.Body).AsTask();
        }

        public override async ValueTask DisposeAsync()
        {
            await channel.DisposeAsync();
            await connection.DisposeAsync();
        }
    }
}

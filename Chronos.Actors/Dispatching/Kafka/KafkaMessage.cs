using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Chronos.Actors.Dispatching.CloudEvents;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Dispatching.Kafka;
using Confluent.Kafka;

namespace Chronos.Actors.Dispatching.Kafka;

/// <summary>One attempt with every template rendered and every secret in its place.</summary>
internal sealed class KafkaMessage : IBrokerMessage
{
    private static readonly ParsedSections<KafkaSection> Sections = new("kafka", KafkaSection.Parse);

    private readonly BrokerConnections<KafkaProducer> _producers;
    private readonly Func<KafkaMessage, KafkaProducer> _open;
    private readonly TopicPartition _to;
    private readonly Message<byte[], byte[]> _message;
    private readonly string _identity;

    /// <exception cref="RequestFaultException">A template or a secret is at fault; the message names it and holds no value.</exception>
    public KafkaMessage(AttemptRequest attempt, AttemptSecrets secrets, BrokerConnections<KafkaProducer> producers, KafkaDispatchOptions options, Func<KafkaMessage, KafkaProducer> open)
    {
        (_producers, _open) = (producers, open);
        var section = Sections.Get(attempt.Target.Section);
        var templates = new AttemptTemplates(attempt, secrets);
        var topic = templates.Render(section.Topic, "kafka.topic");
        if (KafkaSectionReader.FaultOfTopic(topic) is { } fault)
        {
            throw new RequestFaultException($"kafka.topic: the name that the template makes {fault}");
        }

        _to = new TopicPartition(topic, section.Partition is { } partition ? new Partition(partition) : Partition.Any);
        var (body, attributes, made) = BrokerBody.Of(templates, section.Value, "kafka.value").AsEvent(attempt, templates, secrets, CloudEventBinding.Kafka);
        var headers = new Headers();
        foreach (var (name, value) in attributes)
        {
            headers.Add(name, Encoding.UTF8.GetBytes(value));
        }

        if (body.ContentType.Length > 0 && !section.Headers.Any(header => header.Name.Equals("content-type", StringComparison.OrdinalIgnoreCase)))
        {
            headers.Add("content-type", Encoding.UTF8.GetBytes(body.ContentType));
        }

        foreach (var (name, value) in BrokerBody.Headers(attempt, templates, section.Headers, "kafka"))
        {
            headers.Add(name, Encoding.UTF8.GetBytes(value));
        }

        _message = new Message<byte[], byte[]>
        {
            // Events that belong together go to one partition, unless the job has a key of its own.
            Key = (section.Key is { } key ? templates.Render(key, "kafka.key") : made?.PartitionKey) is { } text ? Encoding.UTF8.GetBytes(text) : null!,

            // An event without data in mode binary has no value at all, as the binding says.
            Value = made is not null && body.Bytes.Length == 0 ? null! : body.Bytes,
            Headers = headers,
        };
        Brokers = section.Brokers;
        var tls = BrokerTls.Resolve(section.Tls, secrets);
        Config = ConfigOf(section, tls, section.Auth is { } auth ? secrets.Get(auth.Password.Name) : null, options);
        _identity = BrokerTls.Identity([.. Config.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => new[] { pair.Key, pair.Value })]);
        Target = "kafka://" + string.Join(',', section.Brokers);
    }

    public string Target { get; }

    /// <summary>Settings of the client. Hold secrets.</summary>
    public ProducerConfig Config { get; }

    public ImmutableArray<string> Brokers { get; }

    public async Task<BrokerEnd> SendAsync(CancellationToken cancellation)
    {
        using var lease = _producers.Rent(_identity, () => _open(this));
        var delivered = await lease.Connection.SendAsync(_to, _message, cancellation).ConfigureAwait(false);
        return new BrokerEnd(FailureClass.None)
        {
            Facts = ImmutableSortedDictionary<string, string>.Empty
                .Add("topic", delivered.Topic)
                .Add("partition", delivered.Partition.Value.ToString(CultureInfo.InvariantCulture))
                .Add("offset", delivered.Offset.Value.ToString(CultureInfo.InvariantCulture)),
        };
    }

    public SentMessage Describe() => new(
        "produce", $"{Target}/{_to.Topic}",
        [
            .. _message.Key is { } key ? [("key", AttemptWatch.TextOf(key) ?? "")] : Array.Empty<(string, string)>(),
            .. _to.Partition == Partition.Any ? Array.Empty<(string, string)>() : [("partition", _to.Partition.Value.ToString(CultureInfo.InvariantCulture))],
        ],
        [.. _message.Headers.Select(header => (header.Key, Encoding.UTF8.GetString(header.GetValueBytes() ?? []), HeaderRules.IsCredential(header.Key)))], _message.Value ?? []);

    public BrokerEnd? Classify(Exception error) => BrokerAttempts.Causes(error).Select(KafkaFailures.Classify).FirstOrDefault(end => end is not null);

    private static ProducerConfig ConfigOf(KafkaSection section, BrokerTls? tls, string? password, KafkaDispatchOptions options)
    {
        var config = new ProducerConfig
        {
            BootstrapServers = string.Join(',', section.Brokers),
            ClientId = "chronos",
            Acks = section.Acks == KafkaAcks.All ? Acks.All : Acks.Leader,
            EnableIdempotence = section.Idempotent,
            CompressionType = section.Compression switch
            {
                KafkaCompression.Gzip => CompressionType.Gzip,
                KafkaCompression.Snappy => CompressionType.Snappy,
                KafkaCompression.Lz4 => CompressionType.Lz4,
                KafkaCompression.Zstd => CompressionType.Zstd,
                _ => CompressionType.None,
            },
            Partitioner = Partitioner.Murmur2Random,
            LingerMs = 1,
            MessageTimeoutMs = (int)options.MessageTimeout.TotalMilliseconds,
            MessageSendMaxRetries = options.ClientRetries,
            RetryBackoffMs = 100,
            MessageMaxBytes = options.MaxMessage,
            SocketConnectionSetupTimeoutMs = (int)options.ConnectTimeout.TotalMilliseconds,
            SocketKeepaliveEnable = true,
            SocketNagleDisable = true,
            ReconnectBackoffMaxMs = 2000,
            LogConnectionClose = false,
            EnableMetricsPush = false,
            SecurityProtocol = (tls, section.Auth) switch
            {
                (null, null) => SecurityProtocol.Plaintext,
                (null, _) => SecurityProtocol.SaslPlaintext,
                (_, null) => SecurityProtocol.Ssl,
                _ => SecurityProtocol.SaslSsl,
            },
        };
        if (section.Auth is { } auth)
        {
            config.SaslMechanism = auth.Mechanism switch { "plain" => SaslMechanism.Plain, "scram_sha_256" => SaslMechanism.ScramSha256, _ => SaslMechanism.ScramSha512 };
            config.SaslUsername = auth.Username;
            config.SaslPassword = password;
        }

        if (tls is not null)
        {
            config.SslEndpointIdentificationAlgorithm = SslEndpointIdentificationAlgorithm.Https;
            if (tls.Ca is not null)
            {
                config.SslCaPem = tls.Ca;
            }

            if (tls.Certificate is not null)
            {
                (config.SslCertificatePem, config.SslKeyPem) = (tls.Certificate, tls.Key);
            }
        }

        return config;
    }
}

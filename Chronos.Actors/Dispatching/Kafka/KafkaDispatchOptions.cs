namespace Chronos.Actors.Dispatching.Kafka;

/// <summary>What the Kafka dispatcher may do.</summary>
public sealed record KafkaDispatchOptions
{
    /// <summary>Whether loopback and private ranges may be reached. Link-local, metadata and multicast addresses never may.</summary>
    public bool AllowPrivateTargets { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After this a message that no broker acknowledged is given up by the client, whatever the attempt would wait.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often the client itself repeats a message within an attempt, before it is an attempt that failed.</summary>
    public int ClientRetries { get; init; } = 3;

    /// <summary>Messages of one producer that wait for their acknowledgement; what is beyond waits in its queue, and then in its attempt.</summary>
    public int MaxInFlight { get; init; } = 1000;

    /// <summary>Messages that wait for a place among those in flight.</summary>
    public int MaxQueued { get; init; } = 1000;

    /// <summary>Bytes of a message, as brokers take them unless told otherwise.</summary>
    public int MaxMessage { get; init; } = 1024 * 1024;

    /// <summary>Producers kept, one per set of brokers, credentials and settings.</summary>
    public int MaxProducers { get; init; } = 256;

    /// <summary>A producer that nobody used for so long is closed.</summary>
    public TimeSpan ProducerIdle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long what the brokers say of a topic, and of each other, is believed.</summary>
    public TimeSpan TopicLifetime { get; init; } = TimeSpan.FromMinutes(1);
}

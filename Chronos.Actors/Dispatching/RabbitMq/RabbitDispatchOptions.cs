namespace Chronos.Actors.Dispatching.RabbitMq;

/// <summary>What the RabbitMQ dispatcher may do.</summary>
public sealed record RabbitDispatchOptions
{
    /// <summary>Whether loopback and private ranges may be sent to. Link-local, metadata and multicast addresses never may.</summary>
    public bool AllowPrivateTargets { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After this without use a connection is closed.</summary>
    public TimeSpan ConnectionIdle { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Connections kept.</summary>
    public int MaxConnections { get; init; } = 256;

    /// <summary>Channels of a connection, each with one message on its way. What comes beyond waits.</summary>
    public int MaxChannels { get; init; } = 128;

    /// <summary>How often both sides say that they live. A broker that is silent twice as long is gone.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(10);
}

namespace Chronos.Actors.Dispatching.Nats;

/// <summary>What the NATS dispatcher may do.</summary>
public sealed record NatsDispatchOptions
{
    /// <summary>Whether loopback and private ranges may be sent to. Link-local, metadata and multicast addresses never may.</summary>
    public bool AllowPrivateTargets { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After this without use a connection is closed.</summary>
    public TimeSpan ConnectionIdle { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Connections kept.</summary>
    public int MaxConnections { get; init; } = 256;

    /// <summary>Bytes of a reply that are kept.</summary>
    public int MaxResponse { get; init; } = 1024 * 1024;
}

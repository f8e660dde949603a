namespace Chronos.Actors.Dispatching.Grpc;

/// <summary>What the gRPC dispatcher may do.</summary>
public sealed record GrpcDispatchOptions
{
    /// <summary>Whether loopback and private ranges may be called. Link-local, metadata and multicast addresses never may.</summary>
    public bool AllowPrivateTargets { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>After this a connection takes no new call, so that a changed DNS entry is seen.</summary>
    public TimeSpan ConnectionLifetime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Bytes of one message, sent or received.</summary>
    public int MaxMessage { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes of an answer, as JSON, that are kept; a stream is read to its end all the same.</summary>
    public int MaxResponse { get; init; } = 1024 * 1024;

    /// <summary>Bytes of an answer that go to the journal.</summary>
    public int MaxExcerpt { get; init; } = 4096;

    /// <summary>Channels kept, one per target and credentials of its TLS.</summary>
    public int MaxChannels { get; init; } = 1024;

    /// <summary>A channel that nobody used for so long is closed.</summary>
    public TimeSpan ChannelIdle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long an answer of server reflection is believed.</summary>
    public TimeSpan ReflectionLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long server reflection may take.</summary>
    public TimeSpan ReflectionTimeout { get; init; } = TimeSpan.FromSeconds(15);
}

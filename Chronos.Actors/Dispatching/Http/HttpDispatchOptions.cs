namespace Chronos.Actors.Dispatching.Http;

/// <summary>What the HTTP dispatcher may do.</summary>
public sealed record HttpDispatchOptions
{
    /// <summary>How many requests a target has at once before it is seen how fast it answers; see <see cref="ConnectionPace"/>.</summary>
    public int FirstConnections { get; init; } = 16;

    /// <summary>Whether loopback and private ranges may be sent to. Link-local, metadata and multicast addresses never may.</summary>
    public bool AllowPrivateTargets { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>After this a connection is not used again, so that a changed DNS entry is seen.</summary>
    public TimeSpan ConnectionLifetime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Bytes of a response that are read; the connection is dropped on the rest.</summary>
    public int MaxResponse { get; init; } = 1024 * 1024;

    /// <summary>Bytes of a response that go to the journal.</summary>
    public int MaxExcerpt { get; init; } = 4096;

    public int MaxRedirects { get; init; } = 5;

    /// <summary>Clients with a certificate, an authority or a proxy of their own that are kept; more only while all of them are in use.</summary>
    public int MaxLines { get; init; } = 256;

    /// <summary>After this without use such a client is closed.</summary>
    public TimeSpan LineIdle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a token endpoint may take.</summary>
    public TimeSpan TokenTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Progress that a stream of events tells is passed on at most this often.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(1);
}

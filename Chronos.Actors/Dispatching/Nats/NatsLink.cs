using System.Net.Sockets;
using Chronos.Actors.Dispatching.Http;
using NATS.Client.Core;

namespace Chronos.Actors.Dispatching.Nats;

/// <summary>
/// One connection to a NATS cluster as one user. When it breaks, everything that waits on it is told, and the next attempt makes a new
/// one: the client's own reconnecting would let attempts wait for a server that is gone.
/// </summary>
internal sealed class NatsLink(NatsEndpoint endpoint, GuardedConnector connector, NatsDispatchOptions options) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private Task<NatsSession>? _opening;

    public async Task<NatsSession> OpenAsync(CancellationToken cancellation)
    {
        Task<NatsSession> opening;
        lock (_gate)
        {
            if (_opening is null or { IsFaulted: true } or { IsCanceled: true } || _opening is { IsCompletedSuccessfully: true } && _opening.Result.Broken.IsCancellationRequested)
            {
                _opening = ConnectAsync();
            }

            opening = _opening;
        }

        return await opening.WaitAsync(cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        Task<NatsSession>? opening;
        lock (_gate)
        {
            (opening, _opening) = (_opening, null);
        }

        if (opening is not null)
        {
            try
            {
                await (await opening.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is AggregateException or NatsException or IOException or OperationCanceledException)
            {
                // It never opened, or was broken already.
            }
        }
    }

    private async Task<NatsSession> ConnectAsync()
    {
        var errors = new NatsErrors();
        var sockets = new GuardedSockets(connector);
        var connection = new NatsConnection(new NatsOpts
        {
            Url = endpoint.Url,
            Name = "chronos",
            AuthOpts = endpoint.Auth,
            TlsOpts = Tls(),
            InboxPrefix = endpoint.InboxPrefix,
            ConnectTimeout = options.ConnectTimeout,

            // The attempt has a limit of its own.
            RequestTimeout = TimeSpan.FromDays(40),
            CommandTimeout = TimeSpan.FromDays(40),
            MaxReconnectRetry = 0,
            RetryOnInitialConnect = false,
            SocketConnectionFactory = sockets,
            LoggerFactory = errors,
            HeaderEncoding = System.Text.Encoding.UTF8,
            CaseSensitiveHeaders = true,
            MaxPayloadHardCap = options.MaxResponse * 64,
        });
        var session = new NatsSession(connection, errors);
        try
        {
            await connection.ConnectAsync().ConfigureAwait(false);
            return session;
        }
        catch (Exception error)
        {
            await session.DisposeAsync().ConfigureAwait(false);

            // The client tells that it could not connect, not why.
            throw sockets.Fault is { } fault ? new AggregateException(fault, error) : new AggregateException(error);
        }
    }

    private NatsTlsOpts Tls()
    {
        var required = endpoint.Tls is not null || endpoint.Url.StartsWith("tls://", StringComparison.OrdinalIgnoreCase);
        var options = new NatsTlsOpts { Mode = required ? TlsMode.Require : TlsMode.Prefer };

        // Whether this is set, and not only what it does, makes TLS a must for the client.
        return endpoint.Tls is not { } tls ? options : options with
        {
            ConfigureClientAuthentication = ssl =>
            {
                tls.Apply(ssl);
                return ValueTask.CompletedTask;
            },
        };
    }

    /// <summary>Connects past the guard only, also to the servers that a cluster tells of.</summary>
    private sealed class GuardedSockets(GuardedConnector connector) : INatsSocketConnectionFactory
    {
        /// <summary>What kept the last connection from being made.</summary>
        public Exception? Fault { get; private set; }

        public async ValueTask<INatsSocketConnection> ConnectAsync(Uri uri, NatsOpts opts, CancellationToken cancellationToken)
        {
            try
            {
                return new GuardedSocket(await connector.ConnectAsync(uri.Host, uri.Port, cancellationToken).ConfigureAwait(false));
            }
            catch (Exception fault) when (fault is TargetRefusedException or SocketException)
            {
                Fault = fault;
                throw;
            }
        }
    }

    private sealed class GuardedSocket(Socket socket) : INatsTlsUpgradeableSocketConnection
    {
        public Socket Socket => socket;

        public ValueTask<int> SendAsync(ReadOnlyMemory<byte> buffer) => socket.SendAsync(buffer, SocketFlags.None, CancellationToken.None);

        public ValueTask<int> ReceiveAsync(Memory<byte> buffer) => socket.ReceiveAsync(buffer, SocketFlags.None, CancellationToken.None);

        public ValueTask DisposeAsync()
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>A connection that was open.</summary>
internal sealed class NatsSession : IAsyncDisposable
{
    private readonly CancellationTokenSource _broken = new();

    public NatsSession(NatsConnection connection, NatsErrors errors)
    {
        (Connection, Errors) = (connection, errors);
        connection.ConnectionDisconnected += (_, _) =>
        {
            _broken.Cancel();
            return ValueTask.CompletedTask;
        };
    }

    public NatsConnection Connection { get; }

    public NatsErrors Errors { get; }

    /// <summary>Fires when the connection is gone.</summary>
    public CancellationToken Broken => _broken.Token;

    public async ValueTask DisposeAsync()
    {
        await _broken.CancelAsync().ConfigureAwait(false);
        await Connection.DisposeAsync().ConfigureAwait(false);
    }
}

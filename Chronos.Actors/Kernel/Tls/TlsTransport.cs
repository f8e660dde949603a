using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote.Transport;

namespace Chronos.Actors.Kernel.Tls;

/// <summary>Hands the certificates of the nodes to the transport, which Akka creates by itself.</summary>
public sealed class TlsSetup(CertificateFiles files, TimeProvider time) : Setup
{
    public CertificateFiles Files { get; } = files;

    public TimeProvider Time { get; } = time;
}

/// <summary>
/// Remoting inside mutual TLS. Both sides show a certificate of the configured authority; the one that is called must bear the name or
/// address that it was called by. Frames are those of the stock transport, and so are addresses: <c>akka.ssl.tcp://…</c>.
/// </summary>
/// <remarks>
/// The stock transport reads its certificate once, when it starts, and ends the whole node when a node that it calls shows a wrong one, so
/// that one expired certificate takes the others along. Here each connection asks for the certificates of the moment, and a failed
/// handshake fails that connection alone. See <c>NOTES.md</c>.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "A transport ends in Shutdown, which closes the socket and cancels what waits")]
public sealed class TlsTransport : Transport
{
    /// <summary>Strangers that have connected and not yet shown who they are.</summary>
    private const int MostGreetings = 256;

    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly CertificateFiles _files;
    private readonly TimeProvider _time;
    private readonly ILoggingAdapter _log;
    private readonly TimeSpan _patience;
    private readonly string _host;
    private readonly int _port;
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentDictionary<TlsAssociation, Task> _associations = new(ReferenceEqualityComparer.Instance);
    private readonly TaskCompletionSource<IAssociationEventListener> _listener = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? _socket;
    private Address? _local;
    private int _greetings;

    /// <summary>Made by Akka, from <c>akka.remote.chronos-tls</c>.</summary>
    public TlsTransport(ActorSystem system, Config config)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(config);
        var setup = system.Settings.Setup.Get<TlsSetup>();
        var given = setup.HasValue ? setup.Value : throw new InvalidOperationException($"the actor system '{system.Name}' has no {nameof(TlsSetup)}");
        (System, Config, SchemeIdentifier) = (system, config, "ssl.tcp");
        (_files, _time, _log) = (given.Files, given.Time, Logging.GetLogger(system, nameof(TlsTransport)));
        _files.Changed = (text, taken) => _log.Log(taken ? LogLevel.InfoLevel : LogLevel.WarningLevel, null, "Certificates between nodes: {Change}", text);
        _host = config.GetString("hostname", "127.0.0.1");
        _port = config.GetInt("port", 0);
        _patience = config.GetTimeSpan("connection-timeout", TimeSpan.FromSeconds(10), false);
        MaximumPayloadBytes = config.GetByteSize("maximum-frame-size", 128_000) ?? 128_000;
    }

    public override async Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        var address = await Resolve(_host, _ending.Token).ConfigureAwait(false);
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _socket.Bind(new IPEndPoint(address, _port));
        _socket.Listen(1024);
        _local = new Address(SchemeIdentifier, System.Name, _host, ((IPEndPoint)_socket.LocalEndPoint!).Port);
        _ = Accept(_socket, _local);
        return (_local, _listener);
    }

    public override bool IsResponsibleFor(Address remote) => true;

    public override async Task<AssociationHandle> Associate(Address remoteAddress)
    {
        ArgumentNullException.ThrowIfNull(remoteAddress);
        var local = _local ?? throw new InvalidAssociationException("the transport does not listen yet");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        patience.CancelAfter(_patience);
        Socket? socket = null;
        SslStream? stream = null;
        try
        {
            var address = await Resolve(remoteAddress.Host!, patience.Token).ConfigureAwait(false);
            socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(new IPEndPoint(address, remoteAddress.Port!.Value), patience.Token).ConfigureAwait(false);
            stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            var own = _files.Current;
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = remoteAddress.Host,
                    ClientCertificateContext = own.Context,
                    CertificateChainPolicy = own.Policy(_time),
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    AllowTlsResume = false,
                    AllowRenegotiation = false,
                },
                patience.Token).ConfigureAwait(false);
            return Begin(new TlsAssociation(local, remoteAddress, socket, stream, (int)MaximumPayloadBytes, _log));
        }
        catch (Exception e) when (IsFailure(e))
        {
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            socket?.Dispose();

            // Without an inner exception: a node that cannot be reached is worth a line each time, not a stack.
            throw new InvalidAssociationException($"no connection with {remoteAddress}: {Reason(e, patience.Token)}");
        }
    }

    public override async Task<bool> Shutdown()
    {
        _socket?.Dispose();
        var leaving = _associations.ToArray();
        foreach (var (association, _) in leaving)
        {
            association.Close();
        }

        await Task.WhenAny(Task.WhenAll(leaving.Select(a => a.Value)), Task.Delay(Farewell, _time)).ConfigureAwait(false);
        await _ending.CancelAsync().ConfigureAwait(false);
        foreach (var (association, _) in leaving)
        {
            association.Abort();
        }

        return true;
    }

    private async Task Accept(Socket listening, Address local)
    {
        var listener = await _listener.Task.ConfigureAwait(false);
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                var socket = await listening.AcceptAsync(_ending.Token).ConfigureAwait(false);
                if (Interlocked.Increment(ref _greetings) > MostGreetings)
                {
                    Interlocked.Decrement(ref _greetings);
                    socket.Dispose();
                    continue;
                }

                _ = Greet(socket, local, listener);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                if (_ending.IsCancellationRequested || e.SocketErrorCode == SocketError.OperationAborted)
                {
                    return;
                }

                _log.Warning("A connection could not be accepted: {Error}", e.SocketErrorCode);
                await Task.Delay(TimeSpan.FromMilliseconds(50), _time).ConfigureAwait(false);
            }
        }
    }

    private async Task Greet(Socket socket, Address local, IAssociationEventListener listener)
    {
        var from = (IPEndPoint)socket.RemoteEndPoint!;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        patience.CancelAfter(_patience);
        SslStream? stream = null;
        try
        {
            socket.NoDelay = true;
            stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            var own = _files.Current;
            await stream.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = own.Context,
                    ClientCertificateRequired = true,
                    CertificateChainPolicy = own.Policy(_time),
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    AllowTlsResume = false,
                    AllowRenegotiation = false,
                },
                patience.Token).ConfigureAwait(false);
            var remote = new Address(SchemeIdentifier, System.Name, from.Address.ToString(), from.Port);
            listener.Notify(new InboundAssociation(Begin(new TlsAssociation(local, remote, socket, stream, (int)MaximumPayloadBytes, _log))));
        }
        catch (Exception e) when (IsFailure(e))
        {
            if (!_ending.IsCancellationRequested)
            {
                _log.Warning("A connection from {Address} was refused: {Reason}", from, Reason(e, patience.Token));
            }

            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            socket.Dispose();
        }
        finally
        {
            Interlocked.Decrement(ref _greetings);
        }
    }

    private TlsAssociation Begin(TlsAssociation association)
    {
        var running = association.Run();
        _associations[association] = running;
        running.ContinueWith(_ => _associations.TryRemove(association, out var _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return association;
    }

    private static bool IsFailure(Exception e) => e is AuthenticationException or IOException or SocketException or OperationCanceledException or ObjectDisposedException or ArgumentException;

    private static string Reason(Exception e, CancellationToken patience) => e switch
    {
        OperationCanceledException when patience.IsCancellationRequested => "no answer in time",
        AuthenticationException { InnerException: { } inner } => $"{e.Message} {inner.Message}",
        SocketException socket => socket.SocketErrorCode.ToString(),
        _ => e.Message,
    };

    private static async Task<IPAddress> Resolve(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return address;
        }

        var found = await Dns.GetHostAddressesAsync(host, cancellation).ConfigureAwait(false);
        return found.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork) ?? found.FirstOrDefault() ?? throw new SocketException((int)SocketError.HostNotFound);
    }
}

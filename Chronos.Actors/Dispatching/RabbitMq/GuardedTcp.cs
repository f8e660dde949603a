using System.Net;
using System.Net.Sockets;
using Chronos.Actors.Dispatching.Http;
using RabbitMQ.Client;

namespace Chronos.Actors.Dispatching.RabbitMq;

/// <summary>Makes the connections of the RabbitMQ client: the very address that is connected to is judged, after every name was resolved.</summary>
internal sealed class GuardedTcp(bool allowPrivate)
{
    /// <summary>What kept the last connection from being made.</summary>
    public Exception? Fault { get; private set; }

    public ITcpClient Create(AddressFamily family) => new Client(this, new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });

    private async Task ConnectAsync(Socket socket, IPAddress address, int port, CancellationToken cancellation)
    {
        try
        {
            if (AddressRules.Refusal(address, allowPrivate) is { } reason)
            {
                throw new TargetRefusedException($"{address} {reason}");
            }

            var watch = AttemptWatch.Current;
            var since = watch?.Now() ?? 0;
            await socket.ConnectAsync(address, port, cancellation).ConfigureAwait(false);
            watch?.Connected(since, socket.RemoteEndPoint);
        }
        catch (Exception fault) when (fault is TargetRefusedException or SocketException)
        {
            // The client tries one address family after the other and tells only of the last.
            Fault = Fault is TargetRefusedException ? Fault : fault;
            throw;
        }
    }

    private sealed class Client(GuardedTcp owner, Socket socket) : ITcpClient
    {
        public bool Connected => socket.Connected;

        public TimeSpan ReceiveTimeout
        {
            get => TimeSpan.FromMilliseconds(socket.ReceiveTimeout);
            set => socket.ReceiveTimeout = (int)value.TotalMilliseconds;
        }

        Socket ITcpClient.Client => socket;

        public Task ConnectAsync(IPAddress host, int port, CancellationToken cancellationToken = default) => owner.ConnectAsync(socket, host, port, cancellationToken);

        public NetworkStream GetStream() => new(socket, ownsSocket: true);

        public void Close() => socket.Dispose();

        public void Dispose() => socket.Dispose();
    }
}

using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Chronos.Tests.Kit;

/// <summary>
/// Stands between a client and a RabbitMQ: can be cut off and come back under the same port, and can keep back the broker's
/// confirmations, so that a message arrives and is never confirmed.
/// </summary>
internal sealed class RabbitRelay : IAsyncDisposable
{
    private const int HeaderBytes = 7;
    private const uint BasicAck = (60 << 16) | 80;

    private readonly int _broker;
    private readonly bool _keepConfirmations;
    private readonly ConcurrentBag<Socket> _sockets = [];
    private TcpListener? _listener;

    public RabbitRelay(int broker, bool keepConfirmations)
    {
        (_broker, _keepConfirmations, Port) = (broker, keepConfirmations, TestPort.Free());
        Listen();
    }

    public int Port { get; }

    public void Listen()
    {
        _listener = new TcpListener(IPAddress.Loopback, Port);
        _listener.Start();
        _ = AcceptAsync(_listener);
    }

    /// <summary>Nobody listens any more, and every connection is reset.</summary>
    public void Cut()
    {
        _listener?.Stop();
        _listener = null;
        while (_sockets.TryTake(out var socket))
        {
            // With 0 it resets; one that is closed already does not mind.
            socket.Close(0);
        }
    }

    public ValueTask DisposeAsync()
    {
        Cut();
        return ValueTask.CompletedTask;
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptSocketAsync();
                var broker = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                client.NoDelay = true;
                _sockets.Add(client);
                _sockets.Add(broker);
                await broker.ConnectAsync(IPAddress.Loopback, _broker);
                _ = PassAsync(client, broker);
                _ = _keepConfirmations ? SieveAsync(broker, client) : PassAsync(broker, client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // It was cut.
        }
    }

    private static async Task PassAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (int count; (count = await from.ReceiveAsync(buffer)) > 0;)
            {
                await SendAsync(to, buffer.AsMemory(0, count));
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            to.Dispose();
        }
    }

    /// <summary>Reads frame by frame: type, channel, size, payload, end.</summary>
    private static async Task SieveAsync(Socket from, Socket to)
    {
        try
        {
            await using var stream = new NetworkStream(from);
            var header = new byte[HeaderBytes];
            while (true)
            {
                await stream.ReadExactlyAsync(header);
                var rest = new byte[BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(3)) + 1];
                await stream.ReadExactlyAsync(rest);
                if (header[0] == 1 && rest.Length > 4 && BinaryPrimitives.ReadUInt32BigEndian(rest) == BasicAck)
                {
                    continue;
                }

                await SendAsync(to, header);
                await SendAsync(to, rest);
            }
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            to.Dispose();
        }
    }

    private static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await to.SendAsync(bytes)..];
        }
    }
}

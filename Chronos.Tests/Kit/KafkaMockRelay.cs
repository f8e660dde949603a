using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Chronos.Tests.Kit;

/// <summary>
/// Stands before the mock cluster under an address that stays: relays each connection, can fall silent when a message is produced, and
/// does SASL PLAIN, which the mock cluster does not know.
/// </summary>
internal sealed class KafkaMockRelay(string password) : IDisposable
{
    private const short Produce = 0;
    private const short SaslHandshake = 17;
    private const short ApiVersions = 18;
    private const short SaslAuthenticate = 36;

    private readonly ConcurrentDictionary<TcpClient, bool> _connections = [];
    private TcpListener? _listener;

    public int Port { get; private set; }

    /// <summary>Where the mock cluster listens.</summary>
    public int Behind { get; set; }

    /// <summary>Whether answers to produced messages, and all after them on their connection, are held back.</summary>
    public bool Silent { get; set; }

    public void Listen()
    {
        _listener = new TcpListener(IPAddress.Loopback, Port);
        _listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync(_listener);
    }

    /// <summary>Ends it with all its connections.</summary>
    public void Dispose()
    {
        _listener?.Stop();
        foreach (var connection in _connections.Keys)
        {
            connection.Dispose();
        }

        _connections.Clear();
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                _connections[client] = true;
                _ = RelayAsync(client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped.
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var behind = new TcpClient();
        _connections[behind] = true;
        var line = new Line();
        try
        {
            await behind.ConnectAsync(IPAddress.Loopback, Behind);
            await Task.WhenAny(RequestsAsync(client.GetStream(), behind.GetStream(), line), AnswersAsync(behind.GetStream(), client.GetStream(), line));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // One of the two is gone; then so is the other.
        }

        client.Dispose();
        _connections.TryRemove(client, out _);
        _connections.TryRemove(behind, out _);
    }

    private async Task RequestsAsync(NetworkStream client, NetworkStream behind, Line line)
    {
        while (await FrameAsync(client) is { } frame)
        {
            var (key, version, correlation) = (BinaryPrimitives.ReadInt16BigEndian(frame), BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(2)), BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(4)));
            var body = 10 + Math.Max((short)0, BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(8)));
            switch (key)
            {
                case SaslHandshake:
                    await SendAsync(client, [.. Int32(correlation), 0, 0, .. Int32(1), .. Text("PLAIN")]);
                    break;
                case SaslAuthenticate:
                    var parts = Encoding.UTF8.GetString(frame.AsSpan(body + 4)).Split('\0');
                    var refusal = parts[1] == "leak" ? $"no '{parts[2]}' | {Convert.ToBase64String(Encoding.UTF8.GetBytes(parts[2]))}" : parts[2] == password ? null : "who are you?";
                    byte[] answer = refusal is null ? [0, 0, 0xFF, 0xFF] : [0, 58, .. Text(refusal)];
                    await SendAsync(client, [.. Int32(correlation), .. answer, .. Int32(0), .. new byte[version >= 1 ? 8 : 0]]);
                    break;
                default:
                    if (key == ApiVersions)
                    {
                        line.Versions[correlation] = version;
                    }

                    line.Held |= Silent && key == Produce;
                    await SendAsync(behind, frame);
                    break;
            }
        }
    }

    private static async Task AnswersAsync(NetworkStream behind, NetworkStream client, Line line)
    {
        while (await FrameAsync(behind) is { } frame)
        {
            if (!line.Held)
            {
                await SendAsync(client, line.Versions.TryRemove(BinaryPrimitives.ReadInt32BigEndian(frame), out var version) ? WithSasl(frame, version) : frame);
            }
        }
    }

    /// <summary>The mock cluster's list of what it understands, with SASL in it.</summary>
    private static byte[] WithSasl(byte[] frame, short version)
    {
        if (BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(4)) != 0)
        {
            return frame;
        }

        byte[] handshake = [0, (byte)SaslHandshake, 0, 1, 0, 1];
        byte[] authenticate = [0, (byte)SaslAuthenticate, 0, 0, 0, 1];
        if (version < 3)
        {
            var count = BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(6));
            return [.. frame.AsSpan(0, 6), .. Int32(count + 2), .. handshake, .. authenticate, .. frame.AsSpan(10)];
        }

        // A compact list: its length and one more, as a number of seven bits to the byte.
        var (length, at, shift) = (0, 6, 0);
        byte part;
        do
        {
            part = frame[at++];
            length |= (part & 0x7F) << shift;
            shift += 7;
        }
        while (part >= 0x80);
        length += 2;
        byte[] written = length < 0x80 ? [(byte)length] : [(byte)(length | 0x80), (byte)(length >> 7)];
        return [.. frame.AsSpan(0, 6), .. written, .. handshake, 0, .. authenticate, 0, .. frame.AsSpan(at)];
    }

    private static byte[] Int32(int number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }

    private static byte[] Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }

    private static async Task SendAsync(NetworkStream to, byte[] frame) => await to.WriteAsync((byte[])[.. Int32(frame.Length), .. frame]);

    private static async Task<byte[]?> FrameAsync(NetworkStream from)
    {
        var head = new byte[4];
        if (await from.ReadAtLeastAsync(head, 4, throwOnEndOfStream: false) < 4)
        {
            return null;
        }

        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(head)];
        return await from.ReadAtLeastAsync(frame, frame.Length, throwOnEndOfStream: false) < frame.Length ? null : frame;
    }

    private sealed class Line
    {
        public ConcurrentDictionary<int, short> Versions { get; } = [];

        public volatile bool Held;
    }
}

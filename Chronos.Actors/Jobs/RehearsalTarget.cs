using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Chronos.Actors.Jobs;

/// <summary>Takes the requests of a rehearsal: a server of this process alone, which answers each with 204 as soon as it has come.</summary>
internal sealed class RehearsalTarget : IDisposable
{
    private const int LongestRequest = 16 * 1024;
    private static readonly byte[] Answer = "HTTP/1.1 204 No Content\r\n\r\n"u8.ToArray();

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();

    public RehearsalTarget()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    public string Url => $"http://{_listener.LocalEndpoint}/";

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var end = _end.Token;
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(end).ConfigureAwait(false), end);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The rehearsal is over.
        }
    }

    private static async Task ServeAsync(TcpClient client, CancellationToken end)
    {
        using var connection = client;
        connection.NoDelay = true;
        try
        {
            var (stream, buffer, filled) = (connection.GetStream(), new byte[LongestRequest], 0);
            while (await stream.ReadAsync(buffer.AsMemory(filled), end).ConfigureAwait(false) is var read and > 0)
            {
                filled += read;
                if (LengthOf(buffer.AsSpan(0, filled)) is { } length && filled >= length)
                {
                    await stream.WriteAsync(Answer, end).ConfigureAwait(false);
                    filled = 0;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ArgumentException)
        {
            // The other side has what it wanted, or asks for more than a rehearsal does.
        }
    }

    /// <summary>How long the request is with its body; null as long as its headers have not come. One at a time: nobody sends the next before the answer.</summary>
    private static int? LengthOf(ReadOnlySpan<byte> received)
    {
        if (received.IndexOf("\r\n\r\n"u8) is not (>= 0 and var headers))
        {
            return null;
        }

        var body = 0;
        foreach (var line in Encoding.ASCII.GetString(received[..headers]).Split("\r\n"))
        {
            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase) && int.TryParse(line.AsSpan("Content-Length:".Length).Trim(), out var length))
            {
                body = length;
            }
        }

        return headers + 4 + body;
    }
}

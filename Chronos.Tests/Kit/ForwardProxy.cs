using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Chronos.Tests.Kit;

/// <summary>A small proxy of the real kind: tunnels for CONNECT, passes on what comes in absolute form, and may want a password.</summary>
internal sealed class ForwardProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;
    private readonly X509Certificate2? _certificate;

    public ForwardProxy()
        : this(null)
    {
    }

    /// <param name="certificate">What it proves itself with, where it is spoken to inside TLS.</param>
    public ForwardProxy(X509Certificate2? certificate)
    {
        _certificate = certificate;
        _listener.Start();
        Url = $"{(certificate is null ? "http" : "https")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = Accept();
    }

    public string Url { get; }

    /// <summary><c>user:password</c> that it wants; nothing: it serves everybody.</summary>
    public string? Credentials { get; set; }

    /// <summary>The first lines of what it was asked.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private async Task Accept()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.Add(Serve(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task Serve(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using var stream = await Secured(client.GetStream());
                while (await Head(stream) is { } head && await Answer(stream, head))
                {
                    // The next request of the same connection.
                }
            }
            catch (Exception e) when (e is IOException or SocketException or AuthenticationException or OperationCanceledException or ObjectDisposedException)
            {
                // One side hung up.
            }
        }
    }

    /// <summary>False when the connection was given over to a target.</summary>
    private async Task<bool> Answer(Stream stream, string head)
    {
        var line = head[..head.IndexOf('\r', StringComparison.Ordinal)];
        Requests.Enqueue(line);
        if (Credentials is { } wanted && !head.Contains($"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(wanted))}\r\n", StringComparison.OrdinalIgnoreCase))
        {
            // The body goes with it: a connection that is closed with something unread is reset, and the client may lose the answer.
            await Drain(stream, head);
            await stream.WriteAsync("HTTP/1.1 407 Who are you?\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _end.Token);
            return true;
        }

        var words = line.Split(' ');
        using var target = new TcpClient();
        if (words[0] == "CONNECT")
        {
            var place = words[1].Split(':');
            await target.ConnectAsync(place[0], int.Parse(place[1]), _end.Token);
            await stream.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), _end.Token);
        }
        else
        {
            var url = new Uri(words[1]);
            await target.ConnectAsync(url.Host, url.Port, _end.Token);
            await target.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"{words[0]} {url.PathAndQuery} HTTP/1.1{head[line.Length..]}"), _end.Token);
        }

        var there = target.GetStream();
        await Task.WhenAny(stream.CopyToAsync(there, _end.Token), there.CopyToAsync(stream, _end.Token));
        return false;
    }

    private async Task<Stream> Secured(NetworkStream plain)
    {
        if (_certificate is null)
        {
            return plain;
        }

        var secured = new SslStream(plain);
        await secured.AuthenticateAsServerAsync(_certificate);
        return secured;
    }

    private async Task Drain(Stream stream, string head)
    {
        const string Length = "\r\nContent-Length: ";
        if (head.IndexOf(Length, StringComparison.OrdinalIgnoreCase) is >= 0 and var at)
        {
            var digits = head[(at + Length.Length)..];
            await stream.ReadExactlyAsync(new byte[int.Parse(digits[..digits.IndexOf('\r', StringComparison.Ordinal)])], _end.Token);
        }
        else if (head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase))
        {
            // The last chunk is an empty one, so that it ends as a head does.
            await Head(stream);
        }
    }

    private async Task<string?> Head(Stream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (await stream.ReadAsync(one, _end.Token) == 1)
        {
            head.Add(one[0]);
            if (head is [.., 13, 10, 13, 10])
            {
                return Encoding.ASCII.GetString([.. head]);
            }
        }

        return null;
    }
}

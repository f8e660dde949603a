using System.Net;
using System.Net.Sockets;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>The target is an address that jobs may not reach.</summary>
internal sealed class TargetRefusedException(string message) : Exception(message);

/// <summary>Finds the addresses of a name.</summary>
internal delegate Task<IPAddress[]> ResolveName(string host, CancellationToken cancellation);

/// <summary>
/// Makes every connection of the HTTP dispatcher. The address is judged here, after DNS and on the very address that is then
/// connected to: a name that answers differently the second time gains nothing.
/// </summary>
internal sealed class GuardedConnector(ResolveName resolve, bool allowPrivate)
{
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = IPAddress.TryParse(host.Trim('[', ']'), out var literal) ? [literal] : await resolve(host, cancellation).ConfigureAwait(false);
        string? refusal = null;
        Exception? failure = null;
        foreach (var address in addresses)
        {
            if (AddressRules.Refusal(address, allowPrivate) is { } reason)
            {
                refusal = $"{(literal is null ? $"{host} ({address})" : host)} {reason}";
                continue;
            }

            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address, port, cancellation).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                failure = e;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw failure ?? (refusal is null ? new SocketException((int)SocketError.HostNotFound) : new TargetRefusedException(refusal));
    }
}

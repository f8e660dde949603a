using System.Net;
using System.Net.Sockets;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>The target is an address that jobs may not reach.</summary>
internal sealed class TargetRefusedException(string message) : Exception(message);

/// <summary>Finds the addresses of a name.</summary>
internal delegate Task<IPAddress[]> ResolveName(string host, CancellationToken cancellation);

/// <summary>
/// Makes every connection of the dispatchers. The address is judged here, after DNS and on the very address that is then
/// connected to: a name that answers differently the second time gains nothing.
/// </summary>
internal sealed class GuardedConnector(ResolveName resolve, bool allowPrivate)
{
    /// <summary>Resolves names as the system does.</summary>
    public GuardedConnector(bool allowPrivate)
        : this(static (host, cancellation) => Dns.GetHostAddressesAsync(host, cancellation), allowPrivate)
    {
    }

    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation) =>
        new NetworkStream(
            await ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, AttemptWatch.Of(context.InitialRequestMessage), cancellation).ConfigureAwait(false), ownsSocket: true);

    /// <summary>
    /// Judges a target that somebody else connects to, a proxy. It looks the name up itself, so this cannot be the last word; what
    /// no node can look up is left to the proxy only where private targets are allowed anyway.
    /// </summary>
    /// <exception cref="TargetRefusedException">An address of the host may not be reached, or nobody knows it here.</exception>
    public async Task JudgeAsync(string host, CancellationToken cancellation)
    {
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(host.Trim('[', ']'), out var literal) ? [literal] : await resolve(host, cancellation).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            addresses = [];
        }

        if (addresses.Length == 0 && !allowPrivate)
        {
            throw new TargetRefusedException($"{host} cannot be looked up here, so that what is behind the proxy cannot be judged");
        }

        foreach (var address in addresses)
        {
            if (AddressRules.Refusal(address, allowPrivate) is { } reason)
            {
                throw new TargetRefusedException($"{host} ({address}) {reason}");
            }
        }
    }

    /// <exception cref="TargetRefusedException">No address of the host may be reached.</exception>
    /// <exception cref="SocketException">No address of the host answers, or it has none.</exception>
    public Task<Socket> ConnectAsync(string host, int port, CancellationToken cancellation) => ConnectAsync(host, port, AttemptWatch.Current, cancellation);

    private async Task<Socket> ConnectAsync(string host, int port, AttemptWatch? watch, CancellationToken cancellation)
    {
        var addresses = IPAddress.TryParse(host.Trim('[', ']'), out var literal) ? [literal] : await ResolveAsync(host, watch, cancellation).ConfigureAwait(false);
        var since = watch?.Now() ?? 0;
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
                watch?.Connected(since, socket.RemoteEndPoint);
                return socket;
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

    private async Task<IPAddress[]> ResolveAsync(string host, AttemptWatch? watch, CancellationToken cancellation)
    {
        var since = watch?.Now() ?? 0;
        try
        {
            return await resolve(host, cancellation).ConfigureAwait(false);
        }
        finally
        {
            watch?.Resolved(since);
        }
    }
}

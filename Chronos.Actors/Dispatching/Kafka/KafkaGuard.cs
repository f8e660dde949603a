using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Chronos.Actors.Dispatching.Http;

namespace Chronos.Actors.Dispatching.Kafka;

/// <summary>
/// Judges the addresses of brokers before the client library, which makes its own connections, is let at them. The brokers to begin with
/// and those that they name of each other are judged alike.
/// </summary>
internal sealed class KafkaGuard(ResolveName resolve, bool allowPrivate)
{
    private readonly GuardedConnector _connector = new(resolve, allowPrivate);

    /// <exception cref="TargetRefusedException">One of the addresses may not be reached.</exception>
    public async Task CheckAsync(IEnumerable<string> hosts, CancellationToken cancellation)
    {
        foreach (var host in hosts.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var name = host.Trim('[', ']');
            var addresses = IPAddress.TryParse(name, out var literal) ? [literal] : await resolve(name, cancellation).ConfigureAwait(false);
            foreach (var address in addresses)
            {
                if (AddressRules.Refusal(address, allowPrivate) is { } reason)
                {
                    throw new TargetRefusedException($"{(literal is null ? $"{host} ({address})" : host)} {reason}");
                }
            }
        }
    }

    /// <summary>Finds out at once what the client library would find out only after it has tried for long: whether anybody is there.</summary>
    /// <exception cref="TargetRefusedException">One of the addresses may not be reached.</exception>
    /// <exception cref="SocketException">None of the brokers answers.</exception>
    public async Task ReachAsync(IReadOnlyList<string> brokers, CancellationToken cancellation)
    {
        var parts = brokers.Select(static broker => (Host: broker[..broker.LastIndexOf(':')], Port: int.Parse(broker.AsSpan(broker.LastIndexOf(':') + 1), CultureInfo.InvariantCulture))).ToList();
        SocketException? failure = null;
        foreach (var (host, port) in parts)
        {
            try
            {
                await CheckAsync([host], cancellation).ConfigureAwait(false);
                using var socket = await _connector.ConnectAsync(host, port, cancellation).ConfigureAwait(false);
                failure = null;
                break;
            }
            catch (SocketException e)
            {
                failure = e;
            }
        }

        if (failure is not null)
        {
            throw failure;
        }

        foreach (var (host, _) in parts)
        {
            try
            {
                await CheckAsync([host], cancellation).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                // A name that cannot be resolved cannot be reached either.
            }
        }
    }
}

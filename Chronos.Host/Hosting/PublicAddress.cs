using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Chronos.Host.Hosting;

/// <summary>Under which address targets reach the API: the configured one, or the one that the node listens on.</summary>
internal sealed class PublicAddress(ChronosSettings settings, IServer server)
{
    private Uri? _known;

    /// <summary>Ends in a slash; null until the node listens.</summary>
    public Uri? Url => _known ??= settings.PublicUrl ?? Listening();

    private Uri? Listening()
    {
        if (server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is not { } text || !Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Port == 0)
        {
            return null;
        }

        // Listening everywhere is no address; where the other nodes reach this one, a target may too.
        return IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any))
            ? new UriBuilder(address) { Host = settings.ClusterHost }.Uri
            : address;
    }
}

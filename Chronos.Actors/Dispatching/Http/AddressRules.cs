using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>Which IP addresses a job may reach.</summary>
/// <remarks>
/// Asked with the address that a connection is about to be made to, after every name was resolved and every way to write a number
/// was undone. IPv6 forms that carry an IPv4 address are judged by that too.
/// </remarks>
internal static class AddressRules
{
    private static readonly ImmutableArray<IPNetwork> Never =
    [
        IPNetwork.Parse("0.0.0.0/8"),          // this host
        IPNetwork.Parse("169.254.0.0/16"),     // link-local, with the metadata address of most clouds
        IPNetwork.Parse("100.100.100.200/32"), // metadata, Alibaba
        IPNetwork.Parse("168.63.129.16/32"),   // wire server, Azure
        IPNetwork.Parse("192.0.0.192/32"),     // metadata, Oracle
        IPNetwork.Parse("224.0.0.0/4"),        // multicast
        IPNetwork.Parse("240.0.0.0/4"),        // reserved, and broadcast
        IPNetwork.Parse("::/128"),
        IPNetwork.Parse("fe80::/10"),          // link-local
        IPNetwork.Parse("ff00::/8"),           // multicast
        IPNetwork.Parse("fd00:ec2::/32"),      // metadata, AWS
        IPNetwork.Parse("fd20:ce::/32"),       // metadata, Google
        IPNetwork.Parse("2001::/32"),          // Teredo: ends somewhere else
        IPNetwork.Parse("64:ff9b:1::/48"),     // NAT64 with a prefix of one's own
    ];

    private static readonly ImmutableArray<IPNetwork> Private =
    [
        IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"),
        IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("198.18.0.0/15"),
        IPNetwork.Parse("198.51.100.0/24"), IPNetwork.Parse("203.0.113.0/24"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("fc00::/7"),
        IPNetwork.Parse("fec0::/10"), IPNetwork.Parse("2001:db8::/32"),
    ];

    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");

    /// <summary>Why the address is refused, or null.</summary>
    public static string? Refusal(IPAddress address, bool allowPrivate)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }
        else if (address.ScopeIdOrZero() != 0)
        {
            address = new IPAddress(address.GetAddressBytes());
        }

        if (Contains(Never, address))
        {
            return "is a link-local, metadata, multicast or reserved address, which is never a target";
        }

        if (!allowPrivate && Contains(Private, address))
        {
            return "is a loopback or private address; the nodes allow these only with CHRONOS_ALLOW_PRIVATE_TARGETS";
        }

        return Embedded(address) is { } inner ? Refusal(inner, allowPrivate) : null;
    }

    private static bool Contains(ImmutableArray<IPNetwork> networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The IPv4 address inside an IPv6 form that leads there.</summary>
    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        var bytes = address.GetAddressBytes();
        return SixToFour.Contains(address) ? new IPAddress(bytes.AsSpan(2, 4))
            : Nat64.Contains(address) || (Compatible.Contains(address) && !address.Equals(IPAddress.IPv6Loopback)) || IsIsatap(bytes) ? new IPAddress(bytes.AsSpan(12, 4))
            : null;
    }

    private static bool IsIsatap(byte[] bytes) => (bytes[8] & 0xFD) == 0 && bytes[9] == 0 && bytes[10] == 0x5E && bytes[11] == 0xFE;

    private static long ScopeIdOrZero(this IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? address.ScopeId : 0;
}

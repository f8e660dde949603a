using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Chronos.Tests.Kit;

/// <summary>
/// Ports for servers and nodes that must know theirs before they start, or start on the same one again. They are below those that the system
/// gives to outgoing connections (a port of that range can be taken between two starts), and this process gives none of them twice.
/// </summary>
internal static class TestPort
{
    private const int Lowest = 12_000;
    private const int Highest = 32_000;
    private static readonly ConcurrentDictionary<int, bool> s_given = new();

    public static int Free() => FreeInRow(1);

    /// <summary>The first of so many free ports in a row.</summary>
    public static int FreeInRow(int count)
    {
        for (var tries = 0; tries < 1000; tries++)
        {
            var first = Random.Shared.Next(Lowest, Highest - count);
            if (Enumerable.Range(first, count).All(port => s_given.TryAdd(port, true) && IsFree(port)))
            {
                return first;
            }
        }

        throw new InvalidOperationException("no free ports");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Any, port) { ExclusiveAddressUse = true };
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

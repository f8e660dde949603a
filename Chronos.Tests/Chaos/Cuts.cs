namespace Chronos.Tests.Chaos;

/// <summary>Which ways between hosts are cut, by what is torn apart.</summary>
internal static class Cuts
{
    /// <summary>A host from the others; it reaches the database and the target.</summary>
    public static IReadOnlyList<(string From, string To)> FromPeers(int host) =>
        [.. Enumerable.Range(0, 3).Where(h => h != host).SelectMany(h => Both(ChaosNetwork.AddressOf(host), ChaosNetwork.AddressOf(h)))];

    /// <summary>A host from everything.</summary>
    public static IReadOnlyList<(string From, string To)> FromAll(int host) =>
        [.. FromPeers(host), .. FromDatabase(host), .. Both(ChaosNetwork.AddressOf(host), ChaosNetwork.Target)];

    public static IReadOnlyList<(string From, string To)> FromDatabase(int host) => [.. Both(ChaosNetwork.AddressOf(host), ChaosNetwork.Database)];

    /// <summary>The database from every host.</summary>
    public static IReadOnlyList<(string From, string To)> DatabaseFromAll() => [.. Enumerable.Range(0, 3).SelectMany(FromDatabase)];

    /// <summary>What one host sends does not reach another; the other way is open.</summary>
    public static IReadOnlyList<(string From, string To)> OneWay(int from, int to) => [(ChaosNetwork.AddressOf(from), ChaosNetwork.AddressOf(to))];

    /// <summary>What the database answers does not reach a host; what the host sends, arrives.</summary>
    public static IReadOnlyList<(string From, string To)> DatabaseIsNotHeard(int host) => [(ChaosNetwork.Database, ChaosNetwork.AddressOf(host))];

    private static IEnumerable<(string From, string To)> Both(string one, string other) => [(one, other), (other, one)];
}

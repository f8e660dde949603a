namespace Chronos.Tests.Chaos;

/// <summary>Something that goes wrong, and stays wrong until it is healed.</summary>
/// <param name="Host">Whom it hits; -1 is the database.</param>
/// <param name="Strike">Does it, and returns what heals it.</param>
internal sealed record ChaosBlow(string Text, int Host, Func<Task<Func<Task>>> Strike)
{
    public static ChaosBlow Kill(ChaosCluster cluster, int host) => new($"kill -9 of node-{host}", host, async () =>
    {
        var release = await cluster.Nodes[host].Kill();
        return Healed(release);
    });

    public static ChaosBlow Freeze(ChaosCluster cluster, int host) => new($"SIGSTOP of node-{host}", host, async () =>
    {
        await cluster.Nodes[host].Signal("STOP");
        return () => cluster.Nodes[host].Signal("CONT");
    });

    public static ChaosBlow Unplug(ChaosCluster cluster, int host) => new($"link of node-{host} down", host, () =>
    {
        cluster.Network.Unplug(host);
        return Task.FromResult(Healed(() => cluster.Network.Plug(host)));
    });

    public static ChaosBlow Cut(ChaosCluster cluster, int host, string text, IReadOnlyList<(string From, string To)> cuts) => new(text, host, () =>
    {
        cluster.Network.Cut(cuts);
        return Task.FromResult(Healed(() => cluster.Network.Mend(cuts)));
    });

    public static ChaosBlow StopDatabase(ChaosCluster cluster) => new("PostgreSQL stopped (immediate)", -1, () =>
    {
        cluster.Server.Stop();
        return Task.FromResult(Healed(cluster.Server.Start));
    });

    /// <summary>One of them, and how long it lasts.</summary>
    public static (ChaosBlow Blow, TimeSpan For) Any(ChaosCluster cluster, Random random)
    {
        var (kind, host, other, share) = (random.Next(9), random.Next(3), random.Next(1, 3), random.NextDouble());
        other = (host + other) % 3;
        return kind switch
        {
            0 or 1 => (Kill(cluster, host), TimeSpan.FromSeconds(share * 5)),
            2 => (Freeze(cluster, host), TimeSpan.FromSeconds(share < 0.3 ? share * 3 : share * 30)),
            3 => (Cut(cluster, host, $"node-{host} cut from everything", Cuts.FromAll(host)), TimeSpan.FromSeconds(0.5 + (share * 20))),
            4 => (Cut(cluster, host, $"node-{host} cut from the other nodes", Cuts.FromPeers(host)), TimeSpan.FromSeconds(0.5 + (share * 20))),
            5 => (Cut(cluster, host, $"node-{other} does not hear node-{host}", Cuts.OneWay(host, other)), TimeSpan.FromSeconds(0.5 + (share * 20))),
            6 => (Cut(cluster, host, $"node-{host} does not hear the database", Cuts.DatabaseIsNotHeard(host)), TimeSpan.FromSeconds(0.5 + (share * 20))),
            7 => (Unplug(cluster, host), TimeSpan.FromSeconds(0.5 + (share * 15))),
            _ => (StopDatabase(cluster), TimeSpan.FromSeconds(share * 5)),
        };
    }

    private static Func<Task> Healed(Action heal) => () =>
    {
        heal();
        return Task.CompletedTask;
    };
}

using System.Text.Json;
using Chronos.Benchmarks.Kit;
using Chronos.Tests.Kit;
using Npgsql;

namespace Chronos.Benchmarks.Peers;

/// <summary>Which scheduler, on what.</summary>
internal enum Peer
{
    Chronos,
    QuartzMemory,
    QuartzSqlite,
    QuartzPostgres,
    HangfireMemory,
    HangfirePostgres,
}

/// <summary>One scheduler measured in a process of its own.</summary>
/// <param name="Runs">How many are due at once when it is filled to the brim.</param>
/// <param name="AtOnce">How many are due at once when their lateness counts.</param>
/// <param name="Seconds">How long 100 a second are due.</param>
internal sealed record PeerCase(Peer Peer, int Runs, int AtOnce, int Seconds, string Folder, string? Connection);

/// <summary>Puts the same load on each of them.</summary>
internal static class PeerCases
{
    private const int WarmUp = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    public static async Task<Figures> Run(string text)
    {
        var what = JsonSerializer.Deserialize<PeerCase>(text)!;
        await using var peer = await Start(what);
        var lead = new Lead();
        await AtOnce(peer, lead, "warm", WarmUp);
        var figures = new Figures();
        Spread.Add(figures, $"{what.AtOnce} at once", (await AtOnce(peer, lead, "together", what.AtOnce)).Lateness, tail: false);

        var (spent, began) = (new Spent(null), DateTimeOffset.UtcNow);
        var (rate, _) = await AtOnce(peer, lead, "brim", what.Runs, () => (spent, began) = (new Spent(null), DateTimeOffset.UtcNow));
        figures["executions/s"] = rate;
        var ended = peer.Ended.Last;
        await peer.Complete();
        figures["shown s after"] = Math.Max(0, (DateTimeOffset.UtcNow - ended).TotalSeconds);
        spent.Add(figures, what.Runs);
        if (what.Seconds > 0)
        {
            Spread.Add(figures, "100/s", await Steady(peer, lead, what.Seconds * 100), tail: false);
        }

        return figures;
    }

    private static Task<IPeer> Start(PeerCase what) => what.Peer switch
    {
        Peer.QuartzMemory => QuartzPeer.InMemory(),
        Peer.QuartzSqlite => QuartzPeer.OnSqlite(what.Folder),
        Peer.QuartzPostgres => QuartzPeer.Clustered(Plain(what.Connection!)),
        Peer.HangfireMemory => HangfirePeer.InMemory(),
        Peer.HangfirePostgres => HangfirePeer.OnPostgres(Plain(what.Connection!)),
        _ => ChronosPeer.Start(what.Folder, what.Connection),
    };

    /// <summary>Where the database is, without the limits that Chronos sets for itself: a small pool would hold up 32 workers.</summary>
    private static string Plain(string connection)
    {
        var own = new NpgsqlConnectionStringBuilder(connection);
        return new NpgsqlConnectionStringBuilder { Host = own.Host, Port = own.Port, Database = own.Database, Username = own.Username, Password = own.Password }.ConnectionString;
    }

    /// <summary>All at one instant. The rate is from that instant to the last end.</summary>
    private static async Task<(double PerSecond, double[] Lateness)> AtOnce(IPeer peer, Lead lead, string name, int runs, Action? begins = null)
    {
        var due = await lead.Plan(peer, name, runs, first => [.. Enumerable.Repeat(first, runs)]);
        if (begins is not null)
        {
            await Eventually.True(() => DateTimeOffset.UtcNow >= due[0].AddMilliseconds(-100), Patience);
            begins();
        }

        await lead.AllEnded(peer, Patience);
        return (runs / (peer.Ended.Last - due[0]).TotalSeconds, peer.TakeLateness());
    }

    private static async Task<double[]> Steady(IPeer peer, Lead lead, int runs)
    {
        await lead.Plan(peer, "steady", runs, first => [.. Enumerable.Range(0, runs).Select(i => first.AddMilliseconds(10 * i))]);
        await lead.AllEnded(peer, Patience + TimeSpan.FromMilliseconds(10 * runs));
        return peer.TakeLateness();
    }

    /// <summary>How far ahead runs must be planned so that all are accepted before the first is due: schedulers differ a hundredfold.</summary>
    private sealed class Lead
    {
        private double _secondsEach = 0.004;
        private long _planned;

        public async Task<DateTimeOffset[]> Plan(IPeer peer, string name, int runs, Func<DateTimeOffset, DateTimeOffset[]> at)
        {
            for (var attempt = 0; ; attempt++)
            {
                var began = DateTimeOffset.UtcNow;
                var due = at(Bursts.WholeSecond(TimeSpan.FromSeconds(1 + (_secondsEach * runs * 1.5))));
                await peer.Plan($"{name}-{attempt}", due);
                _planned += runs;
                _secondsEach = (DateTimeOffset.UtcNow - began).TotalSeconds / runs;
                if (DateTimeOffset.UtcNow < due[0])
                {
                    return due;
                }

                // Too slow: what is planned runs unmeasured, and it is tried again with the time that it takes.
                await AllEnded(peer, Patience);
                peer.TakeLateness();
                if (attempt == 3)
                {
                    throw new InvalidOperationException($"planning {runs} runs takes longer each time: {_secondsEach:0.0000} s each");
                }
            }
        }

        public Task AllEnded(IPeer peer, TimeSpan patience) => Eventually.True(() => peer.Ended.Count >= _planned, patience);
    }
}

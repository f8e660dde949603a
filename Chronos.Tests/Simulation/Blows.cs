namespace Chronos.Tests.Simulation;

/// <summary>What befalls nodes and database while things go wrong.</summary>
internal sealed class Blows(SimulatedCluster cluster)
{
    private World World => cluster.World;

    private SeededRandom Random => cluster.World.Random;

    public void Begin() => World.After(cluster.Conditions.BetweenBlows * Random.Unit(), GoOn);

    private void GoOn()
    {
        if (World.Now < World.Start + Conditions.Trouble)
        {
            Strike();
            World.After(cluster.Conditions.BetweenBlows * (0.3 + Random.Unit()), GoOn);
        }
    }

    private void Strike()
    {
        var node = Random.Of(cluster.Nodes);

        // The others have to be a majority that goes on.
        var alone = cluster.Nodes.All(n => n.IsUp && !n.IsOutside);
        switch (Random.Below(10))
        {
            case 0 or 1 when alone:
                node.Kill();
                LostAfter(node, Random.Seconds(1, 4), Random.Seconds(1, 6));
                break;
            case 2 or 3 when alone:
                var still = Random.Seconds(0.2, 9);
                node.StandStill(still);
                if (still > TimeSpan.FromSeconds(2))
                {
                    LostAfter(node, Random.Seconds(1.5, 2), still + Random.Seconds(0.05, 1.5));
                }

                break;
            case 4 or 5 when alone:
                var way = Random.Below(3);
                (node.IsMute, node.IsDeaf) = (way != 0, way != 1);
                LostAfter(node, Random.Seconds(1.5, 4), Random.Seconds(4, 15));
                break;
            case 6:
                cluster.Store.GoneUntil = World.Now + Random.Seconds(0.1, 7);
                break;
            case 7 when Random.Chance(0.3):
                cluster.KillAll(Random.Seconds(0.5, 4));
                break;
            default:
                var entity = Random.Of(cluster.Entities);
                cluster.HandOver(entity, Random.Below(Conditions.Nodes));
                break;
        }
    }

    /// <summary>Counted as lost after a while, whether it is or not; later it learns so, ends, and is started again.</summary>
    private void LostAfter(SimulatedNode node, TimeSpan taken, TimeSpan learns)
    {
        var life = node.Life;
        World.After(taken, () =>
        {
            if (node.Life == life)
            {
                cluster.TakeForLost(node);
                MayRunAhead(node, life);
            }
        });
        World.After(taken + learns, () =>
        {
            if (node.Life == life)
            {
                node.Kill();
                cluster.Rejoin(node);
            }
        });
    }

    /// <summary>The clock of a leader that is counted as lost goes wrong. Some timetables may not have heard of a later one yet.</summary>
    private void MayRunAhead(SimulatedNode node, int life) => World.After(TimeSpan.FromMilliseconds(250), () =>
    {
        if (node.Life == life && node.IsOutside)
        {
            if (node.Leader is { Ahead.Ticks: 0 } leader && leader.Epoch > 0)
            {
                leader.Ahead = TimeSpan.FromSeconds(20);
            }

            MayRunAhead(node, life);
        }
    });
}

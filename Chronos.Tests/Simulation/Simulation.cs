namespace Chronos.Tests.Simulation;

/// <summary>What became of a seed.</summary>
internal sealed record SimulationResult(long Seed, IReadOnlyList<string> Findings, long Slots, long Executions, long Steps, long Promises)
{
    /// <summary>Everything in the journal, a line for each item; made when it is asked for.</summary>
    public required IEnumerable<string> Journal { get; init; }
}

/// <summary>One world from its seed to its judgement. What it models and what not: <c>NOTES.md</c>.</summary>
internal static class Simulation
{
    public static SimulationResult Run(long seed, Flaw flaw)
    {
        var world = new World(seed);
        var broken = new List<string>();
        var conditions = Conditions.Draw(world.Random);
        var cluster = new SimulatedCluster(world, conditions, SimulatedJob.Draw(world.Random), flaw);
        var users = new SimulatedUsers(cluster, broken);
        users.Begin();
        new Blows(cluster).Begin();

        Judge? judge = null;
        try
        {
            world.RunUntil(World.Start + Conditions.Trouble);
            cluster.Heal();
            users.Restore();
            world.RunUntil(world.Now + Conditions.Quiet);
            judge = new Judge(cluster, world.Now);
            broken.AddRange(judge.Findings());
        }
        catch (InvalidOperationException e)
        {
            // The product found itself in a state that cannot be.
            broken.Add($"{e.GetType().Name}: {e.Message}{e.StackTrace?.Split('\n')[0]}");
        }

        return new SimulationResult(seed, broken, judge?.Slots ?? 0, judge?.Executions ?? 0, world.Steps, users.Promises) { Journal = cluster.Journal() };
    }
}

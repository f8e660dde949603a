using Xunit;

namespace Chronos.Tests.Simulation;

/// <summary>Thousands of worlds in which nearly everything goes wrong, and bugs that must be found in them.</summary>
public sealed class SimulationTests
{
    private const int Seeds = 2_000;

    [Fact]
    public void Two_thousand_worlds_keep_every_promise()
    {
        var (bad, gate) = (new List<SimulationResult>(), new Lock());
        SimulationRuns.Each(1, Seeds, Environment.ProcessorCount, Flaw.None, result =>
        {
            if (result.Findings.Count > 0)
            {
                lock (gate)
                {
                    bad.Add(result);
                }
            }
        });
        Assert.True(bad.Count == 0, $"{bad.Count} of {Seeds} seeds\n{string.Join("\n", bad.OrderBy(r => r.Seed).Take(10).Select(SimulationRuns.Describe))}");
    }

    /// <summary>Seeds in which something was found once, with what it was.</summary>
    [Theory]
    [InlineData(18_940, "a resume that brought another schedule forgot the slot whose jitter was pending")]
    [InlineData(30_110, "the same")]
    [InlineData(44_544, "a deletion that came late, after the job was made anew, disposed of slots of the new one")]
    [InlineData(113_653, "what was claimed ahead, replaced and never sent was taken for an execution that ran beside the next")]
    [InlineData(311_065, "a run that was asked of a job before its deletion came a second time and was claimed for the next job of its name")]
    [InlineData(904_473, "the same")]
    [InlineData(402_884, "a resume that had nothing to resume was answered so, and its double that had was taken for what the answer promised")]
    [InlineData(433_637, "the same")]
    public void What_was_found_once_stays_repaired(int seed, string what)
    {
        var result = Simulation.Run(seed, Flaw.None);
        Assert.True(result.Findings.Count == 0, $"{what}: {SimulationRuns.Describe(result)}");
    }

    [Fact]
    public void A_seed_gives_the_same_world_again()
    {
        var (once, again) = (Simulation.Run(7, Flaw.None), Simulation.Run(7, Flaw.None));
        Assert.Equal((once.Steps, once.Slots, once.Executions, once.Promises), (again.Steps, again.Slots, again.Executions, again.Promises));
        Assert.True(once.Executions > 20);
    }

    [Theory]
    [InlineData(nameof(Flaw.DispatchBeforeCommit))]
    [InlineData(nameof(Flaw.LeaderFollowed))]
    [InlineData(nameof(Flaw.AckBeforeCommit))]
    [InlineData(nameof(Flaw.SentWhenClaimed))]
    public void A_planted_bug_is_found(string flaw)
    {
        var found = SimulationRuns.FirstFound(Seeds, Environment.ProcessorCount, Enum.Parse<Flaw>(flaw));
        Assert.NotNull(found);
        TestContext.Current.TestOutputHelper?.WriteLine($"{flaw}: {SimulationRuns.Describe(found)}");
    }
}

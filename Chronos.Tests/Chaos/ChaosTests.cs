using System.Diagnostics;
using Chronos.Tests.Kit;
using Chronos.Tests.Laws;
using Xunit;

namespace Chronos.Tests.Chaos;

/// <summary>Three processes in network namespaces and PostgreSQL, hurt on purpose; the checker judges. The program of the benchmarks does it; it is built with the solution.</summary>
[Collection(Alone.Name)]
[Trait("speed", "slow")]
public sealed class ChaosTests(ITestOutputHelper output)
{
    [Fact]
    public Task Three_minutes_of_kills_stops_partitions_and_restarts_of_the_database_break_no_promise() => Run("chaos", "--minutes=3", "--rate=60");

    [Fact]
    public Task The_leader_cut_off_for_five_seconds_breaks_no_promise() => Run("partitions", "--seconds=5", "--rate=60", "--only=leader cut");

    private async Task Run(params string[] arguments)
    {
        if ((Isolation.Missing() ?? PostgresServer.Missing()) is { } missing)
        {
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", missing);
            Assert.Fail($"{missing}, and under CI=true it must be");
        }

        var program = Path.Combine(Repository.Root, "Chronos.Tests", "Benchmarks", "bin", NodeProcess.Configuration, "net10.0", "Chronos.Benchmarks.dll");
        Assert.True(File.Exists(program), $"{program} is not built");
        var start = Isolation.Command(program, arguments);
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        output.WriteLine(said);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}; in the end it said\n{string.Join('\n', said.Split('\n').TakeLast(30))}");
    }
}

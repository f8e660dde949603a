using System.Diagnostics;
using Chronos.Tests.Kit;
using Chronos.Tests.Laws;
using Xunit;

namespace Chronos.Tests.Host;

/// <summary>How fast beside another scheduler, on one database, in one run. The benchmark program measures; it is built with the solution.</summary>
[Collection(Alone.Name)]
public sealed class PeerSpeedTests(ITestOutputHelper output)
{
    [Fact]
    [Trait("speed", "slow")]
    public async Task A_whole_node_brings_at_least_five_times_the_executions_of_Quartz_on_SQLite()
    {
        var program = Path.Combine(Repository.Root, "Chronos.Tests", "Benchmarks", "bin", NodeProcess.Configuration, "net10.0", "Chronos.Benchmarks.dll");
        Assert.True(File.Exists(program), $"{program} is not built");

        // Pairs of one run each: a neighbour on the machine may spoil a pair, not all of them.
        var start = new ProcessStartInfo("dotnet", [program, "peers", "--quick", "--only=sqlite", "--rounds=4", "--at-least=5"]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        output.WriteLine(await process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}

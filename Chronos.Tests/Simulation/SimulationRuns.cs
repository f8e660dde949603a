using System.Diagnostics;
using System.Globalization;

namespace Chronos.Tests.Simulation;

/// <summary>Many seeds, each on one thread, several of them beside each other.</summary>
internal static class SimulationRuns
{
    /// <summary>Tells every result, in no certain order, from several threads.</summary>
    public static void Each(long first, long count, int threads, Flaw flaw, Action<SimulationResult> told) =>
        Parallel.For(first, first + count, new ParallelOptions { MaxDegreeOfParallelism = threads }, seed => told(Simulation.Run(seed, flaw)));

    /// <summary>The first seeds of those with findings; stops soon after there are enough.</summary>
    public static SimulationResult? FirstFound(long count, int threads, Flaw flaw)
    {
        SimulationResult? found = null;
        var gate = new Lock();
        Parallel.For(1, count + 1, new ParallelOptions { MaxDegreeOfParallelism = threads }, (seed, loop) =>
        {
            if (Simulation.Run(seed, flaw) is { Findings.Count: > 0 } result)
            {
                lock (gate)
                {
                    found = found is null || result.Seed < found.Seed ? result : found;
                }

                loop.Break();
            }
        });
        return found;
    }

    /// <summary>The command <c>simulation</c>: <c>--seeds=N</c>, <c>--from=SEED</c>, <c>--threads=N</c>. Exit code 1 when a seed has findings.</summary>
    public static int Command(IReadOnlyList<string> args)
    {
        var (seeds, from, threads) = (2_000L, 1L, (long)Environment.ProcessorCount);
        foreach (var arg in args)
        {
            var parts = arg.Split('=');
            if (parts.Length != 2 || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value == 0)
            {
                return Wrong(arg);
            }

            switch (parts[0])
            {
                case "--seeds": seeds = value; break;
                case "--from": from = value; break;
                case "--threads": threads = value; break;
                default: return Wrong(arg);
            }
        }

        var (began, told, gate) = (Stopwatch.StartNew(), Stopwatch.StartNew(), new Lock());
        long done = 0, slots = 0, executions = 0, steps = 0, promises = 0, bad = 0;
        Each(from, seeds, (int)threads, Flaw.None, result =>
        {
            lock (gate)
            {
                (done, slots, executions, steps, promises) = (done + 1, slots + result.Slots, executions + result.Executions, steps + result.Steps, promises + result.Promises);
                if (result.Findings.Count > 0 && ++bad <= 20)
                {
                    Console.WriteLine(Describe(result));
                }

                if (seeds == 1)
                {
                    // Who looks at one seed wants to see what happened in it.
                    Console.WriteLine(string.Join('\n', result.Journal));
                }

                if (told.Elapsed > TimeSpan.FromMinutes(1))
                {
                    told.Restart();
                    Console.WriteLine($"{done:N0} seeds, {bad} with findings, {done / began.Elapsed.TotalMinutes:N0} a minute");
                }
            }
        });
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"seeds {from} to {from + seeds - 1}: {bad} with findings; {slots:N0} slots, {executions:N0} executions, {promises:N0} promises, {steps:N0} steps in {began.Elapsed:c}, {done / began.Elapsed.TotalMinutes:N0} seeds a minute"));
        return bad == 0 ? 0 : 1;
    }

    public static string Describe(SimulationResult result) =>
        $"seed {result.Seed} has {result.Findings.Count} findings; again: simulation --from={result.Seed} --seeds=1{string.Concat(result.Findings.Take(12).Select(f => $"\n    {f}"))}";

    private static int Wrong(string arg)
    {
        Console.Error.WriteLine($"there is no option {arg}; there are --seeds=N, --from=SEED and --threads=N");
        return 2;
    }
}

using System.Globalization;
using Chronos.Benchmarks;
using Chronos.Benchmarks.Kit;
using Chronos.Benchmarks.Peers;
using Chronos.Benchmarks.Protocols;
using Chronos.Tests.Chaos;
using Chronos.Tests.Simulation;

// A benchmark starts this program again, once per measurement, so that no measurement is warmed or burdened by another.
if (args is [ChildProcess.TargetMode])
{
    await TargetServer.Run();
    return 0;
}

if (args is [ChildProcess.GrpcMode])
{
    await GrpcBenchServer.Run();
    return 0;
}

if (args is [ChildProcess.KafkaMode])
{
    await KafkaBenchServer.Run();
    return 0;
}

if (args is [ChildProcess.CaseMode or ChildProcess.BareMode or ChildProcess.PeerMode or ChildProcess.SeedMode or ChildProcess.RecoveryMode, var text])
{
    Console.WriteLine(ChildProcess.Answer(await (args[0] switch
    {
        ChildProcess.PeerMode => PeerCases.Run(text),
        ChildProcess.BareMode => BareCase.Run(text),
        ChildProcess.SeedMode => SeededJournal.Run(text),
        ChildProcess.RecoveryMode => Recoveries.Run(text),
        _ => Cases.Run(text),
    })));
    return 0;
}

// Not a question of speed, but wants many hours of an optimized build, as they do.
if (args is ["simulation", .. var wishes])
{
    return SimulationRuns.Command(wishes);
}

// Nodes, a database and a network that are hurt on purpose; the checker judges.
if (ChaosCommands.Knows(args))
{
    return await ChaosCommands.Run(args);
}

IBenchmark[] all =
[
    new ThroughputBenchmark(),
    new BurstBenchmark(),
    new LatenessBenchmark(),
    new SpineBenchmark(),
    new NeighbourBenchmark(),
    new ProtocolsBenchmark(),
    new SoakBenchmark(),
    new ApiBenchmark(),
    new ScaleBenchmark(),
    new RecoveryBenchmark(),
    new JournalBenchmark(),
    new CronBenchmark(),
    new PeersBenchmark(),
];
var names = args.Where(a => !a.StartsWith("--", StringComparison.Ordinal)).ToList();
var options = new BenchOptions();
foreach (var arg in args.Except(names))
{
    var (name, value) = arg.IndexOf('=', StringComparison.Ordinal) is > 0 and var at ? (arg[..at], arg[(at + 1)..]) : (arg, "");
    var number = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0;
    var next = name switch
    {
        "--quick" when value.Length == 0 => options with { Quick = true },
        "--only" when value.Length > 0 => options with { Only = value },
        "--rounds" when number > 0 => options with { Rounds = number },
        "--minutes" when number > 0 => options with { Minutes = number },
        "--at-least" when number > 0 => options with { AtLeast = number },
        _ => null,
    };
    if (next is null)
    {
        Console.Error.WriteLine($"there is no option {arg}; there are {BenchOptions.Help}");
        return 2;
    }

    options = next;
}

if (names.Count == 0)
{
    foreach (var benchmark in all)
    {
        Console.WriteLine($"{benchmark.Name,-12}{benchmark.Question}");
    }

    Console.WriteLine("simulation  no benchmark: --seeds=N worlds in which nearly everything goes wrong, judged by the checker");
    Console.WriteLine($"chaos, partitions, failover  no benchmarks: three nodes in network namespaces and PostgreSQL, hurt on purpose. {ChaosOptions.Help}");

    return 0;
}

if (names.Find(n => !Array.Exists(all, b => b.Name == n)) is { } wrong)
{
    Console.Error.WriteLine($"there is no benchmark {wrong}; there are {string.Join(", ", all.Select(b => b.Name))}");
    return 2;
}

await using var bench = new Bench(options);
var held = true;
foreach (var name in names)
{
    held &= await bench.Run(all.Single(b => b.Name == name));
}

return held ? 0 : 1;

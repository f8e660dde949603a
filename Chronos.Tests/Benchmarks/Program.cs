using Chronos.Benchmarks;
using Chronos.Benchmarks.Kit;

// A benchmark starts this program again, once per measurement, so that no measurement is warmed or burdened by another.
if (args is [ChildProcess.TargetMode])
{
    await TargetServer.Run();
    return 0;
}

if (args is [ChildProcess.CaseMode, var text])
{
    Console.WriteLine(ChildProcess.Answer(await Cases.Run(text)));
    return 0;
}

IBenchmark[] all =
[
    new ThroughputBenchmark(),
    new BurstBenchmark(),
    new LatenessBenchmark(),
    new NeighbourBenchmark(),
    new ApiBenchmark(),
    new JournalBenchmark(),
    new CronBenchmark(),
];
var options = args.Where(a => a.StartsWith("--", StringComparison.Ordinal)).ToList();
var names = args.Except(options).ToList();
var rounds = 0;
if (options.Find(o => o != "--quick" && !o.StartsWith("--only=", StringComparison.Ordinal)
    && !(o.StartsWith("--rounds=", StringComparison.Ordinal) && int.TryParse(o["--rounds=".Length..], out rounds) && rounds > 0)) is { } unknown)
{
    Console.Error.WriteLine($"there is no option {unknown}; there are --quick, --only=TEXT (variants whose name holds it) and --rounds=N");
    return 2;
}

if (names.Count == 0)
{
    foreach (var benchmark in all)
    {
        Console.WriteLine($"{benchmark.Name,-12}{benchmark.Question}");
    }

    return 0;
}

if (names.Find(n => !Array.Exists(all, b => b.Name == n)) is { } wrong)
{
    Console.Error.WriteLine($"there is no benchmark {wrong}; there are {string.Join(", ", all.Select(b => b.Name))}");
    return 2;
}

var only = options.Find(o => o.StartsWith("--only=", StringComparison.Ordinal))?["--only=".Length..];
await using var bench = new Bench(options.Contains("--quick"), rounds, only);
foreach (var name in names)
{
    await bench.Run(all.Single(b => b.Name == name));
}

return 0;

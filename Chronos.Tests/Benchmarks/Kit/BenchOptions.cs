namespace Chronos.Benchmarks.Kit;

/// <summary>What the command line says.</summary>
internal sealed record BenchOptions
{
    public const string Help =
        "--quick, --only=TEXT (variants whose name holds it), --rounds=N, --minutes=N (soak) and --at-least=N "
        + "(exit code 1 unless the first variant reached N times each other in a round)";

    /// <summary>Short, for a look whether it still runs; its figures mean little.</summary>
    public bool Quick { get; init; }

    public string? Only { get; init; }

    /// <summary>0: as many as the benchmark is meant to have.</summary>
    public int Rounds { get; init; }

    /// <summary>How long <c>soak</c> goes on.</summary>
    public int Minutes { get; init; } = 30;

    /// <summary>By how much the first variant is to beat each other; 0: nothing is asked.</summary>
    public int AtLeast { get; init; }
}

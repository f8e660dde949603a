using System.Globalization;

namespace Chronos.Tests.Chaos;

/// <summary>What the command line says.</summary>
internal sealed record ChaosOptions
{
    public const string Help =
        "chaos: --minutes=N --seed=N --rate=N; partitions: --seconds=N,N --only=TEXT --rate=N; failover, leave: --kills=N --rate=N; each: --arbiter=majority|lease --logs=FOLDER";

    public int Minutes { get; init; } = 3;

    public int Seed { get; init; } = Random.Shared.Next(1, 1_000_000);

    /// <summary>Executions a second.</summary>
    public int Rate { get; init; } = 100;

    public int Kills { get; init; } = 20;

    /// <summary>How long partitions last.</summary>
    public IReadOnlyList<int> Seconds { get; init; } = [5, 20, 60];

    /// <summary>Cases whose name holds it.</summary>
    public string Only { get; init; } = "";

    public string Arbiter { get; init; } = "majority";

    /// <summary>Where the nodes' output and the judge's papers stay.</summary>
    public string? Logs { get; init; }

    /// <summary>Null, with a word on standard error, when an argument is wrong.</summary>
    public static ChaosOptions? Read(IEnumerable<string> args)
    {
        var options = new ChaosOptions();
        foreach (var arg in args)
        {
            var (name, value) = arg.IndexOf('=', StringComparison.Ordinal) is > 0 and var at ? (arg[..at], arg[(at + 1)..]) : (arg, "");
            var number = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0;
            ChaosOptions? next = name switch
            {
                "--minutes" when number > 0 => options with { Minutes = number },
                "--seed" when number > 0 => options with { Seed = number },
                "--rate" when number > 0 => options with { Rate = number },
                "--kills" when number > 0 => options with { Kills = number },
                "--seconds" when value.Split(',').All(s => int.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out _)) =>
                    options with { Seconds = [.. value.Split(',').Select(s => int.Parse(s, CultureInfo.InvariantCulture))] },
                "--only" => options with { Only = value },
                "--arbiter" when value is "majority" or "lease" => options with { Arbiter = value },
                "--logs" when value.Length > 0 => options with { Logs = Path.GetFullPath(value) },
                _ => null,
            };
            if (next is null)
            {
                Console.Error.WriteLine($"{arg} is no option; {Help}");
                return null;
            }

            options = next;
        }

        return options;
    }
}

using System.Text.Json;
using Chronos.Actors.Journal;

namespace Chronos.Benchmarks.Kit;

/// <summary>How jobs come due.</summary>
internal enum Load
{
    /// <summary>So many jobs, all at one instant.</summary>
    Burst,

    /// <summary>So many jobs, each once a second, evenly spread over it.</summary>
    Rate,

    /// <summary>Only plans the jobs of a burst and ends; another process fires them.</summary>
    PlanBurst,
}

/// <summary>One measurement on a whole node, made in a process of its own.</summary>
/// <param name="Url">Where webhooks go; absent: a dispatcher that ends each attempt at once.</param>
/// <param name="Seconds">How long a rate is kept up.</param>
/// <param name="Warm">Whether the same burst goes before, unmeasured.</param>
/// <param name="DueAt">The instant of a burst whose jobs are planned already.</param>
internal sealed record Case(
    Load Load, int Jobs, int Seconds, bool Warm, string Folder, string? Connection, Durability Durability, string? Url, DateTimeOffset? DueAt)
{
    /// <summary>Where as many other jobs go at the same rate, which nobody measures.</summary>
    public string? Beside { get; init; }

    /// <summary>Seconds at the rate before anything is counted.</summary>
    public int Settling { get; init; } = 3;

    /// <summary>Over which protocol, as its member of a job document is called, and the section; HTTP to <see cref="Url"/> where absent.</summary>
    public string? Protocol { get; init; }

    public string? Section { get; init; }

    /// <summary>The file that every attempt of the ledger is written into at the end.</summary>
    public string? Attempts { get; init; }
}

/// <summary>Runs cases.</summary>
internal static class Cases
{
    public static string Text(Case what) => JsonSerializer.Serialize(what);

    public static async Task<Figures> Run(string text)
    {
        var what = JsonSerializer.Deserialize<Case>(text)!;
        await using var node = await BenchNode.Start(what);
        return what.Load switch
        {
            Load.Rate => await Rates.Run(node, what),
            Load.PlanBurst => await Bursts.Plan(node, what),
            _ => await Bursts.Run(node, what),
        };
    }
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Akka.Actor;
using Chronos.Tests.Kit;
using Chronos.Tests.Laws;

namespace Chronos.Benchmarks.Kit;

/// <summary>
/// Runs benchmarks: all variants in turn within each round, so that a noisy neighbour meets each of them; then prints medians, and the
/// median of the rounds' ratios to the first variant. Every round is appended to <c>results/</c>.
/// </summary>
internal sealed class Bench(BenchOptions options) : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Plain = new() { WriteIndented = false };
    private readonly string _results = Path.Combine(Repository.Root, "Chronos.Tests", "Benchmarks", "results");

    public bool Quick => options.Quick;

    public int Minutes => options.Minutes;

    public T Pick<T>(T full, T small) => Quick ? small : full;

    /// <summary>False when a ratio was asked for and no round reached it.</summary>
    public async Task<bool> Run(IBenchmark benchmark)
    {
        var variants = benchmark.Variants(this)
            .Where(v => options.Only is not { } only || v.Name.Contains(only, StringComparison.OrdinalIgnoreCase)).ToList();
        if (variants.Count == 0)
        {
            Console.Error.WriteLine($"no variant of {benchmark.Name} has '{options.Only}' in its name: {string.Join("; ", benchmark.Variants(this).Select(v => v.Name))}");
            return false;
        }

        if (options.AtLeast > 0 && variants.Count < 2)
        {
            Console.Error.WriteLine($"--at-least compares the first variant with the others, and there is only '{variants[0].Name}'");
            return false;
        }

        var rounds = options.Rounds > 0 ? options.Rounds : Quick ? 1 : benchmark.Rounds;
        Console.WriteLine();
        Console.WriteLine($"{benchmark.Name}: {benchmark.Question}");
        Console.WriteLine(Machine.Line);
        Console.WriteLine($"{benchmark.Settings}; median of {(options.AtLeast > 0 ? "at most " : "")}{rounds} paired rounds{(Quick ? " (quick: the figures mean little)" : "")}");
        Directory.CreateDirectory(_results);
        var measured = variants.ToDictionary(v => v.Name, _ => new List<Figures>());
        var held = false;
        for (var round = 0; round < rounds && !(held && options.AtLeast > 0); round++)
        {
            foreach (var variant in variants)
            {
                var figures = await Measure(variant);
                measured[variant.Name].Add(figures);
                Keep(benchmark.Name, variant.Name, round, figures);
            }

            // Who gave up was not beaten: it was not measured.
            held |= options.AtLeast == 0 || variants.Skip(1).All(v => Headline(v) > 0 && Headline(variants[0]) >= options.AtLeast * Headline(v));

            double Headline(Variant v) => measured[v.Name][^1].GetValueOrDefault(benchmark.Headline);
        }

        Print(benchmark.Headline, variants, measured);
        return held && measured.Values.All(rounds => rounds.Exists(figures => figures.Count > 0));
    }

    public async ValueTask DisposeAsync() => await new PostgresServer().DisposeAsync();

    /// <summary>A variant that gives up under its load has no figures in that round; the others go on.</summary>
    private static async Task<Figures> Measure(Variant variant)
    {
        try
        {
            return await variant.Measure();
        }
        catch (Exception e) when (e is AskTimeoutException or InvalidOperationException)
        {
            Console.WriteLine($"{variant.Name} gave up: {e.Message}");
            return [];
        }
    }

    private void Keep(string benchmark, string variant, int round, Figures figures)
    {
        var line = new JsonObject
        {
            ["at"] = DateTimeOffset.UtcNow.ToString("O", CultureInfo.InvariantCulture),
            ["benchmark"] = benchmark,
            ["variant"] = variant,
            ["round"] = round,
            ["quick"] = Quick,
            ["machine"] = Machine.Line,
            ["figures"] = JsonSerializer.SerializeToNode<Dictionary<string, double>>(figures),
        };
        File.AppendAllText(Path.Combine(_results, $"{benchmark}.jsonl"), line.ToJsonString(Plain) + "\n");
    }

    private static void Print(string headline, List<Variant> variants, Dictionary<string, List<Figures>> measured)
    {
        var columns = measured.Values.SelectMany(rounds => rounds).SelectMany(f => f.Keys).Distinct().ToList();
        var rows = new List<string[]> { (string[])["", .. columns, $"ratio of {headline}"] };
        foreach (var variant in variants)
        {
            var rounds = measured[variant.Name];
            var cells = columns.Select(c => rounds.Exists(f => f.ContainsKey(c)) ? Text(Spread.Median(rounds.Where(f => f.ContainsKey(c)).Select(f => f[c]))) : "");
            var ratios = rounds.Zip(measured[variants[0].Name], (First, Second) => (First, Second))
                .Select(p => p.First.GetValueOrDefault(headline) / p.Second.GetValueOrDefault(headline)).Where(r => r > 0 && double.IsFinite(r)).ToList();
            rows.Add([variant.Name, .. cells, ratios.Count == 0 ? "" : ratios.Exists(r => r < 0.095) ? $"{Spread.Median(ratios):0.0000}" : $"{Spread.Median(ratios):0.00}"]);
        }

        var widths = Enumerable.Range(0, rows[0].Length).Select(c => rows.Max(r => r[c].Length)).ToArray();
        foreach (var row in rows)
        {
            Console.WriteLine(string.Join("  ", row.Select((cell, c) => c == 0 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))).TrimEnd());
        }
    }

    private static string Text(double value) => Math.Abs(value) switch
    {
        >= 1_000 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.##", CultureInfo.InvariantCulture),
    };
}

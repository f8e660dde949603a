namespace Chronos.Benchmarks.Kit;

/// <summary>A distribution of all its samples: exact percentiles, no buckets.</summary>
internal static class Spread
{
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? 0 : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>The value below which the part lies.</summary>
    public static double At(double[] sorted, double part) =>
        sorted.Length == 0 ? 0 : sorted[Math.Clamp((int)Math.Ceiling(sorted.Length * part) - 1, 0, sorted.Length - 1)];

    /// <summary>p50, p99 and, with the tail, p99.9 and max of the samples, as columns.</summary>
    public static void Add(Figures figures, string name, IEnumerable<double> samples, bool tail = true)
    {
        var sorted = samples.Order().ToArray();
        figures[$"{name} p50 ms"] = At(sorted, 0.5);
        figures[$"{name} p99 ms"] = At(sorted, 0.99);
        if (!tail)
        {
            return;
        }

        figures[$"{name} p99.9 ms"] = At(sorted, 0.999);
        figures[$"{name} max ms"] = sorted.Length == 0 ? 0 : sorted[^1];
    }
}

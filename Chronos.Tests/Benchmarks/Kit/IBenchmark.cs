namespace Chronos.Benchmarks.Kit;

/// <summary>A question about speed, and the variants that answer it side by side.</summary>
internal interface IBenchmark
{
    string Name { get; }

    /// <summary>The question that its table answers.</summary>
    string Question { get; }

    /// <summary>What was set, in a line.</summary>
    string Settings { get; }

    /// <summary>The figure by which variants are compared with the first.</summary>
    string Headline { get; }

    /// <summary>How often it is measured unless said otherwise.</summary>
    int Rounds => 5;

    IReadOnlyList<Variant> Variants(Bench bench);
}

/// <summary>One way to do it.</summary>
/// <param name="Measure">One round. The figures are the columns of the table.</param>
internal sealed record Variant(string Name, Func<Task<Figures>> Measure);

/// <summary>What one round measured, by column.</summary>
internal sealed class Figures : Dictionary<string, double>;

namespace Chronos.Tests.Simulation;

/// <summary>SplitMix64: the same numbers for a seed on every machine and in every release, so that a failing seed stays one.</summary>
internal sealed class SeededRandom(long seed)
{
    private ulong _state = unchecked(((ulong)seed * 0x9E3779B97F4A7C15) ^ 0xD1B54A32D192ED03);

    public ulong Next()
    {
        _state = unchecked(_state + 0x9E3779B97F4A7C15);
        var z = _state;
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return z ^ (z >> 31);
    }

    /// <summary>A number in [0, <paramref name="bound"/>).</summary>
    public int Below(int bound) => (int)(Next() % (ulong)bound);

    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    public bool Chance(double probability) => Unit() < probability;

    public T Of<T>(IReadOnlyList<T> choices) => choices[Below(choices.Count)];

    /// <summary>A span between the two, in ticks of 100 ns, because a real clock has them too.</summary>
    public TimeSpan Between(TimeSpan least, TimeSpan most) => least + TimeSpan.FromTicks((long)(Unit() * (most - least).Ticks));

    public TimeSpan Milliseconds(double least, double most) => Between(TimeSpan.FromMilliseconds(least), TimeSpan.FromMilliseconds(most));

    public TimeSpan Seconds(double least, double most) => Between(TimeSpan.FromSeconds(least), TimeSpan.FromSeconds(most));
}

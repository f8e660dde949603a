using System.Numerics;
using System.Runtime.CompilerServices;

namespace Chronos.Core.Scheduling;

/// <summary>The years of a field, one bit each: there may be a million of these, and a list of a step is long.</summary>
internal sealed class CronYears : IEquatable<CronYears>
{
    private Bits _bits;

    public CronYears(IEnumerable<int> years)
    {
        foreach (var year in years)
            _bits[(year - CronField.Year.Min) >> 6] |= 1UL << (year - CronField.Year.Min);
    }

    /// <summary>Ascending.</summary>
    public IEnumerable<int> All
    {
        get
        {
            for (var year = From(CronField.Year.Min); year > 0; year = From(year + 1))
                yield return year;
        }
    }

    public bool Has(int year) =>
        year >= CronField.Year.Min && year <= CronField.Year.Max && (_bits[(year - CronField.Year.Min) >> 6] >> (year - CronField.Year.Min) & 1) != 0;

    /// <summary>The first year at or after this one; 0 when there is none.</summary>
    public int From(int year)
    {
        var at = Math.Max(0, year - CronField.Year.Min);
        for (var (word, mask) = (at >> 6, ulong.MaxValue << at); word < Bits.Length; word++, mask = ulong.MaxValue)
        {
            if ((_bits[word] & mask) is not 0 and var rest)
                return CronField.Year.Min + (word << 6) + BitOperations.TrailingZeroCount(rest);
        }

        return 0;
    }

    public bool Equals(CronYears? other) => other is not null && ((ReadOnlySpan<ulong>)_bits).SequenceEqual(other._bits);

    public override bool Equals(object? obj) => Equals(obj as CronYears);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var word in (ReadOnlySpan<ulong>)_bits)
            hash.Add(word);

        return hash.ToHashCode();
    }

    [InlineArray(Length)]
    private struct Bits
    {
        public const int Length = 6;

        private ulong _first;
    }
}

using System.IO.Hashing;
using System.Text;

namespace Chronos.Core.Scheduling;

/// <summary>The only source of spread in this room: a hash of names, so that every node and every restart computes the same.</summary>
internal static class Hashes
{
    public static ulong Of(string tenant, string job)
    {
        if (tenant.Length + job.Length > 150)
            return XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"{tenant}/{job}"));

        Span<byte> bytes = stackalloc byte[512];
        var written = Encoding.UTF8.GetBytes(tenant, bytes);
        bytes[written++] = (byte)'/';
        written += Encoding.UTF8.GetBytes(job, bytes[written..]);
        return XxHash3.HashToUInt64(bytes[..written]);
    }

    /// <summary>The finalizer of SplitMix64: neighbouring seeds give unrelated values.</summary>
    public static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>Uniform in [0, 1).</summary>
    public static double Fraction(ulong value) => (Mix(value) >> 11) * (1.0 / (1UL << 53));
}

using System.Security.Cryptography;
using System.Text;

namespace Chronos.Core.Kernel;

/// <summary>Universally unique, lexicographically sortable identifiers (github.com/ulid/spec): 48 bits of time, 80 bits of anything, in Crockford base32.</summary>
public static class Ulids
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>A ULID whose last 80 bits are derived by SHA-256 from <paramref name="seed"/>: the same on every replay.</summary>
    public static string Derive(DateTimeOffset at, string seed)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(seed), hash);
        return Compose(at, hash[..10]);
    }

    /// <param name="entropy">Ten bytes.</param>
    public static string Compose(DateTimeOffset at, ReadOnlySpan<byte> entropy)
    {
        Span<char> chars = stackalloc char[26];
        var time = (ulong)at.ToUnixTimeMilliseconds();
        for (var i = 9; i >= 0; i--, time >>= 5)
        {
            chars[i] = Alphabet[(int)(time & 31)];
        }

        ulong high = 0, low = 0;
        for (var i = 0; i < 5; i++)
        {
            high = (high << 8) | entropy[i];
            low = (low << 8) | entropy[i + 5];
        }

        for (var i = 7; i >= 0; i--, high >>= 5, low >>= 5)
        {
            chars[10 + i] = Alphabet[(int)(high & 31)];
            chars[18 + i] = Alphabet[(int)(low & 31)];
        }

        return new string(chars);
    }
}

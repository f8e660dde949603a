using System.Security.Cryptography;
using System.Text;

namespace Chronos.Core.Kernel;

/// <summary>W3C trace ids of executions.</summary>
/// <remarks>Derived and not stored: every node, every retry and a reader years later name the same trace.</remarks>
public static class TraceIds
{
    /// <summary>32 lower-case hexadecimal characters: the first 16 bytes of the SHA-256 of the execution's id.</summary>
    public static string For(ExecutionId execution)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> text = stackalloc byte[256];
        if (Encoding.UTF8.TryGetBytes(execution.Value, text, out var length))
        {
            SHA256.HashData(text[..length], hash);
        }
        else
        {
            SHA256.HashData(Encoding.UTF8.GetBytes(execution.Value), hash);
        }

        return Convert.ToHexStringLower(hash[..16]);
    }
}

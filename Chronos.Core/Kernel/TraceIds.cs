using System.Security.Cryptography;
using System.Text;

namespace Chronos.Core.Kernel;

/// <summary>W3C trace ids derived from identities, so that every node and every retry agrees without storing one.</summary>
public static class TraceIds
{
    /// <summary>The first 16 bytes of SHA-256 of the execution id, in lower hex.</summary>
    public static string For(ExecutionId execution)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(execution.Value), hash);
        return Convert.ToHexStringLower(hash[..16]);
    }
}

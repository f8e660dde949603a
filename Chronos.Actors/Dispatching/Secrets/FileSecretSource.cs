using System.Text;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Dispatching.Secrets;

/// <summary>
/// Secrets as files, <c>secrets/&lt;name&gt;</c> for the default tenant and <c>secrets/&lt;tenant&gt;/&lt;name&gt;</c> for others, or, for the default
/// tenant, as environment variables <c>CHRONOS_SECRET_&lt;NAME&gt;</c>. Read at each use, so that a rotated secret needs no restart.
/// </summary>
public sealed class FileSecretSource(string dataFolder) : ISecretSource
{
    private const int MaxBytes = 64 * 1024;
    private readonly string _folder = Path.GetFullPath(Path.Combine(dataFolder, "secrets"));

    public string? Find(TenantId tenant, string name)
    {
        // A name has no separator and does not begin with a dot, so it cannot leave the folder; nor can a tenant.
        if (!SecretRef.IsName(name) || (tenant != TenantId.Default && !SecretRef.IsName(tenant.Value)))
        {
            return null;
        }

        return tenant == TenantId.Default
            ? FromFile(Path.Combine(_folder, name)) ?? Environment.GetEnvironmentVariable(VariableOf(name))
            : FromFile(Path.Combine(_folder, tenant.Value, name));
    }

    private static string VariableOf(string name) =>
        "CHRONOS_SECRET_" + name.ToUpperInvariant().Replace('.', '_').Replace('-', '_');

    /// <summary>UTF-8 unless the file begins with the mark of another encoding.</summary>
    private static string TextOf(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xEF, 0xBB, 0xBF, .. var rest] => Encoding.UTF8.GetString(rest),
        [0xFF, 0xFE, .. var rest] => Encoding.Unicode.GetString(rest),
        [0xFE, 0xFF, .. var rest] => Encoding.BigEndianUnicode.GetString(rest),
        _ => Encoding.UTF8.GetString(bytes),
    };

    private static string? FromFile(string path)
    {
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            using var file = File.OpenHandle(path);
            var length = RandomAccess.GetLength(file);
            if (length > MaxBytes)
            {
                return null;
            }

            // Each attempt reads its secrets: no reader with buffers for a few bytes.
            Span<byte> bytes = length <= 1024 ? stackalloc byte[(int)length] : new byte[length];
            var read = 0;
            for (int more; read < bytes.Length && (more = RandomAccess.Read(file, bytes[read..], read)) > 0; read += more)
            {
            }

            var text = TextOf(bytes[..read]);
            return text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

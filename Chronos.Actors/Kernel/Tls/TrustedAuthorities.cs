using System.Security.Cryptography.X509Certificates;

namespace Chronos.Actors.Kernel.Tls;

/// <summary>Trust in the authorities of a file, and in no others.</summary>
public static class TrustedAuthorities
{
    /// <exception cref="System.Security.Cryptography.CryptographicException">It is no PEM.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static X509ChainPolicy Policy(string file)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(file);
        return policy;
    }
}

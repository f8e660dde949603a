using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Chronos.Actors.Kernel.Tls;

/// <summary>The texts of the files.</summary>
internal readonly record struct PemFiles(string Certificate, string Key, string? Authority)
{
    /// <summary>Never the key.</summary>
    public override string ToString() => "PEM files";
}

/// <summary>A certificate with its key, ready for connections, and whom it trusts.</summary>
public sealed class TlsMaterial
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection? _authorities;

    private TlsMaterial(X509Certificate2 certificate, X509Certificate2Collection between, X509Certificate2Collection? authorities)
    {
        (_certificate, _authorities) = (certificate, authorities);
        Context = SslStreamCertificateContext.Create(certificate, between, offline: true);
    }

    /// <summary>The certificate with what it was signed by, as it is shown to the other side.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>When the certificate ends.</summary>
    public DateTimeOffset EndsAt => new(_certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);

    /// <summary>Whether the certificate is for a name or an address.</summary>
    public bool IsFor(string host) => _certificate.MatchesHostname(host);

    /// <summary>How the other side is checked: against the authorities alone, at this time, without asking for revocation.</summary>
    public X509ChainPolicy Policy(TimeProvider time)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, VerificationTime = time.GetUtcNow().UtcDateTime, VerificationTimeIgnored = false };
        if (_authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(_authorities);
        }

        return policy;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"the certificate {_certificate.Subject} (serial {_certificate.SerialNumber}, until {_certificate.NotAfter.ToUniversalTime():yyyy-MM-dd'T'HH:mm:ss'Z'})");

    internal static bool TryMake(
        PemFiles files, CertificateUse use, TimeProvider time, [NotNullWhen(true)] out TlsMaterial? material, [NotNullWhen(false)] out CertificateFault? fault)
    {
        material = null;
        var chain = new X509Certificate2Collection();
        X509Certificate2Collection? authorities = null;
        fault = Read(chain, files.Certificate, CertificatePart.Certificate);
        if (fault is null && files.Authority is { } authority)
        {
            fault = Read(authorities = [], authority, CertificatePart.Authority);
        }

        if (fault is not null)
        {
            return false;
        }

        X509Certificate2 leaf;
        try
        {
            leaf = X509Certificate2.CreateFromPem(files.Certificate, files.Key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            fault = new CertificateFault(
                CertificatePart.Key, files.Key.Contains("ENCRYPTED", StringComparison.Ordinal) ? "the key is encrypted; a node reads it without a password" : "it is no PEM key that fits the certificate");
            return false;
        }

        var between = new X509Certificate2Collection(chain.Skip(1).ToArray());
        fault = Fault(leaf, between, authorities, use, time);
        material = fault is null ? new TlsMaterial(leaf, between, authorities) : null;
        return material is not null;
    }

    private static CertificateFault? Read(X509Certificate2Collection into, string pem, CertificatePart part)
    {
        try
        {
            into.ImportFromPem(pem);
            return into.Count > 0 ? null : new CertificateFault(part, "there is no PEM certificate in it");
        }
        catch (CryptographicException)
        {
            return new CertificateFault(part, "it is no PEM certificate");
        }
    }

    private static CertificateFault? Fault(X509Certificate2 leaf, X509Certificate2Collection between, X509Certificate2Collection? authorities, CertificateUse use, TimeProvider time)
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (leaf.NotAfter.ToUniversalTime() <= now)
        {
            return new CertificateFault(CertificatePart.Certificate, string.Create(CultureInfo.InvariantCulture, $"the certificate {leaf.Subject} has ended on {leaf.NotAfter.ToUniversalTime():u}"));
        }

        if (leaf.NotBefore.ToUniversalTime() > now)
        {
            return new CertificateFault(CertificatePart.Certificate, string.Create(CultureInfo.InvariantCulture, $"the certificate {leaf.Subject} begins on {leaf.NotBefore.ToUniversalTime():u}; is the clock right?"));
        }

        var uses = leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault()?.EnhancedKeyUsages.OfType<Oid>().Select(o => o.Value).ToList();
        if (uses is not null && !(uses.Contains(ServerUse) && (use == CertificateUse.Server || uses.Contains(ClientUse))))
        {
            return new CertificateFault(CertificatePart.Certificate, use == CertificateUse.Server ? "its extended key usage lacks serverAuth" : "its extended key usage must have both serverAuth and clientAuth: nodes call each other");
        }

        return use == CertificateUse.Peer && authorities is not null && Untrusted(leaf, between, authorities, now) is { } why
            ? new CertificateFault(CertificatePart.Certificate, $"it is not of the authority that the nodes trust: {why}")
            : null;
    }

    /// <summary>Why a certificate would be refused by others with the same authorities.</summary>
    private static string? Untrusted(X509Certificate2 leaf, X509Certificate2Collection between, X509Certificate2Collection authorities, DateTime now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(between);
        chain.ChainPolicy.VerificationTime = now;
        return chain.Build(leaf) ? null : string.Join(", ", chain.ChainStatus.Select(s => s.Status));
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Chronos.Tests.Kit;

/// <summary>An authority of one test that gives out certificates as the test needs them.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _own;

    public TestAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _own = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-30), DateTimeOffset.UtcNow.AddDays(30));
    }

    public string Pem => _own.ExportCertificatePem();

    /// <summary>For localhost and 127.0.0.1, valid now.</summary>
    public Issued Issue() => Issue(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1), "127.0.0.1", "localhost");

    public Issued Issue(DateTimeOffset from, DateTimeOffset to, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256);
        var all = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                all.AddIpAddress(address);
            }
            else
            {
                all.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(all.Build());
        using var certificate = request.Create(_own, from, to, RandomNumberGenerator.GetBytes(8));
        return new Issued(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), certificate.SerialNumber);
    }

    /// <summary>Writes what a node reads into a folder: <c>node.pem</c>, <c>node.key</c>, <c>ca.pem</c>.</summary>
    public void Write(string folder, Issued issued)
    {
        File.WriteAllText(Path.Combine(folder, "node.key"), issued.Key);
        File.WriteAllText(Path.Combine(folder, "node.pem"), issued.Certificate);
        File.WriteAllText(Path.Combine(folder, "ca.pem"), Pem);
    }

    public void Dispose() => _own.Dispose();
}

/// <summary>A certificate and its key, PEM.</summary>
internal sealed record Issued(string Certificate, string Key, string Serial);

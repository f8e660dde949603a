using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Chronos.Tests.Kit;

/// <summary>An authority of one test, a server's certificate for localhost and 127.0.0.1, and a client's; PEM.</summary>
internal sealed record TestCertificates(string Ca, string Client, string ClientKey)
{
    /// <summary>Makes them anew; <c>ca.pem</c>, <c>server.pem</c> and <c>server.key</c> are written into the folder.</summary>
    public static TestCertificates Write(string folder)
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Chronos test authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        using var authority = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
        var (server, serverKey) = Sign(authority, "CN=localhost");
        var (client, clientKey) = Sign(authority, "CN=chronos");
        var ca = authority.ExportCertificatePem();
        File.WriteAllText(Path.Combine(folder, "ca.pem"), ca);
        File.WriteAllText(Path.Combine(folder, "server.pem"), server);
        File.WriteAllText(Path.Combine(folder, "server.key"), serverKey);
        return new TestCertificates(ca, client, clientKey);
    }

    private static (string Certificate, string Key) Sign(X509Certificate2 authority, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.Create(authority, now.AddHours(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}

using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;

namespace Chronos.Actors.Dispatching;

/// <summary>The TLS of one attempt to a broker, its secrets resolved.</summary>
internal sealed record BrokerTls(string? Ca, string? Certificate, string? Key, string? ServerName)
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    public static BrokerTls? Resolve(TargetTls? tls, AttemptSecrets secrets) => tls is null
        ? null
        : new BrokerTls(
            tls.Ca, tls.Certificate is { } certificate ? secrets.Get(certificate.Name) : null, tls.Key is { } key ? secrets.Get(key.Name) : null, tls.ServerName);

    /// <summary>What connections that may be shared have in common. Does not show what is in it.</summary>
    public static string Identity(params string?[] parts) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts.Select(part => $"{part?.Length ?? -1}:{part}")))));

    public string Identity() => Identity(Ca, Certificate, Key, ServerName);

    /// <summary>The client's certificate with its key, or null.</summary>
    /// <exception cref="RequestFaultException">The PEM cannot be read or does not fit together.</exception>
    public X509Certificate2? ClientCertificate()
    {
        if (Certificate is null || Key is null)
        {
            return null;
        }

        try
        {
            return X509Certificate2.CreateFromPem(Certificate, Key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new RequestFaultException("tls: the certificate and its key are no PEM that fits together");
        }
    }

    /// <summary>The client's certificate with what it was signed by, as it is shown to whoever asks; and what to dispose of in the end.</summary>
    /// <exception cref="RequestFaultException">The PEM cannot be read or does not fit together.</exception>
    public (SslStreamCertificateContext? Context, IDisposable[] Held) ClientContext()
    {
        if (ClientCertificate() is not { } leaf)
        {
            return (null, []);
        }

        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(Certificate);
        return (SslStreamCertificateContext.Create(leaf, chain, offline: true), [leaf, .. chain]);
    }

    /// <summary>Trusts the given authorities only, or those of the node; without looking for revocation, as the HTTP dispatcher.</summary>
    /// <exception cref="RequestFaultException">The PEM cannot be read.</exception>
    public X509ChainPolicy? Trust()
    {
        if (Ca is null)
        {
            return null;
        }

        try
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPem(Ca);
            return policy;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new RequestFaultException("tls.ca: is no PEM of certificates");
        }
    }

    /// <summary>Whether a server is who it should be, where a client library asks for nothing but a verdict.</summary>
    public bool Accepts(X509Certificate? presented, X509Chain? chain, SslPolicyErrors errors)
    {
        if (presented is null || (errors & (SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateNotAvailable)) != 0)
        {
            return false;
        }

        if (Trust() is not { } trust)
        {
            return errors == SslPolicyErrors.None;
        }

        trust.ApplicationPolicy.Add(ServerAuthentication);
        trust.ExtraStore.AddRange(chain?.ChainPolicy.ExtraStore ?? []);
        using var own = new X509Chain { ChainPolicy = trust };
        using var certificate = X509CertificateLoader.LoadCertificate(presented.GetRawCertData());
        return own.Build(certificate);
    }

    public void Apply(SslClientAuthenticationOptions options)
    {
        options.RemoteCertificateValidationCallback = null;
        options.CertificateChainPolicy = Trust();
        options.TargetHost = ServerName ?? options.TargetHost;
        if (ClientCertificate() is { } certificate)
        {
            options.ClientCertificates = [certificate];
        }
    }
}

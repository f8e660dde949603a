using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching;

/// <summary>How a target is trusted and how a job proves itself to it, inside TLS. Holds names of secrets, never a private key.</summary>
public sealed record TargetTls
{
    private const int MaxPem = 64 * 1024;
    private const string Begin = "-----BEGIN CERTIFICATE-----";

    /// <summary>The only authorities that are trusted, PEM; absent: those of the node.</summary>
    public string? Ca { get; init; }

    /// <summary>The client's certificate with its chain, PEM.</summary>
    public SecretRef? Certificate { get; init; }

    /// <summary>The private key of <see cref="Certificate"/>, PEM, without a password.</summary>
    public SecretRef? Key { get; init; }

    /// <summary>The name that the certificate of the target must bear, where it is not the host of its address.</summary>
    public string? ServerName { get; init; }

    /// <param name="serverName">Whether the protocol can look for another name than the host.</param>
    internal static TargetTls? Read(JsonElement value, string path, ICollection<Violation> violations, bool serverName)
    {
        if (SectionObject.Open(value, path, violations) is not { } tls)
        {
            return null;
        }

        var ca = tls.TakeString("ca");
        if (ca is not null && (!ca.Contains(Begin, StringComparison.Ordinal) || ca.Length > MaxPem || TemplateText.IsTemplate(ca)))
        {
            tls.Fault("ca", $"is PEM text that holds {Begin}, at most {MaxPem / 1024} KB");
        }

        else if (ca is not null && !HoldsCertificates(ca))
        {
            tls.Fault("ca", "holds no certificate that can be read");
        }

        if (ca?.Contains("PRIVATE KEY", StringComparison.Ordinal) == true)
        {
            tls.Fault("ca", "holds a private key, which is never written into a job");
        }

        var certificate = tls.Take("certificate") is { } c ? SecretRef.Read(c, tls.At("certificate"), violations) : null;
        var key = tls.Take("key") is { } k ? SecretRef.Read(k, tls.At("key"), violations) : null;
        if (certificate is null != key is null)
        {
            tls.Fault(certificate is null ? "certificate" : "key", "certificate and key come together");
        }

        string? name = null;
        if (serverName)
        {
            name = tls.TakeString("server_name");
            if (name is not null && Uri.CheckHostName(name) != UriHostNameType.Dns)
            {
                tls.Fault("server_name", "is a name of a host, such as service.example.com");
            }
        }

        tls.Close(serverName ? "ca, certificate, key, server_name" : "ca, certificate, key");
        return new TargetTls { Ca = ca, Certificate = certificate, Key = key, ServerName = name };
    }

    private static bool HoldsCertificates(string pem)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(pem);
            return found.Count > 0;
        }
        catch (CryptographicException)
        {
            return false;
        }
        finally
        {
            foreach (var certificate in found)
            {
                certificate.Dispose();
            }
        }
    }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("tls");
        if (Ca is not null)
        {
            writer.WriteString("ca", Ca);
        }

        Certificate?.Write(writer, "certificate");
        Key?.Write(writer, "key");
        if (ServerName is not null)
        {
            writer.WriteString("server_name", ServerName);
        }

        writer.WriteEndObject();
    }
}

using Chronos.Actors.Kernel.Tls;

namespace Chronos.Host.Hosting;

/// <summary>Opens the configured certificates, and says by the name of the setting what is wrong with them.</summary>
internal static class TlsSettings
{
    private const string Api = "CHRONOS_TLS";
    private const string Cluster = "CHRONOS_CLUSTER_TLS";

    /// <exception cref="WrongUsageException">Something is missing, does not fit or has ended.</exception>
    public static void Check(ChronosSettings settings)
    {
        var isHttps = settings.HttpUrl.Scheme == Uri.UriSchemeHttps;
        if (settings.Mode == HostMode.Dev && (isHttps || !settings.Tls.IsEmpty || !settings.ClusterTls.IsEmpty))
        {
            throw new WrongUsageException($"{(settings.ClusterTls.IsEmpty ? isHttps ? "CHRONOS_HTTP_URL" : Named(Api, settings.Tls) : Named(Cluster, settings.ClusterTls))}: dev mode is one node in the clear on loopback; TLS is for serve");
        }

        if (isHttps && settings.Tls.Certificate is null)
        {
            throw new WrongUsageException("CHRONOS_HTTP_URL: https needs a certificate (CHRONOS_TLS_CERTIFICATE and CHRONOS_TLS_KEY)");
        }

        if (!isHttps && (settings.Tls.Certificate ?? settings.Tls.Key) is not null)
        {
            throw new WrongUsageException($"{Named(Api, settings.Tls)}: there is a certificate, but CHRONOS_HTTP_URL is {settings.HttpUrl.GetLeftPart(UriPartial.Authority)}; write https:// there, or take the certificate away");
        }

        Complete(Api, settings.Tls);
        Complete(Cluster, settings.ClusterTls);
        if (!settings.ClusterTls.IsEmpty && settings.ClusterTls.Authority is null)
        {
            throw new WrongUsageException("CHRONOS_CLUSTER_TLS_CA: nodes trust each other by an authority of their own; name its file");
        }

        _ = OpenApi(settings, TimeProvider.System);
        if (OpenCluster(settings, TimeProvider.System) is { Files.Current: var own } && !own.IsFor(settings.ClusterHost))
        {
            throw new WrongUsageException($"CHRONOS_CLUSTER_TLS_CERTIFICATE: the certificate does not bear {settings.ClusterHost} (CHRONOS_CLUSTER_HOST), so no other node would take this one for itself");
        }
    }

    /// <summary>The certificate of the API; null where it is plain HTTP.</summary>
    public static CertificateFiles? OpenApi(ChronosSettings settings, TimeProvider time) => Open(Api, settings.Tls, CertificateUse.Server, time);

    /// <summary>The certificate among the nodes; null where they talk in the clear.</summary>
    public static TlsSetup? OpenCluster(ChronosSettings settings, TimeProvider time) =>
        Open(Cluster, settings.ClusterTls, CertificateUse.Peer, time) is { } files ? new TlsSetup(files, time) : null;

    private static CertificateFiles? Open(string prefix, TlsPaths paths, CertificateUse use, TimeProvider time) =>
        paths.Paths is not { } all ? null
        : CertificateFiles.TryOpen(all, use, time, out var files, out var fault) ? files
        : throw new WrongUsageException($"{prefix}_{Suffix(fault.Part)}: {fault.Message}");

    private static void Complete(string prefix, TlsPaths paths)
    {
        if (!paths.IsEmpty && paths.Paths is null && (paths.Certificate ?? paths.Key ?? (prefix == Cluster ? paths.Authority : null)) is not null)
        {
            throw new WrongUsageException($"{prefix}_{(paths.Certificate is null ? "CERTIFICATE" : "KEY")}: a certificate and its key go together; there is only {Named(prefix, paths)}");
        }
    }

    private static string Named(string prefix, TlsPaths paths) => $"{prefix}_{(paths.Certificate is not null ? "CERTIFICATE" : paths.Key is not null ? "KEY" : "CA")}";

    private static string Suffix(CertificatePart part) => part switch
    {
        CertificatePart.Key => "KEY",
        CertificatePart.Authority => "CA",
        _ => "CERTIFICATE",
    };
}

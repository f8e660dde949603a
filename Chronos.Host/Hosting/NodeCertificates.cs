using System.Collections.Immutable;
using Chronos.Actors.Kernel.Tls;
using Chronos.Core.Diagnosis;

namespace Chronos.Host.Hosting;

/// <summary>The certificates of this node, each opened once and shared by whoever shows it.</summary>
internal sealed record NodeCertificates(CertificateFiles? Api, TlsSetup? Cluster)
{
    public static NodeCertificates Open(ChronosSettings settings, TimeProvider time) => new(TlsSettings.OpenApi(settings, time), TlsSettings.OpenCluster(settings, time));

    /// <summary>When they end, as the files say now.</summary>
    public ImmutableArray<CertificateVitals>? Ends()
    {
        ImmutableArray<CertificateVitals> all =
        [
            .. Api is { } api ? [new CertificateVitals("api", api.Current.EndsAt)] : (CertificateVitals[])[],
            .. Cluster is { } cluster ? [new CertificateVitals("cluster", cluster.Files.Current.EndsAt)] : (CertificateVitals[])[],
        ];
        return all.IsEmpty ? null : all;
    }
}

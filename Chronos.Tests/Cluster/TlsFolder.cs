using Chronos.Actors.Kernel.Tls;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Kit;

namespace Chronos.Tests.Cluster;

/// <summary>The certificate files of one node.</summary>
internal sealed class TlsFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TlsFolder(TestAuthority authority)
        : this(authority, authority.Issue())
    {
    }

    public TlsFolder(TestAuthority authority, Issued issued) => authority.Write(_folder.Location, issued);

    public string Certificate => Path.Combine(_folder.Location, "node.pem");

    public string Key => Path.Combine(_folder.Location, "node.key");

    public string Authority => Path.Combine(_folder.Location, "ca.pem");

    public CertificatePaths Paths => new(Certificate, Key, Authority);

    public void Replace(TestAuthority authority, Issued issued) => authority.Write(_folder.Location, issued);

    public CertificateFiles Open(TimeProvider time) =>
        CertificateFiles.TryOpen(Paths, CertificateUse.Peer, time, out var files, out var fault) ? files : throw new InvalidOperationException(fault.ToString());

    public void Dispose() => _folder.Dispose();
}

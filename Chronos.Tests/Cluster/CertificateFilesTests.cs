using Chronos.Actors.Kernel.Tls;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cluster;

public sealed class CertificateFilesTests : IDisposable
{
    private readonly TestAuthority _authority = new("first");
    private readonly TestAuthority _other = new("second");
    private readonly SteppedTime _time = new();

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
    }

    [Fact]
    public void What_is_replaced_is_taken_when_all_of_it_fits_together_and_nothing_of_it_before()
    {
        using var folder = new TlsFolder(_authority);
        var told = new List<(string Text, bool Taken)>();
        var files = folder.Open(_time);
        files.Changed = (text, taken) => told.Add((text, taken));
        var first = files.Current.ToString();
        var next = _authority.Issue();

        File.WriteAllText(folder.Certificate, next.Certificate);
        Assert.Equal(first, files.Current.ToString());
        _time.Step();
        Assert.Equal(first, files.Current.ToString());
        _time.Step();
        Assert.Equal(first, files.Current.ToString());
        File.WriteAllText(folder.Key, next.Key);
        _time.Step();

        Assert.Contains(next.Serial, files.Current.ToString(), StringComparison.Ordinal);
        Assert.Equal([false, true], told.Select(t => t.Taken));
        Assert.Contains(folder.Key, told[0].Text, StringComparison.Ordinal);
        Assert.All(told, t => Assert.DoesNotContain("PRIVATE", t.Text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_gone_for_a_moment_changes_nothing()
    {
        using var folder = new TlsFolder(_authority);
        var files = folder.Open(_time);
        var first = files.Current.ToString();
        File.Delete(folder.Key);
        _time.Step();
        Assert.Equal(first, files.Current.ToString());
        var next = _authority.Issue();
        folder.Replace(_authority, next);
        _time.Step();
        Assert.Contains(next.Serial, files.Current.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_is_said_by_the_part_that_is_wrong_and_without_its_content()
    {
        var now = DateTimeOffset.UtcNow;
        Wrong(CertificatePart.Certificate, folder => File.WriteAllText(folder.Certificate, "nothing"), "PEM");
        Wrong(CertificatePart.Certificate, folder => File.Delete(folder.Certificate), "node.pem");
        Wrong(CertificatePart.Key, folder => File.WriteAllText(folder.Key, _other.Issue().Key), "fits");
        Wrong(CertificatePart.Key, folder => File.WriteAllText(folder.Key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----"), "encrypted");
        Wrong(CertificatePart.Authority, folder => File.WriteAllText(folder.Authority, ""), "PEM");
        Wrong(CertificatePart.Certificate, folder => File.WriteAllText(folder.Authority, _other.Pem), "authority");
        Wrong(CertificatePart.Certificate, folder => folder.Replace(_authority, _authority.Issue(now.AddDays(-2), now.AddDays(-1), "localhost")), "has ended");
        Wrong(CertificatePart.Certificate, folder => folder.Replace(_authority, _authority.Issue(now.AddDays(1), now.AddDays(2), "localhost")), "begins");
    }

    private void Wrong(CertificatePart part, Action<TlsFolder> change, string said)
    {
        using var folder = new TlsFolder(_authority);
        change(folder);
        Assert.False(CertificateFiles.TryOpen(folder.Paths, CertificateUse.Peer, TimeProvider.System, out _, out var fault));
        Assert.Equal(part, fault.Part);
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>A clock that stands until it is told to go on.</summary>
    private sealed class SteppedTime : TimeProvider
    {
        private long _steps;

        public override long GetTimestamp() => _steps * TimestampFrequency * 2;

        public void Step() => _steps++;
    }
}

using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Akka.Cluster;
using Chronos.Actors.Kernel.Tls;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cluster;

/// <summary>Who may speak with a node, over real connections.</summary>
public sealed class TlsRemotingTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TestAuthority _authority = new("nodes");
    private readonly TestAuthority _stranger = new("strangers");

    public void Dispose()
    {
        _authority.Dispose();
        _stranger.Dispose();
    }

    [Fact]
    public async Task Nodes_with_certificates_of_one_authority_form_a_cluster_and_part_in_order()
    {
        using var folders = new Folders(_authority, 2);
        await using var first = await Start(folders[0]);
        await using (var second = await Start(folders[1], first.HostPort))
        {
            await Eventually.True(() => first.Members == 2 && second.Members == 2, Patience);
            Assert.Equal("akka.ssl.tcp", second.Address.Protocol);
        }

        await Eventually.True(() => first.Members == 1, Patience);
        Assert.False(first.Said("refused"), first.Everything);
    }

    [Theory]
    [InlineData("of another authority")]
    [InlineData("that has ended")]
    public async Task A_node_with_a_certificate_that_does_not_count_does_not_join_and_takes_nobody_along(string kind)
    {
        using var folders = new Folders(_authority, 1);
        var ended = kind == "that has ended";
        using var wrong = ended
            ? new TlsFolder(_authority, _authority.Issue(DateTimeOffset.UtcNow.AddDays(-3), DateTimeOffset.UtcNow.AddDays(-2), "127.0.0.1"))
            : new TlsFolder(_stranger);
        var (port, intruderPort) = (TestPort.Free(), TestPort.Free());

        // The member has the intruder among its seeds, so it calls it, too.
        await using var member = await ClusterNode.Start("127.0.0.1", port, [$"127.0.0.1:{port}", $"127.0.0.1:{intruderPort}"], Setup(folders[0]), null);
        await Eventually.True(() => member.IsUp, Patience);

        // By its own clock its certificate is good: an expired one does not even start.
        var time = new ShiftedTime(ended ? TimeSpan.FromDays(-2.5) : TimeSpan.Zero);
        await using var intruder = await ClusterNode.Start("127.0.0.1", intruderPort, [member.HostPort], new TlsSetup(wrong.Open(time), time), null);

        await Eventually.True(() => member.Said("was refused") || intruder.Said("no connection with"), Patience);
        await Eventually.True(() => intruder.Said("Couldn't join seed nodes"), Patience);
        Assert.Equal((MemberStatus.Removed, 1), (intruder.Cluster.SelfMember.Status, member.Members));
        Assert.False(member.System.WhenTerminated.IsCompleted);

        // Others still join.
        using var right = new TlsFolder(_authority);
        await using var good = await Start(right, member.HostPort);
        await Eventually.True(() => member.Members == 2, Patience);
    }

    [Fact]
    public async Task Who_shows_no_certificate_or_speaks_in_the_clear_gets_no_answer()
    {
        using var folders = new Folders(_authority, 1);
        await using var member = await Start(folders[0]);

        using (var plain = new TcpClient("127.0.0.1", member.Address.Port!.Value))
        {
            await plain.GetStream().WriteAsync("\u0010\0\0\0hello akka, again"u8.ToArray(), Cancellation);
            await Ends(plain.GetStream());
        }

        await Eventually.True(() => member.Said("was refused"), Patience);
        using var bare = new TcpClient("127.0.0.1", member.Address.Port!.Value);
        await using var stream = new SslStream(bare.GetStream());
        try
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", CertificateChainPolicy = TrustedAuthorities.Policy(folders[0].Authority) }, Cancellation);
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            return;
        }

        // With TLS 1.3 the client learns only on reading that it was not accepted.
        await Ends(stream);
    }

    [Fact]
    public async Task A_node_in_the_clear_does_not_join_nodes_with_TLS()
    {
        using var folders = new Folders(_authority, 1);
        await using var member = await Start(folders[0]);
        await using var plain = await ClusterNode.Start("127.0.0.1", 0, [member.HostPort], null, null);
        await Eventually.True(() => member.Said("was refused") && plain.Said("Couldn't join seed nodes"), Patience);
        Assert.Equal((MemberStatus.Removed, 1), (plain.Cluster.SelfMember.Status, member.Members));
    }

    [Fact]
    public async Task A_node_that_does_not_bear_the_name_that_it_is_called_by_is_not_joined()
    {
        using var folders = new Folders(_authority, 1);
        using var misnamed = new TlsFolder(_authority, _authority.Issue(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1), "elsewhere.example.com"));
        await using var member = await Start(misnamed);
        await using var caller = await Start(folders[0], member.HostPort);
        await Eventually.True(() => caller.Said("RemoteCertificateNameMismatch") && caller.Said("Couldn't join seed nodes"), Patience);
        Assert.Equal(MemberStatus.Removed, caller.Cluster.SelfMember.Status);
    }

    [Fact]
    public async Task New_files_count_for_new_connections_and_those_that_stand_go_on()
    {
        using var folders = new Folders(_authority, 3);
        await using var first = await Start(folders[0]);
        await using var second = await Start(folders[1], first.HostPort);
        await Eventually.True(() => first.Members == 2 && second.Members == 2, Patience);

        // The whole trust changes: certificates and authority.
        var next = _stranger.Issue();
        folders[0].Replace(_stranger, next);
        await Eventually.True(async () => await SerialOf(first, _stranger) == next.Serial, Patience);

        // A node of the former authority is not let in any more; one of the new one is. The connection that stood still stands.
        await using (var former = await Start(folders[2], first.HostPort))
        {
            await Eventually.True(() => former.Said("Couldn't join seed nodes"), Patience);
            Assert.Equal(MemberStatus.Removed, former.Cluster.SelfMember.Status);
        }

        Assert.Equal(2, first.Members);
        Assert.Empty(first.Cluster.State.Unreachable);

        folders[1].Replace(_stranger, _stranger.Issue());
        using var third = new TlsFolder(_stranger);
        await using var later = await Start(third, first.HostPort);
        await Eventually.True(() => first.Members == 3 && second.Members == 3 && later.Members == 3, Patience);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static TlsSetup Setup(TlsFolder folder) => new(folder.Open(TimeProvider.System), TimeProvider.System);

    private static async Task<ClusterNode> Start(TlsFolder folder, params string[] seeds)
    {
        var node = await ClusterNode.Start("127.0.0.1", 0, seeds, Setup(folder), null);
        if (seeds.Length == 0)
        {
            await Eventually.True(() => node.IsUp, Patience);
        }

        return node;
    }

    /// <summary>Whose certificate a node shows now.</summary>
    private static async Task<string?> SerialOf(ClusterNode node, TestAuthority trusted)
    {
        using var client = new TcpClient("127.0.0.1", node.Address.Port!.Value);
        await using var stream = new SslStream(client.GetStream());
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(trusted.Pem);
        var own = trusted.Issue();
        using var certificate = X509Certificate2.CreateFromPem(own.Certificate, own.Key);
        try
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", CertificateChainPolicy = policy, ClientCertificates = [certificate] }, Cancellation);
        }
        catch (System.Security.Authentication.AuthenticationException)
        {
            return null;
        }

        return ((X509Certificate2)stream.RemoteCertificate!).SerialNumber;
    }

    private static async Task Ends(Stream stream)
    {
        try
        {
            Assert.Equal(0, await stream.ReadAsync(new byte[64], Cancellation).AsTask().WaitAsync(Patience, Cancellation));
        }
        catch (IOException)
        {
            // Reset, or an alert: ended all the same.
        }
    }

    private sealed class Folders(TestAuthority authority, int count) : IDisposable
    {
        private readonly TlsFolder[] _all = [.. Enumerable.Range(0, count).Select(_ => new TlsFolder(authority))];

        public TlsFolder this[int index] => _all[index];

        public void Dispose() => Array.ForEach(_all, f => f.Dispose());
    }
}

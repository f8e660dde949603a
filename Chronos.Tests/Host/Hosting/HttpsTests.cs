using System.Net;
using System.Security.Cryptography.X509Certificates;
using Chronos.Actors.Journal;
using Chronos.Host.Hosting;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Cli.Kit;
using Chronos.Tests.Cluster;
using Chronos.Tests.Kit;
using Microsoft.Data.Sqlite;
using Serilog.Events;
using Xunit;

namespace Chronos.Tests.Host.Hosting;

/// <summary>A node that serves its API inside TLS.</summary>
public sealed class HttpsTests
{
    private const string Key = "administrator-of-the-https-test";

    [Fact]
    public async Task The_api_is_served_inside_TLS_with_the_certificate_of_the_moment()
    {
        using var authority = new TestAuthority("api");
        using var stranger = new TestAuthority("stranger");
        using var files = new TlsFolder(authority);
        using var data = new TemporaryFolder();
        await using var app = ChronosApplication.Build(new ChronosSettings
        {
            HttpUrl = new Uri("https://127.0.0.1:0"),
            Tls = new TlsPaths { Certificate = files.Certificate, Key = files.Key },
            Data = data.Location,
            Durability = Durability.Relaxed,
            NodeName = "tls",
            AdminKey = Key,
            LogLevel = LogEventLevel.Error,
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        var address = app.Urls.Single();
        Assert.StartsWith("https://127.0.0.1:", address, StringComparison.Ordinal);

        // The client of people: trusted with --ca or CHRONOS_CA, refused without and with another authority.
        using var cli = new CliRun();
        cli.Write("ca.pem", authority.Pem);
        cli.Write("stranger.pem", stranger.Pem);
        Assert.Equal(0, (await cli.RunAsync("job", "list", "--server", address, "--key", Key, "--ca", "ca.pem")).Exit);
        var refused = await cli.RunAsync("job", "list", "--server", address, "--key", Key);
        Assert.Equal(5, refused.Exit);
        Assert.Contains("--ca", refused.Error, StringComparison.Ordinal);
        Assert.Equal(5, (await cli.RunAsync("job", "list", "--server", address, "--key", Key, "--ca", "stranger.pem")).Exit);
        Assert.Equal(2, (await cli.RunAsync("job", "list", "--server", address, "--key", Key, "--ca", "none.pem")).Exit);
        cli.Variables["CHRONOS_CA"] = "ca.pem";
        Assert.Equal(0, (await cli.RunAsync("cluster", "members", "--server", address, "--key", Key)).Exit);
        var doctor = await cli.RunAsync("doctor", "-o", "json", "--server", address, "--key", Key);
        Assert.Contains("the certificate of its API ends in", doctor.Out, StringComparison.Ordinal);

        // Renewed under a node that runs.
        var next = authority.Issue();
        Assert.NotEqual(next.Serial, (await Ask(address, authority)).Serial);
        files.Replace(authority, next);
        await Eventually.True(async () => (await Ask(address, authority)).Serial == next.Serial, TimeSpan.FromSeconds(30));
        var (version, _) = await Ask(address, authority);
        Assert.Equal(HttpVersion.Version20, version);
        await app.StopAsync(TestContext.Current.CancellationToken);
        SqliteConnection.ClearAllPools();
    }

    /// <summary>Over a connection of its own: what version of HTTP, and whose certificate.</summary>
    private static async Task<(Version Version, string? Serial)> Ask(string address, TestAuthority trusted)
    {
        string? serial = null;
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.ImportFromPem(trusted.Pem);
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
        {
            serial = ((X509Certificate2)certificate!).SerialNumber;
            return errors == System.Net.Security.SslPolicyErrors.None;
        };
        using var client = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        using var answer = await client.GetAsync(new Uri($"{address}/health/live"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (answer.Version, serial);
    }
}

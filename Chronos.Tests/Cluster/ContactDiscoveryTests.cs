using System.Net;
using System.Net.Sockets;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel.Bootstrap;
using Chronos.Tests.Kit;
using k8s;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Chronos.Tests.Cluster;

public sealed class ContactDiscoveryTests
{
    [Fact]
    public async Task A_name_is_all_its_addresses_with_one_port_and_no_name_is_no_contact()
    {
        var dns = new DnsDiscovery("chronos.svc", 8080, (name, _) => Task.FromResult<IPAddress[]>(name == "chronos.svc" ? [IPAddress.Parse("10.0.0.2"), IPAddress.Parse("fd00::1"), IPAddress.Parse("10.0.0.2")] : []));
        Assert.Equal(["10.0.0.2:8080", "[fd00::1]:8080"], await dns.FindAsync(Cancellation));
        Assert.Empty(await new DnsDiscovery("none", 1, (_, _) => throw new SocketException((int)SocketError.HostNotFound)).FindAsync(Cancellation));
        await Assert.ThrowsAsync<SocketException>(() => new DnsDiscovery("none", 1, (_, _) => throw new SocketException((int)SocketError.TryAgain)).FindAsync(Cancellation));
    }

    [Fact]
    public async Task The_resolver_of_the_machine_is_asked()
    {
        var dns = new DnsDiscovery("localhost", 8080, (name, cancellation) => Dns.GetHostAddressesAsync(name, cancellation));
        Assert.Contains("127.0.0.1:8080", await dns.FindAsync(Cancellation));
    }

    /// <summary>A stand-in of the API server: it knows one question.</summary>
    [Fact]
    public async Task Pods_that_bear_the_label_and_run_are_contacts()
    {
        await using var server = await WebServer.Start(Listening.Plain, http => http.Request.Path == "/api/v1/namespaces/jobs/pods" && http.Request.Query["labelSelector"] == "app=chronos"
            ? http.Response.WriteAsJsonAsync(new
            {
                apiVersion = "v1",
                kind = "PodList",
                items = new object[]
                {
                    Pod("one", "Running", "10.1.0.1", null), Pod("two", "Running", "10.1.0.2", null), Pod("three", "Pending", null, null),
                    Pod("four", "Running", "10.1.0.4", "2026-01-01T00:00:00Z"), Pod("five", "Succeeded", "10.1.0.5", null),
                },
            })
            : Task.FromResult(http.Response.StatusCode = 404));
        using var pods = new KubernetesDiscovery(new KubernetesClientConfiguration { Host = server.Url, AccessToken = "token-of-the-pod" }, "jobs", "app=chronos", 8080);
        Assert.Equal(["10.1.0.1:8080", "10.1.0.2:8080"], await pods.FindAsync(Cancellation));
        Assert.Equal("Bearer token-of-the-pod", server.Requests.First().Headers["authorization"]);
        using var elsewhere = new KubernetesDiscovery(new KubernetesClientConfiguration { Host = server.Url }, "other", "app=chronos", 8080);
        await Assert.ThrowsAnyAsync<Exception>(() => elsewhere.FindAsync(Cancellation));
    }

    [Fact]
    public async Task A_contact_point_is_asked_over_HTTP_and_what_is_no_answer_is_none()
    {
        await using var server = await WebServer.Start(Listening.Plain, http => http.Request.Path == "/bootstrap/seed-nodes"
            ? http.Response.WriteAsync("""{"selfNode":"akka.tcp://chronos@a:1","seedNodes":[{"node":"akka.tcp://chronos@b:1","nodeUid":"7","status":"Up","roles":[],"observedAt":"2026-01-01T00:00:00Z"}]}""")
            : Task.FromResult(http.Response.StatusCode = 404));
        using var probe = new ContactProbe("http", null, TimeProvider.System);
        var answer = await probe.AskAsync(server.Url["http://".Length..], Cancellation);
        Assert.Equal("akka.tcp://chronos@a:1", answer.Node);
        Assert.Equal(["akka.tcp://chronos@b:1"], answer.Seeds);

        await using var other = await WebServer.Start(Listening.Plain, http => http.Response.WriteAsync("""{"hello":"world"}"""));
        await Assert.ThrowsAnyAsync<Exception>(() => probe.AskAsync(other.Url["http://".Length..], Cancellation));
    }

    [Fact]
    public async Task Of_many_that_claim_the_founding_at_once_one_is_told_yes()
    {
        var database = PostgresServer.NewDatabase();
        try
        {
            new PostgresJournalDatabase(database, Durability.Full).Prepare();
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => new FoundingClaim(database).TryAsync($"node-{i}", Cancellation)));
            Assert.Single(answers, yes => yes);
        }
        finally
        {
            PostgresServer.Drop(database);
        }
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static object Pod(string name, string phase, string? ip, string? deleted) => new { metadata = new { name, deletionTimestamp = deleted }, status = new { phase, podIP = ip } };
}

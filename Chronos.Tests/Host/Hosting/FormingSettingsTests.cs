using System.Collections;
using Chronos.Host.Hosting;
using Chronos.Tests.Cluster;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Hosting;

/// <summary>Settings of TLS and of how a cluster forms: what does not fit stops with the name of the key.</summary>
public sealed class FormingSettingsTests : IDisposable
{
    private static readonly (string, string)[] Postgres = [("CHRONOS_STORE", "postgres"), ("CHRONOS_POSTGRES", "Host=db;Database=chronos"), ("CHRONOS_CLUSTER_PORT", "4053")];
    private readonly TestAuthority _authority = new("settings");
    private readonly TlsFolder _files;

    public FormingSettingsTests() => _files = new TlsFolder(_authority);

    public void Dispose()
    {
        _files.Dispose();
        _authority.Dispose();
    }

    [Fact]
    public void Https_and_its_certificate_go_together()
    {
        var (certificate, key) = (("CHRONOS_TLS_CERTIFICATE", _files.Certificate), ("CHRONOS_TLS_KEY", _files.Key));
        var https = ("CHRONOS_HTTP_URL", "https://127.0.0.1:8443");
        Assert.Equal(_files.Key, Read("serve", https, certificate, key).Tls.Key);
        Stops("CHRONOS_HTTP_URL: https needs a certificate", "serve", https);
        Stops("CHRONOS_TLS_KEY: a certificate and its key go together", "serve", https, certificate);
        Stops("CHRONOS_TLS_CERTIFICATE: there is a certificate, but CHRONOS_HTTP_URL is http://", "serve", certificate, key);
        Stops("CHRONOS_TLS_KEY: it is no PEM key", "serve", https, certificate, ("CHRONOS_TLS_KEY", _files.Certificate));
        Stops("CHRONOS_TLS_CERTIFICATE: there is no file", "serve", https, ("CHRONOS_TLS_CERTIFICATE", "/nowhere/at/all"), key);
        Stops("CHRONOS_HTTP_URL: dev mode", "dev", https, certificate, key);
    }

    [Fact]
    public void Nodes_need_certificate_key_and_authority_and_the_name_they_are_called_by()
    {
        var (certificate, key, authority) = (("CHRONOS_CLUSTER_TLS_CERTIFICATE", _files.Certificate), ("CHRONOS_CLUSTER_TLS_KEY", _files.Key), ("CHRONOS_CLUSTER_TLS_CA", _files.Authority));
        Assert.NotNull(Read("serve", certificate, key, authority).ClusterTls.Paths);
        Stops("CHRONOS_CLUSTER_TLS_CA:", "serve", certificate, key);
        Stops("CHRONOS_CLUSTER_TLS_CERTIFICATE: a certificate and its key go together", "serve", authority, key);
        Stops("CHRONOS_CLUSTER_TLS_CERTIFICATE: the certificate does not bear one", "serve", certificate, key, authority, ("CHRONOS_CLUSTER_HOST", "one"));
        using var stranger = new TestAuthority("stranger");
        using var other = new TlsFolder(stranger);
        Stops("CHRONOS_CLUSTER_TLS_CERTIFICATE: it is not of the authority", "serve", certificate, key, ("CHRONOS_CLUSTER_TLS_CA", other.Authority));
        using var ended = new TlsFolder(_authority, _authority.Issue(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(-1), "127.0.0.1"));
        Stops("CHRONOS_CLUSTER_TLS_CERTIFICATE: the certificate CN=node has ended", "serve", ("CHRONOS_CLUSTER_TLS_CERTIFICATE", ended.Certificate), ("CHRONOS_CLUSTER_TLS_KEY", ended.Key), authority);
    }

    [Fact]
    public void A_discovery_names_what_it_needs_and_SQLite_has_no_cluster()
    {
        (string, string) dns = ("CHRONOS_CLUSTER_DISCOVERY", "dns"), config = ("CHRONOS_CLUSTER_DISCOVERY", "config"), pods = ("CHRONOS_CLUSTER_DISCOVERY", "kubernetes");
        (string, string) service = ("CHRONOS_CLUSTER_SERVICE", "chronos.svc"), three = ("CHRONOS_CLUSTER_CONTACTS_REQUIRED", "3"), contacts = ("CHRONOS_CLUSTER_CONTACTS", "one:8080,two:8080");
        Assert.Equal(3, Read("serve", [.. Postgres, dns, service, three]).Discovery.Required);
        Assert.Equal(["one:8080", "two:8080"], Read("serve", [.. Postgres, config, contacts]).Discovery.Contacts);
        Stops("CHRONOS_STORE: the nodes of a cluster share a journal, so CHRONOS_CLUSTER_DISCOVERY", "serve", dns, service, three);
        Stops("CHRONOS_STORE: the nodes of a cluster share a journal, so CHRONOS_CLUSTER_SEEDS", "serve", ("CHRONOS_CLUSTER_SEEDS", "one:1"));
        Stops("CHRONOS_CLUSTER_SERVICE: CHRONOS_CLUSTER_DISCOVERY=dns needs", "serve", [.. Postgres, dns, three]);
        Stops("CHRONOS_CLUSTER_SERVICE: is for CHRONOS_CLUSTER_DISCOVERY=dns", "serve", [.. Postgres, service]);
        Stops("CHRONOS_CLUSTER_CONTACTS: CHRONOS_CLUSTER_DISCOVERY=config needs", "serve", [.. Postgres, config]);
        Stops("CHRONOS_CLUSTER_CONTACTS_REQUIRED: say how many", "serve", [.. Postgres, dns, service]);
        Stops("CHRONOS_CLUSTER_CONTACTS_REQUIRED: is for", "serve", [.. Postgres, config, contacts, three]);
        Stops("CHRONOS_CLUSTER_KUBERNETES_SELECTOR: CHRONOS_CLUSTER_DISCOVERY=kubernetes needs", "serve", [.. Postgres, pods, three]);
        Stops("CHRONOS_CLUSTER_KUBERNETES_NAMESPACE: is for", "serve", [.. Postgres, ("CHRONOS_CLUSTER_KUBERNETES_NAMESPACE", "jobs")]);
        Stops("CHRONOS_CLUSTER_DISCOVERY: a node has seeds or looks for the others", "serve", [.. Postgres, config, contacts, ("CHRONOS_CLUSTER_SEEDS", "one:1")]);
        Stops("CHRONOS_CLUSTER_DISCOVERY: 'gossip' is not one of", "serve", ("CHRONOS_CLUSTER_DISCOVERY", "gossip"));
        Stops("CHRONOS_CLUSTER_CONTACTS: 'one' is no host:port", "serve", ("CHRONOS_CLUSTER_CONTACTS", "one"));
        Stops("CHRONOS_CLUSTER_CONTACTS_REQUIRED: '0' is no number", "serve", ("CHRONOS_CLUSTER_CONTACTS_REQUIRED", "0"));
        Stops("CHRONOS_CLUSTER_PORT:", "serve", [Postgres[0], Postgres[1], config, contacts]);
    }

    private static void Stops(string said, string mode, params (string, string)[] environment) =>
        Assert.StartsWith(said, Assert.Throws<WrongUsageException>(() => Read(mode, environment)).Message, StringComparison.Ordinal);

    private static ChronosSettings Read(string mode, params (string Key, string Value)[] environment) =>
        ChronosSettingsReader.Read(CommandLine.Parse([mode]), new Hashtable(environment.ToDictionary(e => e.Key, e => e.Value)), []);
}

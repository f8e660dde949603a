using System.Net;
using Chronos.Actors.Kernel;
using Chronos.Actors.Kernel.Bootstrap;
using Chronos.Core.Clustering;
using k8s;
using k8s.Exceptions;

namespace Chronos.Host.Hosting;

/// <summary>How the node comes into its cluster: checks what was configured, and makes of it what the bootstrap needs.</summary>
internal static class ClusterFormation
{
    /// <exception cref="WrongUsageException">Settings are missing, or fight each other.</exception>
    public static void Check(ChronosSettings settings)
    {
        var discovery = settings.Discovery;
        var asked = settings.ClusterSeeds.IsEmpty ? "CHRONOS_CLUSTER_DISCOVERY" : "CHRONOS_CLUSTER_SEEDS";
        if (settings.Store == StoreKind.Sqlite && settings.IsClustered)
        {
            throw new WrongUsageException($"CHRONOS_STORE: the nodes of a cluster share a journal, so {asked} needs CHRONOS_STORE=postgres");
        }

        if (!settings.ClusterSeeds.IsEmpty && discovery.Kind != ClusterDiscovery.None)
        {
            throw new WrongUsageException("CHRONOS_CLUSTER_DISCOVERY: a node has seeds or looks for the others, not both; take it or CHRONOS_CLUSTER_SEEDS away");
        }

        if (settings.IsClustered && settings.ClusterPort == 0)
        {
            throw new WrongUsageException("CHRONOS_CLUSTER_PORT: a node of a cluster needs a port that the others know");
        }

        if (!settings.IsClustered && !settings.ClusterRoles.Contains(NodeRoles.Scheduler))
        {
            throw new WrongUsageException("CHRONOS_CLUSTER_ROLES: a node alone needs the role scheduler; others are joined with CHRONOS_CLUSTER_SEEDS or CHRONOS_CLUSTER_DISCOVERY");
        }

        Needs(discovery, ClusterDiscovery.Config, !discovery.Contacts.IsEmpty, "CHRONOS_CLUSTER_CONTACTS", "host:port of the HTTP side of every node");
        Needs(discovery, ClusterDiscovery.Dns, discovery.Service is not null, "CHRONOS_CLUSTER_SERVICE", "the name whose addresses are those of the nodes");
        Needs(discovery, ClusterDiscovery.Kubernetes, discovery.Selector is not null, "CHRONOS_CLUSTER_KUBERNETES_SELECTOR", "a label of the pods, such as app=chronos");
        if (discovery.Namespace is not null && discovery.Kind != ClusterDiscovery.Kubernetes)
        {
            throw new WrongUsageException("CHRONOS_CLUSTER_KUBERNETES_NAMESPACE: is for CHRONOS_CLUSTER_DISCOVERY=kubernetes");
        }

        if (discovery.Kind is ClusterDiscovery.Dns or ClusterDiscovery.Kubernetes && discovery.Required is null)
        {
            throw new WrongUsageException("CHRONOS_CLUSTER_CONTACTS_REQUIRED: say how many nodes there will be; with fewer, two that do not see each other could found two clusters");
        }

        if (discovery.Required is not null && discovery.Kind is ClusterDiscovery.None or ClusterDiscovery.Config)
        {
            throw new WrongUsageException("CHRONOS_CLUSTER_CONTACTS_REQUIRED: is for the discoveries dns and kubernetes; of configured contacts all must answer before a cluster is founded");
        }
    }

    /// <summary>Null where the node has seeds, or is alone.</summary>
    public static BootstrapSettings? Bootstrap(ChronosSettings settings, TimeProvider time)
    {
        if (settings.Discovery.Kind == ClusterDiscovery.None)
        {
            return null;
        }

        var probe = new ContactProbe(settings.HttpUrl.Scheme, settings.Tls.Authority, time);
        var claim = new FoundingClaim(settings.Postgres!);
        return new BootstrapSettings(
            Discovery(settings), new BootstrapRule(settings.Discovery.Required ?? settings.Discovery.Contacts.Length, BootstrapSettings.Margin, BootstrapSettings.Fresh),
            BootstrapSettings.EverySecond, probe.AskAsync, claim.TryAsync, time);
    }

    private static IContactDiscovery Discovery(ChronosSettings settings)
    {
        var (discovery, port) = (settings.Discovery, settings.Discovery.Port ?? settings.HttpUrl.Port);
        if (discovery.Kind == ClusterDiscovery.Config)
        {
            return new ConfigDiscovery(discovery.Contacts);
        }

        if (discovery.Kind == ClusterDiscovery.Dns)
        {
            return new DnsDiscovery(discovery.Service!, port, (name, cancellation) => Dns.GetHostAddressesAsync(name, cancellation));
        }

        try
        {
            var cluster = KubernetesClientConfiguration.InClusterConfig();
            return new KubernetesDiscovery(cluster, discovery.Namespace ?? cluster.Namespace, discovery.Selector!, port);
        }
        catch (KubeConfigException e)
        {
            throw new WrongUsageException($"CHRONOS_CLUSTER_DISCOVERY: kubernetes is for a node in a pod with a service account: {e.Message}");
        }
    }

    private static void Needs(DiscoverySettings discovery, ClusterDiscovery kind, bool isThere, string key, string what)
    {
        var word = System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());
        if (discovery.Kind == kind != isThere)
        {
            throw new WrongUsageException(isThere ? $"{key}: is for CHRONOS_CLUSTER_DISCOVERY={word}" : $"{key}: CHRONOS_CLUSTER_DISCOVERY={word} needs {what}");
        }
    }
}

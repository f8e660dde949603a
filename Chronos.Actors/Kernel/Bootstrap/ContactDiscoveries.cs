using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using k8s;

namespace Chronos.Actors.Kernel.Bootstrap;

/// <summary>The contact points are those that were configured.</summary>
public sealed class ConfigDiscovery(ImmutableArray<string> contacts) : IContactDiscovery
{
    public string What => string.Join(", ", contacts);

    public Task<ImmutableArray<string>> FindAsync(CancellationToken cancellation) => Task.FromResult(contacts);
}

/// <summary>The contact points are all addresses (A and AAAA) of a name, with one port.</summary>
public sealed class DnsDiscovery(string name, int port, Func<string, CancellationToken, Task<IPAddress[]>> resolve) : IContactDiscovery
{
    public string What => $"the addresses of {name}, port {port}";

    public async Task<ImmutableArray<string>> FindAsync(CancellationToken cancellation)
    {
        try
        {
            return [.. (await resolve(name, cancellation).ConfigureAwait(false)).Select(address => ContactPoint.Of(address, port)).Distinct(StringComparer.Ordinal)];
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
        {
            // A name without addresses is a service without nodes yet.
            return [];
        }
    }
}

/// <summary>The contact points are the pods that bear a label and run, with one port.</summary>
public sealed class KubernetesDiscovery(KubernetesClientConfiguration cluster, string space, string selector, int port) : IContactDiscovery, IDisposable
{
    private readonly Kubernetes _client = new(cluster);

    public string What => $"the pods {selector} of namespace {space}, port {port}";

    public async Task<ImmutableArray<string>> FindAsync(CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        var pods = await _client.CoreV1.ListNamespacedPodAsync(space, labelSelector: selector, cancellationToken: patience.Token).ConfigureAwait(false);

        // A pod that ends is no member to be; one that is not ready yet is, since it becomes ready only as a member.
        return
        [
            .. pods.Items.Where(pod => pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase == "Running" && IPAddress.TryParse(pod.Status.PodIP, out _))
                .Select(pod => ContactPoint.Of(IPAddress.Parse(pod.Status.PodIP), port)).Distinct(StringComparer.Ordinal),
        ];
    }

    public void Dispose() => _client.Dispose();
}

/// <summary>How a contact point is written.</summary>
internal static class ContactPoint
{
    public static string Of(IPAddress address, int port) =>
        string.Create(CultureInfo.InvariantCulture, $"{(address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString())}:{port}");
}

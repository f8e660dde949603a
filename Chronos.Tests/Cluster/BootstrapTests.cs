using System.Collections.Concurrent;
using Akka.Cluster;
using Chronos.Actors.Kernel.Bootstrap;
using Chronos.Core.Clustering;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cluster;

/// <summary>Real cluster nodes in this process that find each other; only the HTTP between them is left out.</summary>
public sealed class BootstrapTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly ConcurrentDictionary<string, ClusterNode> _nodes = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<string> _claims = [];
    private readonly Contacts _contacts = new();

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Values)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Five_that_start_at_once_form_one_cluster()
    {
        var ports = Ports(5);
        await Task.WhenAll(ports.Select(port => Start(port, 5)));
        await OneOf(5);
    }

    [Fact]
    public async Task The_slow_ones_are_waited_for_and_who_is_late_joins()
    {
        var ports = Ports(4);
        await Start(ports[1], 3);
        await Start(ports[2], 3);
        await Eventually.True(() => _contacts.Lookups > 10, Patience);
        Assert.All(_nodes.Values, n => Assert.Equal(MemberStatus.Removed, n.Cluster.SelfMember.Status));

        await Start(ports[0], 3);
        await OneOf(3);
        await Start(ports[3], 3);
        await OneOf(4);
    }

    [Fact]
    public async Task The_founder_that_vanishes_and_comes_back_under_the_same_address_joins_the_others()
    {
        var ports = Ports(3);
        await Task.WhenAll(ports.Select(port => Start(port, 3)));
        await OneOf(3);
        var founder = _nodes.Values.Single(n => n.Cluster.SelfUniqueAddress.ToString() == Assert.Single(_claims));
        var port = founder.Address.Port!.Value;

        _nodes.TryRemove(founder.HostPort, out _);
        await founder.Vanish();
        await founder.DisposeAsync();
        await Start(port, 3);
        await OneOf(3);
    }

    [Fact]
    public async Task Who_may_not_claim_the_founding_waits_until_he_may()
    {
        var allowed = 0;
        var ports = Ports(2);
        await Task.WhenAll(ports.Select(port => Start(port, 2, () => Volatile.Read(ref allowed) > 0)));
        await Eventually.True(() => _claims.Count > 3, Patience);
        Assert.All(_nodes.Values, n => Assert.Equal(MemberStatus.Removed, n.Cluster.SelfMember.Status));
        Volatile.Write(ref allowed, 1);
        await Eventually.True(() => _nodes.Values.All(n => n.Members == 2), Patience);
    }

    private static int[] Ports(int count) => [.. Enumerable.Range(0, count).Select(_ => TestPort.Free()).Order()];

    private async Task OneOf(int count)
    {
        await Eventually.True(() => _nodes.Count == count && _nodes.Values.All(n => n.Members == count), Patience);
        Assert.Single(_claims);
        Assert.Single(_nodes.Values.Select(n => n.Cluster.State.Leader).Distinct());
    }

    private Task Start(int port, int required) => Start(port, required, () => true);

    private async Task Start(int port, int required, Func<bool> mayFound)
    {
        _contacts.Add($"127.0.0.1:{port}");
        var settings = new BootstrapSettings(
            _contacts, new BootstrapRule(required, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)), TimeSpan.FromMilliseconds(100), Probe,
            (node, _) =>
            {
                _claims.Add(node);
                return Task.FromResult(mayFound());
            },
            TimeProvider.System);
        var node = await ClusterNode.Start("127.0.0.1", port, [], null, settings);
        _nodes[node.HostPort] = node;
    }

    /// <summary>What the route of a node answers.</summary>
    private Task<ContactAnswer> Probe(string contact, CancellationToken cancellation)
    {
        if (!_nodes.TryGetValue(contact, out var node))
        {
            throw new HttpRequestException("nobody is there");
        }

        return Task.FromResult(new ContactAnswer(
            node.Address.ToString(),
            [.. node.Cluster.State.Members.Where(m => m.Status is MemberStatus.Up or MemberStatus.Joining && !node.Cluster.State.Unreachable.Contains(m)).Select(m => m.Address.ToString())],
            DateTimeOffset.UtcNow));
    }

    private sealed class Contacts : IContactDiscovery
    {
        private readonly ConcurrentDictionary<string, bool> _all = new(StringComparer.Ordinal);
        private int _lookups;

        public string What => "the nodes of the test";

        public int Lookups => Volatile.Read(ref _lookups);

        public void Add(string contact) => _all[contact] = true;

        public Task<System.Collections.Immutable.ImmutableArray<string>> FindAsync(CancellationToken cancellation)
        {
            Interlocked.Increment(ref _lookups);
            return Task.FromResult<System.Collections.Immutable.ImmutableArray<string>>([.. _all.Keys]);
        }
    }
}

using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host;

/// <summary>One node that the tests of the API share; each uses jobs of its own.</summary>
public sealed class SharedNode : IAsyncLifetime
{
    private HostFixture? _node;

    public HostFixture Node => _node!;

    public async ValueTask InitializeAsync() => _node = await HostFixture.Start();

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }
    }
}

/// <summary>The tests that share the node. They do not run beside each other.</summary>
[CollectionDefinition(Name)]
public sealed class NodeCollection : ICollectionFixture<SharedNode>
{
    public const string Name = "one node";
}

using Chronos.Actors.Journal;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Core.Projections;
using Chronos.Host.Hosting;
using Chronos.Tests.Actors.Journal;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Chronos.Tests.Laws;

/// <summary>A thing exists when a running host has it: every implementation of a port is registered.</summary>
public sealed class PortLaws
{
    private static readonly Type[] Ports =
        [typeof(IDispatcher), typeof(IProjection), typeof(ISecretSource), typeof(IOutputStore), typeof(IIdSource), typeof(IJournalReader)];

    public static TheoryData<Type> AllPorts => [.. Ports];

    /// <remarks>What a class has for itself alone serves that class and no host.</remarks>
    [Theory]
    [MemberData(nameof(AllPorts))]
    public async Task Every_implementation_of_a_port_is_registered_in_the_host(Type port)
    {
        using var folder = new TemporaryFolder();
        var settings = new ChronosSettings { Mode = HostMode.Dev, Data = folder.Location };
        await using var host = ChronosApplication.Build(settings);
        var implementations = new[] { typeof(IDispatcher).Assembly, typeof(IJournalReader).Assembly, typeof(ChronosSettings).Assembly }
            .SelectMany(a => a.GetTypes()).Where(t => t is { IsClass: true, IsAbstract: false, IsNestedPrivate: false } && t.IsAssignableTo(port)).ToList();
        Assert.NotEmpty(implementations);
        Assert.Empty(implementations.Except(host.Services.GetServices(port).Select(s => s!.GetType())));
    }

    [Fact]
    public void Every_port_of_core_is_looked_at()
    {
        var kinds = typeof(IDispatcher).Assembly.GetExportedTypes().Where(t => t.IsInterface && (t.Name is "IDispatcher" or "IProjection" or "IGate" or "IReactor" or "ITrigger" or "IAdvisor"));
        Assert.Empty(kinds.Except(Ports));
    }
}

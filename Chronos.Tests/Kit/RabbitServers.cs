using Xunit;

[assembly: AssemblyFixture(typeof(Chronos.Tests.Kit.RabbitServers))]

namespace Chronos.Tests.Kit;

/// <summary>The broker that tests share, because it takes seconds to start; each test has names of its own on it.</summary>
public sealed class RabbitServers : IAsyncDisposable
{
    private static readonly Lazy<Task<RabbitServer>> Server = new(RabbitServer.StartAsync);

    internal static Task<RabbitServer> SharedAsync() => Server.Value;

    public async ValueTask DisposeAsync()
    {
        if (Server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await Server.Value).DisposeAsync();
        }
    }
}

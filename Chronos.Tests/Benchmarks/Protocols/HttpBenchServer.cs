using Chronos.Benchmarks.Kit;

namespace Chronos.Benchmarks.Protocols;

/// <summary>A Kestrel.</summary>
internal sealed class HttpBenchServer : BenchServer
{
    private readonly TargetServer _server = new();

    public override string Address => _server.Url;

    public override string Section(string place) => $$"""{"url":"{{_server.Url}}/"}""";

    public override Task<IReadOnlyList<string>> Stored(string place) => _server.Ids();

    public override ValueTask DisposeAsync()
    {
        _server.Dispose();
        return ValueTask.CompletedTask;
    }
}

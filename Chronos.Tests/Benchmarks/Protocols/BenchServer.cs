namespace Chronos.Benchmarks.Protocols;

/// <summary>A real server of one protocol in a process of its own, and what it got.</summary>
internal abstract class BenchServer : IAsyncDisposable
{
    /// <summary>Where the node sends; the bare client sends to a place of the same kind beside it.</summary>
    public const string Ours = "ours";

    public const string Bare = "bare";

    /// <summary>Under which name the node finds the credential.</summary>
    public const string SecretName = "broker";

    public static readonly IReadOnlyList<string> Protocols = ["http", "grpc", "kafka", "nats", "rabbitmq"];

    /// <summary>What the bare client needs to find it.</summary>
    public abstract string Address { get; }

    public virtual string Secret => "none";

    public static async Task<BenchServer> Start(string protocol) => protocol switch
    {
        "http" => new HttpBenchServer(),
        "grpc" => new GrpcBenchServer(),
        "kafka" => new KafkaBenchServer(),
        "nats" => await NatsBenchServer.Start(),
        _ => await RabbitBenchServer.Start(),
    };

    /// <summary>The section of a job that sends to the place.</summary>
    public abstract string Section(string place);

    /// <summary>The execution of every message at the place, as often as it is there.</summary>
    public abstract Task<IReadOnlyList<string>> Stored(string place);

    public abstract ValueTask DisposeAsync();
}

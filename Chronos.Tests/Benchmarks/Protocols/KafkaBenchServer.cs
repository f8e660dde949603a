using System.Diagnostics;
using System.Text;
using Chronos.Benchmarks.Kit;
using Chronos.Tests.Kit;
using Confluent.Kafka;

namespace Chronos.Benchmarks.Protocols;

/// <summary>librdkafka's mock cluster: no Kafka, but its protocol over TCP.</summary>
internal sealed class KafkaBenchServer : BenchServer
{
    private const int Partitions = 4;

    private readonly Process _process = ChildProcess.Start(ChildProcess.KafkaMode);
    private readonly string _broker;

    public KafkaBenchServer() => _broker = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the mock cluster did not start");

    public override string Address => _broker;

    public override string Section(string place) => $$"""{"brokers":["{{_broker}}"],"topic":"{{place}}"}""";

    public override Task<IReadOnlyList<string>> Stored(string place)
    {
        var stored = new List<string>();
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = _broker, GroupId = "count", EnablePartitionEof = true, EnableAutoCommit = false })
            .SetLogHandler(static (_, _) => { }).Build();
        consumer.Assign(Enumerable.Range(0, Partitions).Select(partition => new TopicPartitionOffset(place, partition, Offset.Beginning)));
        for (var ended = 0; ended < Partitions;)
        {
            var message = consumer.Consume();
            if (message.IsPartitionEOF)
            {
                ended++;
            }
            else
            {
                stored.Add(Encoding.UTF8.GetString(message.Message.Headers.GetLastBytes("x-chronos-execution-id")));
            }
        }

        return Task.FromResult<IReadOnlyList<string>>(stored);
    }

    public override async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>The other side: runs until its standard input ends.</summary>
    public static async Task Run()
    {
        // The library is found by the client's own loading.
        _ = Library.Version;
        var (cluster, bootstrap) = KafkaMockNative.Start();
        foreach (var topic in new[] { Ours, Bare })
        {
            KafkaMockNative.rd_kafka_mock_topic_create(cluster, topic, Partitions, 1);
        }

        Console.WriteLine(bootstrap.Replace("localhost", "127.0.0.1", StringComparison.Ordinal));
        await Console.In.ReadToEndAsync();
    }
}

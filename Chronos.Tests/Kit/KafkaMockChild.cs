using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Confluent.Kafka;
using Xunit;

namespace Chronos.Tests.Kit;

/// <summary>
/// librdkafka's mock cluster in a process of its own, to be killed: this test program, started again for one explicit test. It is told
/// what to do, and tells what it holds, over one connection to its parent.
/// </summary>
public sealed class KafkaMockChild
{
    private const string Control = "CHRONOS_TEST_MOCK_CONTROL";
    private const string Advertised = "CHRONOS_TEST_MOCK_ADVERTISED";
    private const string Topics = "CHRONOS_TEST_MOCK_TOPICS";

    /// <summary>Starts it; it connects to the port of <paramref name="control"/>.</summary>
    internal static Process Start(int control, int advertised, IEnumerable<string> topics)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(KafkaMockChild).Assembly.Location);
        }

        var results = Path.Combine(Path.GetTempPath(), "chronos-mock-cluster");
        foreach (var argument in new[] { "--explicit", "on", "--filter-method", $"{typeof(KafkaMockChild).FullName}.{nameof(Serve_until_killed)}", "--results-directory", results })
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[Control] = $"{control}";
        start.Environment[Advertised] = $"{advertised}";
        start.Environment[Topics] = string.Join(',', topics);
        var child = Process.Start(start)!;
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        return child;
    }

    [Fact(Explicit = true)]
    public async Task Serve_until_killed()
    {
        using var control = new TcpClient();
        await control.ConnectAsync(IPAddress.Loopback, Number(Control));
        using var reader = new StreamReader(control.GetStream());
        await using var writer = new StreamWriter(control.GetStream()) { AutoFlush = true };
        var said = Channel.CreateUnbounded<string>();
        var saying = Task.Run(async () =>
        {
            await foreach (var line in said.Reader.ReadAllAsync())
            {
                await writer.WriteLineAsync(line);
            }
        });

        var (cluster, bootstrap) = KafkaMockNative.Start();
        var topics = Environment.GetEnvironmentVariable(Topics)!.Split(',');
        foreach (var topic in topics)
        {
            KafkaMockNative.rd_kafka_mock_topic_create(cluster, topic, 4, 1);
        }

        KafkaMockNative.rd_kafka_mock_topic_create(cluster, "gone", 1, 1);
        KafkaMockNative.rd_kafka_mock_topic_set_error(cluster, "gone", (int)ErrorCode.UnknownTopicOrPart);
        KafkaMockNative.rd_kafka_mock_broker_set_host_port(cluster, 1, "127.0.0.1", Number(Advertised));
        said.Writer.TryWrite("ready " + bootstrap[(bootstrap.LastIndexOf(':') + 1)..]);
        Watch(topics, said.Writer);
        while (await reader.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            switch (words[0])
            {
                case "errors":
                    KafkaMockNative.rd_kafka_mock_clear_request_errors(cluster, 0);
                    var errors = Enumerable.Repeat(int.Parse(words[1], CultureInfo.InvariantCulture), int.Parse(words[2], CultureInfo.InvariantCulture)).ToArray();
                    KafkaMockNative.rd_kafka_mock_push_request_errors_array(cluster, 0, (nuint)errors.Length, errors);
                    break;
                case "down": KafkaMockNative.rd_kafka_mock_broker_set_down(cluster, 1); break;
                case "up": KafkaMockNative.rd_kafka_mock_broker_set_up(cluster, 1); break;
            }

            said.Writer.TryWrite("done");
        }

        Process.GetCurrentProcess().Kill();
        await saying;
    }

    /// <summary>Tells every message that the cluster holds.</summary>
    private static void Watch(IReadOnlyList<string> topics, ChannelWriter<string> said)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = "127.0.0.1:" + Environment.GetEnvironmentVariable(Advertised),
            GroupId = "watch",
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            FetchWaitMaxMs = 10,
            FetchErrorBackoffMs = 20,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 50,
        };
        var thread = new Thread(() =>
        {
            using var consumer = new ConsumerBuilder<byte[], byte[]>(config).SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build();
            consumer.Assign(topics.SelectMany(topic => Enumerable.Range(0, 4).Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning))));
            while (true)
            {
                try
                {
                    var message = consumer.Consume();
                    said.TryWrite("got " + JsonSerializer.Serialize(new Held(
                        message.Topic, message.Partition.Value, message.Offset.Value, message.Message.Key is { } key ? Encoding.UTF8.GetString(key) : null,
                        Encoding.UTF8.GetString(message.Message.Value), message.Message.Headers.ToDictionary(header => header.Key, header => Encoding.UTF8.GetString(header.GetValueBytes())))));
                }
                catch (ConsumeException)
                {
                    // The brokers are away; they come back or the process ends.
                }
            }
        })
        { IsBackground = true };
        thread.Start();
    }

    private static int Number(string setting) =>
        int.Parse(Environment.GetEnvironmentVariable(setting) ?? throw new InvalidOperationException("started by hand: " + setting), CultureInfo.InvariantCulture);

    /// <summary>One message as the cluster holds it.</summary>
    internal sealed record Held(string Topic, int Partition, long Offset, string? Key, string Value, Dictionary<string, string> Headers);
}

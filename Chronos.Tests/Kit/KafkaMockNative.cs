using System.Runtime.InteropServices;

namespace Chronos.Tests.Kit;

/// <summary>The functions of librdkafka that make its mock cluster: brokers in memory that speak Kafka's protocol over TCP.</summary>
internal static class KafkaMockNative
{
    // The one of the package's libraries that needs nothing of the system.
    private const string Library = "centos8-librdkafka";

    [DllImport(Library)]
    public static extern nint rd_kafka_conf_new();

    [DllImport(Library, CharSet = CharSet.Ansi)]
    public static extern nint rd_kafka_new(int type, nint configuration, byte[] error, nuint size);

    [DllImport(Library)]
    public static extern nint rd_kafka_mock_cluster_new(nint client, int brokers);

    [DllImport(Library)]
    public static extern nint rd_kafka_mock_cluster_bootstraps(nint cluster);

    [DllImport(Library, CharSet = CharSet.Ansi)]
    public static extern void rd_kafka_mock_broker_set_host_port(nint cluster, int broker, string host, int port);

    [DllImport(Library)]
    public static extern void rd_kafka_mock_broker_set_down(nint cluster, int broker);

    [DllImport(Library)]
    public static extern void rd_kafka_mock_broker_set_up(nint cluster, int broker);

    [DllImport(Library, CharSet = CharSet.Ansi)]
    public static extern void rd_kafka_mock_topic_create(nint cluster, string topic, int partitions, int replicas);

    [DllImport(Library, CharSet = CharSet.Ansi)]
    public static extern void rd_kafka_mock_topic_set_error(nint cluster, string topic, int error);

    [DllImport(Library)]
    public static extern void rd_kafka_mock_push_request_errors_array(nint cluster, short request, nuint count, int[] errors);

    [DllImport(Library)]
    public static extern void rd_kafka_mock_clear_request_errors(nint cluster, short request);

    /// <summary>A cluster of one broker, and where it listens.</summary>
    public static (nint Cluster, string Bootstrap) Start()
    {
        var client = rd_kafka_new(0, rd_kafka_conf_new(), new byte[512], 512);
        var cluster = rd_kafka_mock_cluster_new(client, 1);
        return (cluster, Marshal.PtrToStringUTF8(rd_kafka_mock_cluster_bootstraps(cluster))!);
    }
}

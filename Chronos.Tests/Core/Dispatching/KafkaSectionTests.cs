using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Kafka;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Dispatching;

public sealed class KafkaSectionTests
{
    private const string Base = "\"brokers\":[\"a:1\"],\"topic\":\"t\"";

    [Fact]
    public void A_full_section_is_canonical_and_stays_so()
    {
        const string Full = """
            {"tls":{"certificate":{"secret":"c"},"key":{"secret":"k"}},"auth":{"password":{"secret":"p"},"username":"me","type":"scram_sha_512"},"compression":"zstd","acks":"all",
             "idempotent":false,"value":{"a":"{{ secrets.v }}"},"headers":{"X-Team":"{{ secrets.h }}"},"partition":3,"key":"{{ job.name }}","topic":"t-{{ job.tags.x }}","brokers":["a:1","[::1]:2"]}
            """;
        var (canonical, violations) = Read(Full);

        Assert.Empty(violations);
        Assert.Equal(
            """{"brokers":["a:1","[::1]:2"],"topic":"t-{{ job.tags.x }}","key":"{{ job.name }}","partition":3,"headers":{"X-Team":"{{ secrets.h }}"},"value":{"a":"{{ secrets.v }}"},"idempotent":false,"compression":"zstd","auth":{"type":"scram_sha_512","username":"me","password":{"secret":"p"}},"tls":{"certificate":{"secret":"c"},"key":{"secret":"k"}}}""",
            canonical);
        Assert.Equal(canonical, Read(canonical!).Canonical);
        Assert.Equal(["h", "v"], ProtocolSections.SecretsInTemplates(new DispatchTarget(Protocol.Kafka, canonical!)));
    }

    [Fact]
    public void A_short_section_is_safe_by_default()
    {
        var section = KafkaSection.Parse(Read("""{"brokers":"a:1","topic":"t"}""").Canonical!);
        Assert.True(section is { Acks: KafkaAcks.All, Idempotent: true, Compression: KafkaCompression.None });
        Assert.False(KafkaSection.Parse(Read("""{"brokers":"a:1","topic":"t","acks":"leader"}""").Canonical!).Idempotent);
    }

    [Theory]
    [InlineData("[]", "kafka")]
    [InlineData("{}", "kafka.brokers")]
    [InlineData("{\"brokers\":[\"a:1\"]}", "kafka.topic")]
    [InlineData("{\"brokers\":[],\"topic\":\"t\"}", "kafka.brokers")]
    [InlineData("{\"brokers\":[\"a\"],\"topic\":\"t\"}", "kafka.brokers[0]")]
    [InlineData("{\"brokers\":[\"a:1\",\"kafka://b:1\"],\"topic\":\"t\"}", "kafka.brokers[1]")]
    [InlineData("{\"brokers\":[\"me:pw@a:1\"],\"topic\":\"t\"}", "kafka.brokers[0]")]
    [InlineData("{\"brokers\":[\"a:0\"],\"topic\":\"t\"}", "kafka.brokers[0]")]
    [InlineData("{\"brokers\":[\"a:1\",\"a:1\"],\"topic\":\"t\"}", "kafka.brokers[1]")]
    [InlineData("{\"brokers\":[\"{{ job.name }}:1\"],\"topic\":\"t\"}", "kafka.brokers[0]")]
    [InlineData("{\"brokers\":[\"a:1\"],\"topic\":\"a b\"}", "kafka.topic")]
    [InlineData("{\"brokers\":[\"a:1\"],\"topic\":\"..\"}", "kafka.topic")]
    [InlineData("{\"brokers\":[\"a:1\"],\"topic\":\"{{ secrets.a }}\"}", "kafka.topic")]
    [InlineData("{\"brokers\":[\"a:1\"],\"topic\":\"{{ x\"}", "kafka.topic")]
    [InlineData("{@,\"key\":1}", "kafka.key")]
    [InlineData("{@,\"partition\":-1}", "kafka.partition")]
    [InlineData("{@,\"partition\":\"0\"}", "kafka.partition")]
    [InlineData("{@,\"headers\":{\"a b\":\"x\"}}", "kafka.headers.a b")]
    [InlineData("{@,\"headers\":{\"traceparent\":\"x\"}}", "kafka.headers.traceparent")]
    [InlineData("{@,\"headers\":{\"authorization\":\"Bearer x\"}}", "kafka.headers.authorization")]
    [InlineData("{@,\"value\":{\"a\":\"{{ x\"}}", "kafka.value.a")]
    [InlineData("{@,\"acks\":\"none\"}", "kafka.acks")]
    [InlineData("{@,\"acks\":1}", "kafka.acks")]
    [InlineData("{@,\"acks\":\"leader\",\"idempotent\":true}", "kafka.idempotent")]
    [InlineData("{@,\"idempotent\":\"yes\"}", "kafka.idempotent")]
    [InlineData("{@,\"compression\":\"rar\"}", "kafka.compression")]
    [InlineData("{@,\"auth\":{\"type\":\"gssapi\",\"username\":\"a\",\"password\":{\"secret\":\"p\"}}}", "kafka.auth.type")]
    [InlineData("{@,\"auth\":{\"type\":\"plain\",\"username\":\"a\",\"password\":\"hunter2\"}}", "kafka.auth.password")]
    [InlineData("{@,\"auth\":{\"type\":\"plain\",\"password\":{\"secret\":\"p\"}}}", "kafka.auth.username")]
    [InlineData("{@,\"auth\":{\"type\":\"plain\",\"username\":\"a\",\"password\":{\"secret\":\"p\"},\"realm\":\"x\"}}", "kafka.auth.realm")]
    [InlineData("{@,\"tls\":{\"ca\":\"x\"}}", "kafka.tls.ca")]
    [InlineData("{@,\"tls\":{\"server_name\":\"a\"}}", "kafka.tls.server_name")]
    [InlineData("{@,\"url\":\"x\"}", "kafka.url")]
    public void A_fault_names_its_field(string section, string field)
    {
        var (canonical, violations) = Read(section.Replace("{@", "{" + Base, StringComparison.Ordinal));

        Assert.Null(canonical);
        Assert.Contains(violations, violation => violation.Field == field);
        Assert.DoesNotContain(violations, violation => violation.Message.Contains("hunter2", StringComparison.Ordinal));
    }

    private static (string? Canonical, List<Violation> Violations) Read(string section)
    {
        using var document = JsonDocument.Parse(section);
        var violations = new List<Violation>();
        return (ProtocolSections.Read(Protocol.Kafka, document.RootElement, "kafka", violations), violations);
    }
}

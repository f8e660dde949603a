using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Grpc;
using Chronos.Core.Kernel;
using Chronos.Tests.Actors.Dispatching;
using Xunit;

namespace Chronos.Tests.Core.Dispatching;

public sealed class GrpcSectionTests
{
    private const string Base = "\"target\":\"https://a:1\",\"method\":\"p.S/M\"";

    [Fact]
    public void A_full_section_is_canonical_and_stays_so()
    {
        const string Full = """
            {"health_check":"p.S","tls":{"server_name":"b.example","key":{"secret":"k"},"certificate":{"secret":"c"}},
             "auth":{"type":"bearer","token":{"secret":"t"}},"metadata":{"X-Team":"{{ secrets.m }}"},"message":{"a":["{{ secrets.n }}"]},"method":"/p.S/M","target":"https://a:1"}
            """;
        var (canonical, violations) = Read(Full);

        Assert.Empty(violations);
        Assert.Equal(
            """{"target":"https://a:1","method":"p.S/M","message":{"a":["{{ secrets.n }}"]},"metadata":{"x-team":"{{ secrets.m }}"},"auth":{"type":"bearer","token":{"secret":"t"}},"tls":{"certificate":{"secret":"c"},"key":{"secret":"k"},"server_name":"b.example"},"health_check":"p.S"}""",
            canonical);
        Assert.Equal(canonical, Read(canonical!).Canonical);
        Assert.Equal(["m", "n"], ProtocolSections.SecretsInTemplates(new DispatchTarget(Protocol.Grpc, canonical!)));
        Assert.Equal("p.S", GrpcSection.Parse(canonical!).Service);
    }

    [Theory]
    [InlineData("[]", "grpc")]
    [InlineData("{}", "grpc.target")]
    [InlineData("""{"target":"https://a:1"}""", "grpc.method")]
    [InlineData("""{"target":"a:1","method":"p.S/M"}""", "grpc.target")]
    [InlineData("""{"target":"https://a:1/path","method":"p.S/M"}""", "grpc.target")]
    [InlineData("""{"target":"https://{{ secrets.a }}:1","method":"p.S/M"}""", "grpc.target")]
    [InlineData("""{"target":"https://me:pw@a:1","method":"p.S/M"}""", "grpc.target")]
    [InlineData("""{"target":"https://a:1","method":"M"}""", "grpc.method")]
    [InlineData("""{"target":"https://a:1","method":"p.S.M"}""", "grpc.method")]
    [InlineData("{@,\"message\":\"text\"}", "grpc.message")]
    [InlineData("{@,\"message\":{\"a\":\"{{ x\"}}", "grpc.message.a")]
    [InlineData("{@,\"metadata\":[]}", "grpc.metadata")]
    [InlineData("{@,\"metadata\":{\"a b\":\"x\"}}", "grpc.metadata.a b")]
    [InlineData("{@,\"metadata\":{\"grpc-timeout\":\"1S\"}}", "grpc.metadata.grpc-timeout")]
    [InlineData("{@,\"metadata\":{\"idempotency-key\":\"x\"}}", "grpc.metadata.idempotency-key")]
    [InlineData("{@,\"metadata\":{\"authorization\":\"Bearer x\"}}", "grpc.metadata.authorization")]
    [InlineData("{@,\"metadata\":{\"a\":\"\u00e9\"}}", "grpc.metadata.a")]
    [InlineData("{@,\"metadata\":{\"a-bin\":\"*\"}}", "grpc.metadata.a-bin")]
    [InlineData("{@,\"metadata\":{\"a\":\"x\",\"A\":\"y\"}}", "grpc.metadata.A")]
    [InlineData("{@,\"auth\":{\"type\":\"bearer\",\"token\":\"hunter2\"}}", "grpc.auth.token")]
    [InlineData("{@,\"auth\":{\"type\":\"api_key\",\"in\":\"query\",\"value\":{\"secret\":\"a\"}}}", "grpc.auth.in")]
    [InlineData("{@,\"auth\":{\"type\":\"oauth2\",\"token_url\":\"http://t/\",\"client_secret\":{\"secret\":\"a\"}}}", "grpc.auth.client_id")]
    [InlineData("{@,\"metadata\":{\"authorization\":\"x\"},\"auth\":{\"type\":\"oauth2\",\"token_url\":\"http://t/\",\"client_id\":\"c\",\"client_secret\":{\"secret\":\"a\"}}}", "grpc.auth")]
    [InlineData("{@,\"tls\":{\"ca\":\"x\"}}", "grpc.tls.ca")]
    [InlineData("{@,\"tls\":{\"key\":{\"secret\":\"k\"}}}", "grpc.tls.certificate")]
    [InlineData("{@,\"tls\":{\"certificate\":\"-----BEGIN\"}}", "grpc.tls.certificate")]
    [InlineData("{@,\"tls\":{\"server_name\":\"a b\"}}", "grpc.tls.server_name")]
    [InlineData("{@,\"tls\":{\"insecure\":true}}", "grpc.tls.insecure")]
    [InlineData("{\"target\":\"http://a:1\",\"method\":\"p.S/M\",\"tls\":{}}", "grpc.tls")]
    [InlineData("{@,\"health_check\":1}", "grpc.health_check")]
    [InlineData("{@,\"health_check\":\"\"}", "grpc.health_check")]
    [InlineData("{@,\"health_check\":\"p.S\\n\"}", "grpc.health_check")]
    [InlineData("{@,\"health_check\":\"{{job.name}}\"}", "grpc.health_check")]
    [InlineData("{@,\"descriptor_set\":\"*\"}", "grpc.descriptor_set")]
    [InlineData("{@,\"descriptor_set\":\"bm9uZQ==\"}", "grpc.descriptor_set")]
    [InlineData("{@,\"callback\":\"yes\"}", "grpc.callback")]
    [InlineData("{@,\"url\":\"x\"}", "grpc.url")]
    public void A_fault_names_its_field(string section, string field)
    {
        var (canonical, violations) = Read(section.Replace("{@", "{" + Base, StringComparison.Ordinal));

        Assert.Null(canonical);
        Assert.Contains(violations, violation => violation.Field == field);
        Assert.DoesNotContain(violations, violation => violation.Message.Contains("hunter2", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("chronos.tests.Courier/Fly", "{}", "grpc.method")]
    [InlineData("chronos.tests.Courier/Upload", "{}", "grpc.method")]
    [InlineData("chronos.tests.Courier/Deliver", """{"weight":1}""", "grpc.message.weight")]
    [InlineData("chronos.tests.Courier/Deliver", """{"n":"x"}""", "grpc.message.n")]
    [InlineData("chronos.tests.Courier/Deliver", """{"n":"{{ payload.n }}"}""", null)]
    [InlineData("chronos.tests.Courier/Track", """{"n":1}""", null)]
    public void A_section_with_descriptors_is_checked_against_them(string method, string message, string? field)
    {
        var section = $$"""{"target":"https://a:1","method":"{{method}}","message":{{message}},"descriptor_set":"{{GrpcDispatcherTests.DescriptorSet}}"}""";
        var (canonical, violations) = Read(section);

        Assert.Equal(field, violations.SingleOrDefault()?.Field);
        Assert.Equal(field is null, canonical is not null);
    }

    private static (string? Canonical, List<Violation> Violations) Read(string section)
    {
        using var document = JsonDocument.Parse(section);
        var violations = new List<Violation>();
        return (ProtocolSections.Read(Protocol.Grpc, document.RootElement, "grpc", violations), violations);
    }
}

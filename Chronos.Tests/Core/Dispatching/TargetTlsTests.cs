using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Core.Dispatching;

/// <summary>Authorities in a job document, the same for all protocols.</summary>
public sealed class TargetTlsTests
{
    public static TheoryData<Protocol, string, string> Sections { get; } = new()
    {
        { Protocol.Http, "webhook", """{"url":"https://a/","tls":{"ca":@}}""" },
        { Protocol.Grpc, "grpc", """{"target":"https://a:1","method":"p.S/M","tls":{"ca":@}}""" },
        { Protocol.Kafka, "kafka", """{"brokers":["a:1"],"topic":"t","tls":{"ca":@}}""" },
        { Protocol.Nats, "nats", """{"url":"nats://a","subject":"s","tls":{"ca":@}}""" },
        { Protocol.Rabbitmq, "rabbitmq", """{"url":"amqps://a","queue":"q","tls":{"ca":@}}""" },
    };

    [Theory]
    [MemberData(nameof(Sections))]
    public void An_authority_must_be_one_that_can_be_read(Protocol protocol, string name, string section)
    {
        var folder = Directory.CreateTempSubdirectory("chronos-ca-");
        try
        {
            var ca = TestCertificates.Write(folder.FullName).Ca;
            Assert.Empty(Faults(protocol, name, section, ca));
            Assert.Empty(Faults(protocol, name, section, ca + "\n" + ca));
            foreach (var wrong in new[] { "junk", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", ca[..200], ca.Replace("MII", "AII", StringComparison.Ordinal) })
            {
                Assert.Equal($"{name}.tls.ca", Assert.Single(Faults(protocol, name, section, wrong)).Field);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static List<Violation> Faults(Protocol protocol, string name, string section, string ca)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(section.Replace("@", JsonSerializer.Serialize(ca), StringComparison.Ordinal));
        ProtocolSections.Read(protocol, document.RootElement, name, violations);
        return violations;
    }
}

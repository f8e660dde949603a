using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.RabbitMq;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Dispatching;

public sealed class RabbitSectionTests
{
    [Theory]
    [InlineData("""{"url":"amqp://a:5672/orders","exchange":"x","routing_key":"k.{{ job.name }}"}""")]
    [InlineData("""{"url":"amqp://a/a%2Fb","exchange":"amq.topic"}""")]
    [InlineData("""{"url":"amqp://a","queue":"q","mandatory":false,"persistent":false,"priority":9,"expiration":"1m30s","content_type":"text/csv","type":"order","headers":{"X-A":"1"},"body":"a;b"}""")]
    [InlineData("""{"url":"amqps://a","queue":"q","auth":{"type":"plain","username":"me","password":{"secret":"p"}},"tls":{"server_name":"x.example.com"}}""")]
    [InlineData("""{"url":"amqps://a","queue":"q","auth":{"type":"external"},"tls":{"certificate":{"secret":"c"},"key":{"secret":"k"}}}""")]
    public void A_section_is_its_own_canonical_form(string section)
    {
        var canonical = Canonical(section);
        Assert.Equal(section, canonical);
        Assert.Equal(canonical, RabbitSection.Parse(canonical).ToJson());
    }

    [Fact]
    public void Defaults_are_left_out()
    {
        Assert.Equal("""{"url":"amqp://a","queue":"q"}""", Canonical("""{"queue":"q","mandatory":true,"persistent":true,"url":"amqp://a","headers":{},"body":null}"""));
    }

    [Theory]
    [InlineData("""7""", "rabbitmq")]
    [InlineData("""{"queue":"q"}""", "rabbitmq.url")]
    [InlineData("""{"url":"http://a","queue":"q"}""", "rabbitmq.url")]
    [InlineData("""{"url":"amqp://me:s3cret@a","queue":"q"}""", "rabbitmq.url")]
    [InlineData("""{"url":"amqp://a/b/c","queue":"q"}""", "rabbitmq.url")]
    [InlineData("""{"url":"amqp://a?heartbeat=1","queue":"q"}""", "rabbitmq.url")]
    [InlineData("""{"url":"amqp://a"}""", "rabbitmq.exchange")]
    [InlineData("""{"url":"amqp://a","exchange":"x","queue":"q"}""", "rabbitmq.queue")]
    [InlineData("""{"url":"amqp://a","queue":"q","routing_key":"k"}""", "rabbitmq.routing_key")]
    [InlineData("""{"url":"amqp://a","queue":""}""", "rabbitmq.queue")]
    [InlineData("""{"url":"amqp://a","queue":"{{ job.name }}"}""", "rabbitmq.queue")]
    [InlineData("""{"url":"amqp://a","exchange":"x","routing_key":"{{ nothing"}""", "rabbitmq.routing_key")]
    [InlineData("""{"url":"amqp://a","exchange":"x","routing_key":"{{ secrets.x }}"}""", "rabbitmq.routing_key")]
    [InlineData("""{"url":"amqp://a","queue":"q","mandatory":"yes"}""", "rabbitmq.mandatory")]
    [InlineData("""{"url":"amqp://a","queue":"q","persistent":1}""", "rabbitmq.persistent")]
    [InlineData("""{"url":"amqp://a","queue":"q","priority":256}""", "rabbitmq.priority")]
    [InlineData("""{"url":"amqp://a","queue":"q","priority":"high"}""", "rabbitmq.priority")]
    [InlineData("""{"url":"amqp://a","queue":"q","expiration":"soon"}""", "rabbitmq.expiration")]
    [InlineData("""{"url":"amqp://a","queue":"q","expiration":"60d"}""", "rabbitmq.expiration")]
    [InlineData("""{"url":"amqp://a","queue":"q","headers":{"x-chronos-attempt":"1"}}""", "rabbitmq.headers.x-chronos-attempt")]
    [InlineData("""{"url":"amqp://a","queue":"q","auth":{"type":"plain","username":"me","password":"s3cret"}}""", "rabbitmq.auth.password")]
    [InlineData("""{"url":"amqp://a","queue":"q","auth":{"type":"plain","password":{"secret":"p"}}}""", "rabbitmq.auth.username")]
    [InlineData("""{"url":"amqp://a","queue":"q","auth":{"type":"token"}}""", "rabbitmq.auth.type")]
    [InlineData("""{"url":"amqps://a","queue":"q","auth":{"type":"external"}}""", "rabbitmq.auth")]
    [InlineData("""{"url":"amqp://a","queue":"q","tls":{}}""", "rabbitmq.tls")]
    [InlineData("""{"url":"amqps://a","queue":"q","tls":{"key":{"secret":"k"}}}""", "rabbitmq.tls.certificate")]
    [InlineData("""{"url":"amqp://a","queue":"q","durable":true}""", "rabbitmq.durable")]
    public void A_fault_names_its_field_and_repeats_no_credential(string section, string field)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(section);
        Assert.Null(ProtocolSections.Read(Protocol.Rabbitmq, document.RootElement, "rabbitmq", violations));
        Assert.Contains(violations, violation => violation.Field == field);
        Assert.DoesNotContain(violations, violation => violation.Message.Contains("s3cret", StringComparison.Ordinal));
    }

    [Fact]
    public void Secrets_in_templates_are_found()
    {
        var canonical = Canonical("""{"url":"amqp://a","queue":"q","headers":{"x":"{{ secrets.one }}"},"body":{"y":["{{ secrets.two }}"]}}""");
        Assert.Equal(["one", "two"], ProtocolSections.SecretsInTemplates(new DispatchTarget(Protocol.Rabbitmq, canonical)));
    }

    private static string Canonical(string section)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(section);
        var canonical = ProtocolSections.Read(Protocol.Rabbitmq, document.RootElement, "rabbitmq", violations);
        Assert.Empty(violations);
        return canonical!;
    }
}

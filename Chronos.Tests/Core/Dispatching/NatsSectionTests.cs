using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Nats;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Dispatching;

public sealed class NatsSectionTests
{
    [Theory]
    [InlineData("""{"url":"nats://a:4222","subject":"orders.created"}""")]
    [InlineData("""{"url":"tls://a,tls://b:4443","subject":"orders.{{ job.name }}","mode":"request","inbox_prefix":"_INBOX_me"}""")]
    [InlineData("""{"url":"nats://a","subject":"o","mode":"jetstream","headers":{"X-A":"1"},"body":{"a":[1]},"stream":"ORDERS","expected_last_sequence":0}""")]
    [InlineData("""{"url":"nats://a","subject":"o","body":"text","auth":{"type":"token","token":{"secret":"t"}}}""")]
    [InlineData("""{"url":"nats://a","subject":"o","auth":{"type":"user","username":"me","password":{"secret":"t"}},"tls":{"server_name":"x.example.com"}}""")]
    [InlineData("""{"url":"nats://a","subject":"o","auth":{"type":"nkey","seed":{"secret":"t"}}}""")]
    [InlineData("""{"url":"nats://a","subject":"o","auth":{"type":"jwt","jwt":{"secret":"j"},"seed":{"secret":"t"}}}""")]
    [InlineData("""{"url":"nats://a","subject":"o","auth":{"type":"credentials","credentials":{"secret":"t"}},"tls":{"certificate":{"secret":"c"},"key":{"secret":"k"}}}""")]
    public void A_section_is_its_own_canonical_form(string section)
    {
        var canonical = Canonical(section);
        Assert.Equal(section, canonical);
        Assert.Equal(canonical, NatsSection.Parse(canonical).ToJson());
    }

    [Fact]
    public void Defaults_are_left_out()
    {
        Assert.Equal("""{"url":"nats://a","subject":"o"}""", Canonical("""{"subject":"o","mode":"publish","url":"nats://a","headers":{},"inbox_prefix":"_INBOX","body":null}"""));
    }

    [Theory]
    [InlineData("""[]""", "nats")]
    [InlineData("""{"subject":"o"}""", "nats.url")]
    [InlineData("""{"url":"nats://a"}""", "nats.subject")]
    [InlineData("""{"url":7,"subject":"o"}""", "nats.url")]
    [InlineData("""{"url":"http://a","subject":"o"}""", "nats.url")]
    [InlineData("""{"url":"nats://","subject":"o"}""", "nats.url")]
    [InlineData("""{"url":"nats://a/path","subject":"o"}""", "nats.url")]
    [InlineData("""{"url":"nats://a, nats://b","subject":"o"}""", "nats.url")]
    [InlineData("""{"url":"nats://me:secret@a","subject":"o"}""", "nats.url")]
    [InlineData("""{"url":"nats://{{ job.name }}","subject":"o"}""", "nats.url")]
    [InlineData("""{"url":"nats://a","subject":""}""", "nats.subject")]
    [InlineData("""{"url":"nats://a","subject":"a b"}""", "nats.subject")]
    [InlineData("""{"url":"nats://a","subject":"a..b"}""", "nats.subject")]
    [InlineData("""{"url":"nats://a","subject":"a.*"}""", "nats.subject")]
    [InlineData("""{"url":"nats://a","subject":"a.>"}""", "nats.subject")]
    [InlineData("""{"url":"nats://a","subject":"$JS.API.STREAM.DELETE.X"}""", "nats.subject")]
    [InlineData("""{"url":"nats://a","subject":"a.{{ secrets.x }}"}""", "nats.subject")]
    [InlineData("""{"url":"nats://a","subject":"a.{{ nothing"}""", "nats.subject")]
    [InlineData("""{"url":"nats://a","subject":"o","mode":"stream"}""", "nats.mode")]
    [InlineData("""{"url":"nats://a","subject":"o","headers":{"Nats-Msg-Id":"1"}}""", "nats.headers.Nats-Msg-Id")]
    [InlineData("""{"url":"nats://a","subject":"o","headers":{"idempotency-key":"1"}}""", "nats.headers.idempotency-key")]
    [InlineData("""{"url":"nats://a","subject":"o","headers":{"a":"1","A":"2"}}""", "nats.headers.A")]
    [InlineData("""{"url":"nats://a","subject":"o","headers":{"authorization":"Bearer x"}}""", "nats.headers.authorization")]
    [InlineData("""{"url":"nats://a","subject":"o","headers":{"a":"x\ny"}}""", "nats.headers.a")]
    [InlineData("""{"url":"nats://a","subject":"o","body":{"x":"{{ job.name | nothing }}"}}""", "nats.body.x")]
    [InlineData("""{"url":"nats://a","subject":"o","auth":{"type":"token","token":"s3cret"}}""", "nats.auth.token")]
    [InlineData("""{"url":"nats://a","subject":"o","auth":{"type":"user","username":"me","password":"s3cret"}}""", "nats.auth.password")]
    [InlineData("""{"url":"nats://a","subject":"o","auth":{"type":"basic"}}""", "nats.auth.type")]
    [InlineData("""{"url":"nats://a","subject":"o","auth":{"type":"nkey","seed":{"secret":"s"},"jwt":{"secret":"s"}}}""", "nats.auth.jwt")]
    [InlineData("""{"url":"nats://a","subject":"o","auth":{}}""", "nats.auth.type")]
    [InlineData("""{"url":"nats://a","subject":"o","stream":"S"}""", "nats.stream")]
    [InlineData("""{"url":"nats://a","subject":"o","mode":"jetstream","stream":"a.b"}""", "nats.stream")]
    [InlineData("""{"url":"nats://a","subject":"o","expected_last_sequence":1}""", "nats.expected_last_sequence")]
    [InlineData("""{"url":"nats://a","subject":"o","mode":"jetstream","expected_last_sequence":-1}""", "nats.expected_last_sequence")]
    [InlineData("""{"url":"nats://a","subject":"o","mode":"jetstream","expected_last_sequence":1.5}""", "nats.expected_last_sequence")]
    [InlineData("""{"url":"nats://a","subject":"o","inbox_prefix":"a.>"}""", "nats.inbox_prefix")]
    [InlineData("""{"url":"nats://a","subject":"o","tls":true}""", "nats.tls")]
    [InlineData("""{"url":"nats://a","subject":"o","tls":{"verify":false}}""", "nats.tls.verify")]
    [InlineData("""{"url":"nats://a","subject":"o","timeout":"1s"}""", "nats.timeout")]
    public void A_fault_names_its_field_and_repeats_no_credential(string section, string field)
    {
        var violations = Faults(section);
        Assert.Contains(violations, violation => violation.Field == field);
        Assert.DoesNotContain(violations, violation => violation.Message.Contains("s3cret", StringComparison.Ordinal));
    }

    [Fact]
    public void Secrets_in_templates_are_found()
    {
        var canonical = Canonical("""{"url":"nats://a","subject":"o","headers":{"x":"{{ secrets.one }}"},"body":{"y":["{{ secrets.two }}"]}}""");
        Assert.Equal(["one", "two"], ProtocolSections.SecretsInTemplates(new DispatchTarget(Protocol.Nats, canonical)));
    }

    private static string Canonical(string section)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(section);
        var canonical = ProtocolSections.Read(Protocol.Nats, document.RootElement, "nats", violations);
        Assert.Empty(violations);
        return canonical!;
    }

    private static List<Violation> Faults(string section)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(section);
        Assert.Null(ProtocolSections.Read(Protocol.Nats, document.RootElement, "nats", violations));
        Assert.NotEmpty(violations);
        return violations;
    }
}

using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Dispatching;

public sealed class CallbackTests
{
    private static readonly JobId Job = JobId.For(TenantId.Default, "report");

    public static TheoryData<Protocol, string> Sections => new()
    {
        { Protocol.Http, """{"url":"http://a/"@}""" },
        { Protocol.Grpc, """{"target":"http://a:1","method":"p.S/M"@}""" },
        { Protocol.Kafka, """{"brokers":["a:9092"],"topic":"t"@}""" },
        { Protocol.Nats, """{"url":"nats://a:4222","subject":"s"@}""" },
        { Protocol.Rabbitmq, """{"url":"amqp://a/","queue":"q"@}""" },
    };

    [Theory]
    [MemberData(nameof(Sections))]
    public void Every_section_takes_a_callback_keeps_it_and_leaves_the_default_out(Protocol protocol, string section)
    {
        Assert.Null(CallbackRule.Of(Stored(protocol, section, "")));
        Assert.Null(CallbackRule.Of(Stored(protocol, section, ""","callback":false""")));
        Assert.Equal(new CallbackRule((TimeSpan?)null), CallbackRule.Of(Stored(protocol, section, ""","callback":true""")));
        var timed = Stored(protocol, section, ""","callback":{"timeout":"PT1H30M"}""");
        Assert.EndsWith(""","callback":{"timeout":"1h30m"}}""", timed.Section, StringComparison.Ordinal);
        Assert.Equal(new CallbackRule(TimeSpan.FromMinutes(90)), CallbackRule.Of(timed));
        Assert.Equal(timed, Stored(protocol, timed.Section, ""));
    }

    [Fact]
    public void A_body_that_speaks_of_callbacks_is_no_callback() =>
        Assert.Null(CallbackRule.Of(Stored(Protocol.Http, """{"url":"http://a/","body":{"callback":true}@}""", "")));

    [Fact]
    public void A_token_reads_back_and_shows_itself_to_nobody()
    {
        var token = CallbackToken.From(Job, [.. Enumerable.Range(0, 32).Select(n => (byte)n)]);

        Assert.True(CallbackToken.TryParse(token.Text, out var read));
        Assert.Equal((token, Job), (read, read.Job));
        Assert.Matches("^cbt_[0-9A-Z]{16}_[A-Za-z0-9_-]{43}$", token.Text);
        Assert.DoesNotContain(token.Text[^43..], $"{token} {new CallbackTicket(token, null)}", StringComparison.Ordinal);
        Assert.DoesNotContain(token.Text[^43..], token.Hash, StringComparison.Ordinal);
        Assert.NotEqual(token.Hash, CallbackToken.From(Job, new byte[32]).Hash);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("cbt_")]
    [InlineData("cbt_0123456789ABCDEF_short")]
    [InlineData("cbt_0123456789abcdef_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("chr_0123456789ABCDEF_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("cbt_0123456789ABCDEF_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/A")]
    public void What_is_no_token_is_not_read(string? text) => Assert.False(CallbackToken.TryParse(text, out _));

    [Theory]
    [InlineData("{{ callback.url }}", null)]
    [InlineData("x {{ callback.token | base64_encode }}", null)]
    [InlineData("{{ callback.token | upcase }}", "a callback is written")]
    [InlineData("{{ callback }}", "a callback is written")]
    [InlineData("{{ 'x' | append: callback.token }}", "a callback is written")]
    [InlineData("{% if callback.token %}x{% endif %}", "not be used in a tag")]
    [InlineData("{% assign x = callback.token %}{{ x }}", "not be used in a tag")]
    public void A_template_puts_the_token_out_as_it_is_or_not_at_all(string text, string? fault)
    {
        Assert.Equal(fault is null, TemplateText.TryParse(text, out var template, out var error));
        Assert.Contains(fault ?? string.Empty, error ?? string.Empty, StringComparison.Ordinal);
        Assert.True(template?.HoldsSecret ?? true);
    }

    [Fact]
    public void The_secrets_that_a_section_refers_to_are_found_wherever_they_are() => Assert.Equal(
        ["a", "b", "c"],
        SecretRef.NamesIn("""{"url":"x","auth":{"type":"basic","password":{"secret":"b"}},"tls":{"certificate":{"secret":"a"},"key":{"secret":"c"}},"body":{"secret":7}}"""));

    private static DispatchTarget Stored(Protocol protocol, string section, string member)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(section.Replace("@", member, StringComparison.Ordinal));
        var canonical = ProtocolSections.Read(protocol, document.RootElement, "x", violations);
        Assert.Empty(violations);
        return new DispatchTarget(protocol, canonical!);
    }
}

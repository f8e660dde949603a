using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Kernel;
using CsCheck;
using Xunit;

namespace Chronos.Tests.Core.Dispatching;

public sealed class WebhookSectionTests
{
    private const string Full = """
        {"url":"https://example.com/{{ job.id }}","method":"PUT","headers":{"X-A":"1"},"query":{"q":["a","b"],"r":"c"},"body":{"k":["{{ payload.x }}",1,null]},"auth":{"type":"basic","username":"me","password":{"secret":"pw"}},"success_codes":["200-299",404],"follow_redirects":true}
        """;

    [Fact]
    public void A_full_section_is_canonical_and_reads_back_the_same()
    {
        var (canonical, violations) = Read(Full);

        Assert.Empty(violations);
        Assert.Equal(Full.Trim(), canonical);
        Assert.Equal(canonical, WebhookSection.Parse(canonical!).ToJson());
    }

    [Theory]
    [InlineData("""{"url":"https://a/","form":{"a":"{{ secrets.x }}","b":["1","2"]},"auth":{"type":"oauth2","token_url":"https://t/token","client_id":"c","client_secret":{"secret":"s"},"scopes":["r","w"],"audience":"u","client_auth":"post"},"tls":{"certificate":{"secret":"c"},"key":{"secret":"k"}},"proxy":{"url":"http://p:3128","username":"me","password":{"secret":"p"}},"http_version":"2","digest":true,"callback":true}""")]
    [InlineData("""{"url":"http://a/","multipart":[{"name":"a","value":"{{ secrets.x }}","filename":"{{ job.name }}.csv","content_type":"text/csv; charset=utf-8"},{"name":"b","json":{"n":1}},{"name":"c","base64":"AAE="}],"http_version":"1.1"}""")]
    public void What_a_request_may_need_besides_is_canonical_and_reads_back_the_same(string section)
    {
        var (canonical, violations) = Read(section);

        Assert.Empty(violations);
        Assert.Equal(section, canonical);
        Assert.Equal(canonical, WebhookSection.Parse(canonical!).ToJson());
        Assert.Equal(["x"], ProtocolSections.SecretsInTemplates(new DispatchTarget(Protocol.Http, canonical!)));
    }

    [Fact]
    public void Defaults_are_left_out() => Assert.Equal(
        """{"url":"http://a/"}""",
        Read("""{"follow_redirects":false,"callback":false,"success_codes":["200-299"],"headers":{},"query":{},"body":null,"method":"post","url":"http://a/"}""").Canonical);

    [Theory]
    [InlineData("""[]""", "webhook")]
    [InlineData("""{}""", "webhook.url")]
    [InlineData("""{"url":null}""", "webhook.url")]
    [InlineData("""{"url":1}""", "webhook.url")]
    [InlineData("""{"url":"ftp://a/"}""", "webhook.url")]
    [InlineData("""{"url":"http://"}""", "webhook.url")]
    [InlineData("""{"url":"http://me:pw@a/"}""", "webhook.url")]
    [InlineData("""{"url":"http://{{ job.name }}:x@a/"}""", "webhook.url")]
    [InlineData("""{"url":"http://{{ secrets.a }}.example/"}""", "webhook.url")]
    [InlineData("""{"url":"https://x-{{ callback.token }}/"}""", "webhook.url")]
    [InlineData("""{"url":"http://a/\r\n"}""", "webhook.url")]
    [InlineData("""{"url":"http://a/ b"}""", "webhook.url")]
    [InlineData("""{"url":"http://a/{{ nope }}"}""", "webhook.url")]
    [InlineData("""{"url":"http://a/{% for i in (1..999999999) %}x{% endfor %}"}""", "webhook.url")]
    [InlineData("""{"url":"http://a/","url":"http://b/"}""", "webhook.url")]
    [InlineData("""{"url":"http://a/","colour":1}""", "webhook.colour")]
    [InlineData("""{"url":"http://a/","method":"FETCH"}""", "webhook.method")]
    [InlineData("""{"url":"http://a/","headers":[]}""", "webhook.headers")]
    [InlineData("""{"url":"http://a/","headers":{"A B":"1"}}""", "webhook.headers.A B")]
    [InlineData("""{"url":"http://a/","headers":{"X":{}}}""", "webhook.headers.X")]
    [InlineData("""{"url":"http://a/","headers":{"X":"a\r\nY: b"}}""", "webhook.headers.X")]
    [InlineData("""{"url":"http://a/","headers":{"X":"1","x":"2"}}""", "webhook.headers.x")]
    [InlineData("""{"url":"http://a/","headers":{"Authorization":"Bearer abc"}}""", "webhook.headers.Authorization")]
    [InlineData("""{"url":"http://a/","headers":{"cookie":"{{ job.name }}"}}""", "webhook.headers.cookie")]
    [InlineData("""{"url":"http://a/","headers":{"X-Api-Key":"abc"}}""", "webhook.headers.X-Api-Key")]
    [InlineData("""{"url":"http://a/","headers":{"Connection":"close"}}""", "webhook.headers.Connection")]
    [InlineData("""{"url":"http://a/","headers":{"Transfer-Encoding":"chunked"}}""", "webhook.headers.Transfer-Encoding")]
    [InlineData("""{"url":"http://a/","headers":{"x-chronos-attempt":"9"}}""", "webhook.headers.x-chronos-attempt")]
    [InlineData("""{"url":"http://a/","headers":{"traceparent":"9"}}""", "webhook.headers.traceparent")]
    [InlineData("""{"url":"http://a/","query":{"a":[{}]}}""", "webhook.query.a[0]")]
    [InlineData("""{"url":"http://a/","method":"GET","body":"x"}""", "webhook.body")]
    [InlineData("""{"url":"http://a/","body":{"a":["{{ oops }}"]}}""", "webhook.body.a[0]")]
    [InlineData("""{"url":"http://a/","auth":"abc"}""", "webhook.auth")]
    [InlineData("""{"url":"http://a/","auth":{"type":"magic"}}""", "webhook.auth.type")]
    [InlineData("""{"url":"http://a/","auth":{"type":"oauth2"}}""", "webhook.auth.token_url")]
    [InlineData("""{"url":"http://a/","auth":{"type":"oauth2","token_url":"ftp://t/","client_id":"c","client_secret":{"secret":"s"}}}""", "webhook.auth.token_url")]
    [InlineData("""{"url":"http://a/","auth":{"type":"oauth2","token_url":"http://{{ job.name }}/","client_id":"c","client_secret":{"secret":"s"}}}""", "webhook.auth.token_url")]
    [InlineData("""{"url":"http://a/","auth":{"type":"oauth2","token_url":"http://t/","client_secret":{"secret":"s"}}}""", "webhook.auth.client_id")]
    [InlineData("""{"url":"http://a/","auth":{"type":"oauth2","token_url":"http://t/","client_id":"c","client_secret":"literal"}}""", "webhook.auth.client_secret")]
    [InlineData("""{"url":"http://a/","auth":{"type":"oauth2","token_url":"http://t/","client_id":"c","client_secret":{"secret":"s"},"scopes":["a b"]}}""", "webhook.auth.scopes")]
    [InlineData("""{"url":"http://a/","auth":{"type":"oauth2","token_url":"http://t/","client_id":"c","client_secret":{"secret":"s"},"client_auth":"jwt"}}""", "webhook.auth.client_auth")]
    [InlineData("""{"url":"http://a/","auth":{"type":"oauth2","token_url":"http://t/","client_id":"c","client_secret":{"secret":"s"},"grant":"x"}}""", "webhook.auth.grant")]
    [InlineData("""{"url":"http://a/","tls":{}}""", "webhook.tls")]
    [InlineData("""{"url":"https://a/","tls":{"ca":"x"}}""", "webhook.tls.ca")]
    [InlineData("""{"url":"https://a/","tls":{"certificate":{"secret":"c"}}}""", "webhook.tls.key")]
    [InlineData("""{"url":"http://a/","proxy":"http://p"}""", "webhook.proxy")]
    [InlineData("""{"url":"http://a/","proxy":{"url":"socks5://p:1"}}""", "webhook.proxy.url")]
    [InlineData("""{"url":"http://a/","proxy":{"url":"http://me:pw@p:1"}}""", "webhook.proxy.url")]
    [InlineData("""{"url":"https://a/","proxy":{"url":"https://p:1"},"tls":{"certificate":{"secret":"c"},"key":{"secret":"k"}}}""", "webhook.tls.certificate")]
    [InlineData("""{"url":"http://a/","proxy":{"url":"http://p:1","username":"me"}}""", "webhook.proxy.password")]
    [InlineData("""{"url":"http://a/","proxy":{"url":"http://p:1","username":"me","password":"literal"}}""", "webhook.proxy.password")]
    [InlineData("""{"url":"http://a/","http_version":"3"}""", "webhook.http_version")]
    [InlineData("""{"url":"http://a/","http_version":2}""", "webhook.http_version")]
    [InlineData("""{"url":"http://a/","http_version":"2","proxy":{"url":"http://p:1"}}""", "webhook.http_version")]
    [InlineData("""{"url":"http://a/","digest":"sha-256"}""", "webhook.digest")]
    [InlineData("""{"url":"http://a/","digest":true,"headers":{"Content-Digest":"x"}}""", "webhook.digest")]
    [InlineData("""{"url":"http://a/","form":[]}""", "webhook.form")]
    [InlineData("""{"url":"http://a/","form":{"a":{}}}""", "webhook.form.a")]
    [InlineData("""{"url":"http://a/","form":{"a":"{{ oops }}"}}""", "webhook.form.a")]
    [InlineData("""{"url":"http://a/","form":{"a":"1"},"body":"x"}""", "webhook.form")]
    [InlineData("""{"url":"http://a/","form":{"a":"1"},"method":"GET"}""", "webhook.form")]
    [InlineData("""{"url":"http://a/","form":{"a":"1"},"headers":{"content-type":"x/y"}}""", "webhook.form")]
    [InlineData("""{"url":"http://a/","multipart":[]}""", "webhook.multipart")]
    [InlineData("""{"url":"http://a/","multipart":[{"value":"x"}]}""", "webhook.multipart[0].name")]
    [InlineData("""{"url":"http://a/","multipart":[{"name":"a"}]}""", "webhook.multipart[0].value")]
    [InlineData("""{"url":"http://a/","multipart":[{"name":"a","value":"x","base64":"eA=="}]}""", "webhook.multipart[0].value")]
    [InlineData("""{"url":"http://a/","multipart":[{"name":"a","base64":"*"}]}""", "webhook.multipart[0].base64")]
    [InlineData("""{"url":"http://a/","multipart":[{"name":"a","value":"x","content_type":"text"}]}""", "webhook.multipart[0].content_type")]
    [InlineData("""{"url":"http://a/","multipart":[{"name":"a","value":"x","filename":"a\r\nb"}]}""", "webhook.multipart[0].filename")]
    [InlineData("""{"url":"http://a/","multipart":[{"name":"a","value":"{{ x"}]}""", "webhook.multipart[0].value")]
    [InlineData("""{"url":"http://a/","multipart":[{"name":"a","value":"x"}],"form":{"a":"1"}}""", "webhook.multipart")]
    [InlineData("""{"url":"http://a/","auth":{"token":{"secret":"a"}}}""", "webhook.auth.type")]
    [InlineData("""{"url":"http://a/","auth":{"type":"bearer","token":"literal"}}""", "webhook.auth.token")]
    [InlineData("""{"url":"http://a/","auth":{"type":"bearer","token":{"secret":"../etc"}}}""", "webhook.auth.token.secret")]
    [InlineData("""{"url":"http://a/","auth":{"type":"bearer","token":{"secret":"a\n"}}}""", "webhook.auth.token.secret")]
    [InlineData("""{"url":"http://a/","auth":{"type":"bearer","token":{"secret":"a","value":"b"}}}""", "webhook.auth.token")]
    [InlineData("""{"url":"http://a/","auth":{"type":"bearer","token":{"secret":"a"},"user":"b"}}""", "webhook.auth.user")]
    [InlineData("""{"url":"http://a/","auth":{"type":"basic","password":{"secret":"a"}}}""", "webhook.auth.username")]
    [InlineData("""{"url":"http://a/","auth":{"type":"basic","username":"a:b","password":{"secret":"a"}}}""", "webhook.auth.username")]
    [InlineData("""{"url":"http://a/","auth":{"type":"api_key","in":"body","value":{"secret":"a"}}}""", "webhook.auth.in")]
    [InlineData("""{"url":"http://a/","auth":{"type":"hmac","secret":"whsec_abc"}}""", "webhook.auth.secret")]
    [InlineData("""{"url":"http://a/","success_codes":200}""", "webhook.success_codes")]
    [InlineData("""{"url":"http://a/","success_codes":[]}""", "webhook.success_codes")]
    [InlineData("""{"url":"http://a/","success_codes":[200,"299-200"]}""", "webhook.success_codes[1]")]
    [InlineData("""{"url":"http://a/","success_codes":[99]}""", "webhook.success_codes[0]")]
    [InlineData("""{"url":"http://a/","follow_redirects":"yes"}""", "webhook.follow_redirects")]
    [InlineData("""{"url":"http://a/","callback":1}""", "webhook.callback")]
    [InlineData("""{"url":"http://a/","callback":{"timeout":"soon"}}""", "webhook.callback.timeout")]
    [InlineData("""{"url":"http://a/","callback":{"timeout":"31d"}}""", "webhook.callback.timeout")]
    [InlineData("""{"url":"http://a/","callback":{"within":"1h"}}""", "webhook.callback.within")]
    [InlineData("""{"url":"http://a/","body":"\ud800"}""", "webhook")]
    public void A_fault_names_its_field(string section, string field)
    {
        var (canonical, violations) = Read(section);

        Assert.Null(canonical);
        Assert.Contains(violations, violation => violation.Field == field);
    }

    [Fact]
    public void A_credential_in_plain_text_is_answered_with_the_way_to_write_it()
    {
        var violation = Assert.Single(Read("""{"url":"http://a/","auth":{"type":"bearer","token":"hunter2"}}""").Violations);
        Assert.Contains("""{"secret": "name"}""", violation.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", violation.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_credential_header_may_hold_a_secret()
    {
        var (canonical, violations) = Read("""{"url":"http://a/","headers":{"Authorization":"Token {{ secrets.t }}"}}""");

        Assert.Empty(violations);
        Assert.Equal(["t"], ProtocolSections.SecretsInTemplates(new DispatchTarget(Protocol.Http, canonical!)));
    }

    [Theory]
    [InlineData("""{"a":["{{ payload.b }}"]}""", "payload.a[0]")]
    [InlineData("""{"a":"{{ payload }}"}""", "payload.a")]
    [InlineData("""{"a":"{% if payload.a %}x{% endif %}"}""", "payload.a")]
    [InlineData("""{"a":"{{ job.name"}""", "payload.a")]
    public void A_payload_that_refers_to_itself_or_is_broken_is_refused(string payload, string field)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(payload);
        ProtocolSections.CheckPayload(document.RootElement, "payload", violations);

        Assert.Equal(field, Assert.Single(violations).Field);
    }

    [Fact]
    public void A_payload_tells_which_secrets_it_uses()
    {
        using var document = JsonDocument.Parse("""{"a":"{{ secrets.b }}","c":["{{ secrets.a }}","text payload"]}""");
        Assert.Equal(["a", "b"], ProtocolSections.CheckPayload(document.RootElement, "payload", []));
    }

    [Fact]
    public void A_mutated_section_is_read_or_refused_and_never_breaks()
    {
        Gen.Select(Gen.Int[0, Full.Length - 1], Gen.Char["{}[]\",:%|.0a \\"], Gen.Int[0, 2]).Sample(
            (at, with, how) =>
            {
                var text = how switch { 0 => Full.Remove(at, 1), 1 => Full.Insert(at, with.ToString()), _ => Full[..at] + with + Full[(at + 1)..] };
                JsonDocument document;
                try
                {
                    document = JsonDocument.Parse(text);
                }
                catch (JsonException)
                {
                    return;
                }

                using (document)
                {
                    var violations = new List<Violation>();
                    var canonical = ProtocolSections.Read(Protocol.Http, document.RootElement, "webhook", violations);
                    Assert.Equal(canonical is null, violations.Count > 0);
                    if (canonical is not null)
                    {
                        Assert.Equal(canonical, WebhookSection.Parse(canonical).ToJson());
                    }
                }
            }, iter: 5000, threads: 1);
    }

    private static (string? Canonical, List<Violation> Violations) Read(string section)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(section);
        return (ProtocolSections.Read(Protocol.Http, document.RootElement, "webhook", violations), violations);
    }
}

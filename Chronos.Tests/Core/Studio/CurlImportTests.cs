using System.Text.Json;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Studio;
using Xunit;

namespace Chronos.Tests.Core.Studio;

public sealed class CurlImportTests
{
    [Fact]
    public void A_plain_address_is_a_get()
    {
        var made = Import("curl https://example.com/a?b=1");
        Assert.Equal("""{"name":"studio-example.com-a","webhook":{"url":"https://example.com/a?b=1","method":"GET"}}""", made.Document.GetRawText());
        Assert.Empty(made.Secrets);
        Assert.Empty(made.Notes);
    }

    [Fact]
    public void A_line_as_a_browser_copies_it_keeps_method_headers_and_body()
    {
        var made = Import(
            """
            curl 'https://api.example.com/v1/orders' \
              -X 'PUT' \
              -H 'accept: application/json' \
              -H 'content-type: application/json' \
              -H 'accept-encoding: gzip' \
              --data-raw $'{"text":"it\'s \u00fc","n":1}' \
              --compressed
            """);
        var webhook = made.Document.GetProperty("webhook");
        Assert.Equal("PUT", webhook.GetProperty("method").GetString());
        Assert.Equal("""{"accept":"application/json"}""", webhook.GetProperty("headers").GetRawText());
        Assert.Equal("it's ü", webhook.GetProperty("body").GetProperty("text").GetString());
        Assert.Equal(2, made.Notes.Length);
    }

    [Fact]
    public void Data_without_a_type_is_a_form_and_a_post()
    {
        var webhook = Import("curl -d a=1 --data-urlencode 'b=c d&e' example.com").Document.GetProperty("webhook");
        Assert.Equal(("http://example.com", "POST", "a=1&b=c%20d%26e"), (webhook.GetProperty("url").GetString(), webhook.GetProperty("method").GetString(), webhook.GetProperty("body").GetString()));
        Assert.Equal("application/x-www-form-urlencoded", webhook.GetProperty("headers").GetProperty("Content-Type").GetString());
    }

    [Fact]
    public void With_G_the_data_is_the_query()
    {
        var webhook = Import("curl -G -d a=1 -d b=2 http://example.com/x?c=3").Document.GetProperty("webhook");
        Assert.Equal("http://example.com/x?c=3&a=1&b=2", webhook.GetProperty("url").GetString());
        Assert.Equal("GET", webhook.GetProperty("method").GetString());
    }

    [Fact]
    public void Data_of_the_query_stands_before_a_fragment_which_is_never_sent()
    {
        var webhook = Import("curl -G --data-urlencode 'a=x@y' 'http://example.com/x?c=3#top'").Document.GetProperty("webhook");
        Assert.Equal("http://example.com/x?c=3&a=x%40y", webhook.GetProperty("url").GetString());
    }

    [Fact]
    public void A_line_may_end_as_if_it_went_on() =>
        Assert.Equal("http://example.com", Import("curl -X POST \\\n http://example.com \\\n").Document.GetProperty("webhook").GetProperty("url").GetString());

    [Fact]
    public void Of_a_header_given_more_than_once_the_last_is_taken_and_a_note_says_so()
    {
        var made = Import("curl -H 'X-A: 1' -H 'x-a: 2' http://example.com");
        Assert.Equal("""{"x-a":"2"}""", made.Document.GetProperty("webhook").GetProperty("headers").GetRawText());
        Assert.Contains("x-a is given more than once", Assert.Single(made.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("curl -u me:s3cret http://example.com", "auth", """{"type":"basic","username":"me","password":{"secret":"password"}}""")]
    [InlineData("curl http://me:s3cret@example.com", "auth", """{"type":"basic","username":"me","password":{"secret":"password"}}""")]
    [InlineData("curl -H 'Authorization: Basic bWU6czNjcmV0' http://example.com", "auth", """{"type":"basic","username":"me","password":{"secret":"password"}}""")]
    [InlineData("curl -H 'Authorization: Bearer s3cret' http://example.com", "auth", """{"type":"bearer","token":{"secret":"bearer_token"}}""")]
    [InlineData("curl --oauth2-bearer s3cret http://example.com", "auth", """{"type":"bearer","token":{"secret":"bearer_token"}}""")]
    [InlineData("curl -H 'X-API-Key: s3cret' http://example.com", "headers", """{"X-API-Key":"{{ secrets.x_api_key }}"}""")]
    [InlineData("curl -b sid=s3cret http://example.com", "headers", """{"Cookie":"{{ secrets.cookie }}"}""")]
    [InlineData("curl 'http://example.com?a=1&access_token=s3cret'", "url", "\"http://example.com?a=1&access_token={{ secrets.access_token }}\"")]
    [InlineData("curl --json '{\"user\":\"me\",\"password\":\"s3cret\"}' http://example.com", "body", """{"user":"me","password":"{{ secrets.password }}"}""")]
    [InlineData("curl -d 'user=me&password=s3cret' http://example.com", "body", "\"user=me&password={{ secrets.password }}\"")]
    public void A_credential_becomes_a_secret_and_is_not_in_the_document(string line, string member, string expected)
    {
        var made = Import(line);
        Assert.Equal(expected, Compact(made.Document.GetProperty("webhook").GetProperty(member)));
        Assert.DoesNotContain("s3cret", made.Document.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", string.Join(' ', made.Notes), StringComparison.Ordinal);
        var secret = Assert.Single(made.Secrets);
        Assert.EndsWith("s3cret", made.Values[secret.Name], StringComparison.Ordinal);
        Assert.StartsWith("webhook.", secret.UsedFor, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a=b;type", "b;type")]
    [InlineData("a=b;filename", "b;filename")]
    [InlineData("a=;", ";")]
    [InlineData("a=\"", "\"")]
    public void What_only_looks_like_the_attribute_of_a_part_is_its_content(string part, string content) =>
        Assert.Equal(content, Import($"curl -F '{part}' http://example.com/up").Document.GetProperty("webhook").GetProperty("multipart")[0].GetProperty("value").GetString());

    [Fact]
    public void Parts_of_a_form_are_parts_and_their_credentials_secrets()
    {
        var made = Import("""curl -F a=1 -F 'doc={"x;y":1};type=application/json;filename="d.json"' -F 'q="a;b"' --form-string 'raw=@x;type=y' -F token=s3cret http://example.com/up""");
        var webhook = made.Document.GetProperty("webhook");
        Assert.Equal("POST", webhook.GetProperty("method").GetString());
        Assert.Equal(
            """[{"name":"a","value":"1"},{"name":"doc","filename":"d.json","content_type":"application/json","value":"{\"x;y\":1}"},{"name":"q","value":"a;b"},{"name":"raw","value":"@x;type=y"},{"name":"token","value":"{{ secrets.token }}"}]""",
            Compact(webhook.GetProperty("multipart")));
        Assert.Equal("s3cret", made.Values["token"]);
    }

    [Theory]
    [InlineData("curl -x proxy.example:3128 http://example.com", """{"url":"http://proxy.example:3128"}""")]
    [InlineData("curl --proxy http://proxy.example http://example.com", """{"url":"http://proxy.example:1080"}""")]
    [InlineData("curl -x http://me:s3cret@proxy.example:3128/ http://example.com", """{"url":"http://proxy.example:3128","username":"me","password":{"secret":"proxy_password"}}""")]
    [InlineData("curl -x https://proxy.example:3128 -U me:s3cret http://example.com", """{"url":"https://proxy.example:3128","username":"me","password":{"secret":"proxy_password"}}""")]
    public void A_proxy_is_the_proxy_of_the_job(string line, string expected)
    {
        var made = Import(line);
        Assert.Equal(expected, Compact(made.Document.GetProperty("webhook").GetProperty("proxy")));
        Assert.DoesNotContain("s3cret", made.Document.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_made_is_a_valid_job()
    {
        var made = Import("curl -sSLXPOST -m 2.5 --retry 4 -H 'X-Auth-Token: t0ken' http://example.com");
        var violations = new List<Violation>();
        var job = JobDocument.Read(made.Document, violations);
        Assert.Empty(violations);
        Assert.Equal((TimeSpan.FromSeconds(2.5), 5, "x_auth_token"), (job!.Timeout, job.Retry.MaxAttempts, Assert.Single(job.Secrets)));
        Assert.True(made.Document.GetProperty("webhook").GetProperty("follow_redirects").GetBoolean());
    }

    [Theory]
    [InlineData("wget http://example.com", "begins with the word curl")]
    [InlineData("curl 'http://example.com", "quote that is not closed")]
    [InlineData("curl", "names no address")]
    [InlineData("curl http://a http://b", "more than one address")]
    [InlineData("curl --wobble http://a", "--wobble")]
    [InlineData("curl -F a=@file http://a", "-F reads a file")]
    [InlineData("curl -F 'a=<file' http://a", "-F reads a file")]
    [InlineData("curl -F a http://a", "name=content")]
    [InlineData("curl -F 'a=b;headers=X: y' http://a", "headers of a part")]
    [InlineData("curl -F a=b -d c=d http://a", "a body twice")]
    [InlineData("curl --cert me.pem:pw http://a", "certificate under webhook.tls")]
    [InlineData("curl --key me.key http://a", "key under webhook.tls")]
    [InlineData("curl --cacert ca.pem http://a", "ca under webhook.tls")]
    [InlineData("curl -d @file http://a", "reads a file")]
    [InlineData("curl --data-urlencode @file http://a", "reads a file")]
    [InlineData("curl --data-urlencode name@file http://a", "reads a file")]
    [InlineData("curl --json '{\"a\":1,\"b\":[{\"c\":1,\"c\":2}]}' http://a", "given twice")]
    [InlineData("curl -x socks5://proxy:1 http://a", "webhook.proxy.url")]
    [InlineData("curl -T up.txt http://a", "-T cannot be taken over")]
    [InlineData("curl -H nonsense http://a", "name: value")]
    [InlineData("curl http://a -H", "has no argument")]
    [InlineData("curl ftp://example.com", "webhook.url")]
    public void What_cannot_be_taken_over_is_refused_and_says_why(string line, string why)
    {
        var violations = new List<Violation>();
        Assert.Null(CurlImport.Read(line, violations));
        var violation = violations[0];
        Assert.Equal("curl", violation.Field);
        Assert.Contains(why, violation.Message, StringComparison.Ordinal);
    }

    private static ImportedRequest Import(string line)
    {
        var violations = new List<Violation>();
        var made = CurlImport.Read(line, violations);
        Assert.Empty(violations);
        return made!;
    }

    private static string Compact(JsonElement value) => JobDocumentText.Compact(value);
}

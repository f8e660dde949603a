using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Xunit;

namespace Chronos.Tests.Actors.Dispatching;

/// <summary>Certificates, versions of HTTP, proxies, forms, digests and streams, against servers that are really there.</summary>
public sealed class HttpRouteTests : IDisposable
{
    private static readonly HttpDispatchOptions Private = new() { AllowPrivateTargets = true, ProgressInterval = TimeSpan.Zero };

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _certificates;
    private readonly FixedSecrets _secrets;
    private readonly List<AttemptSignal> _told = [];

    public HttpRouteTests()
    {
        _certificates = TestCertificates.Write(_folder.Location);
        _secrets = new FixedSecrets
        {
            ["cert"] = _certificates.Client,
            ["key"] = _certificates.ClientKey,
            ["password"] = "pr0xy secret",
            ["other"] = "hidden value",
        };
    }

    public void Dispose() => _folder.Dispose();

    private string Ca => System.Text.Json.JsonSerializer.Serialize(_certificates.Ca);

    private static Task Fine(HttpContext http) => http.Response.WriteAsync("fine");

    [Fact]
    public async Task A_target_that_wants_a_certificate_gets_it_and_is_trusted_by_the_authority_of_the_job_alone()
    {
        await using var target = await WebServer.Start(new Listening(HttpProtocols.Http1AndHttp2, _folder.Location, ClientCertificateMode.RequireCertificate), Fine);
        var both = $$"""{"url":"{{target.Url}}","tls":{"ca":{{Ca}},"certificate":{"secret":"cert"},"key":{"secret":"key"} } }""";
        Assert.Equal((FailureClass.None, "fine"), Of(await SendAsync(both)));
        Assert.Equal((FailureClass.None, "fine"), Of(await SendAsync(both)));
        Assert.All(target.Requests, request => Assert.Equal(("CN=chronos", "HTTP/2"), (request.Client, request.Version)));

        Assert.Equal(FailureClass.Connect, (await SendAsync($$"""{"url":"{{target.Url}}","tls":{"ca":{{Ca}}} }""")).Failure);
        Assert.Equal(FailureClass.Connect, (await SendAsync($$"""{"url":"{{target.Url}}","tls":{"certificate":{"secret":"cert"},"key":{"secret":"key"} } }""")).Failure);
        using var other = new TemporaryFolder();
        var stranger = System.Text.Json.JsonSerializer.Serialize(TestCertificates.Write(other.Location).Ca);
        Assert.Equal(FailureClass.Connect, (await SendAsync(both.Replace(Ca, stranger, StringComparison.Ordinal))).Failure);
        Assert.Equal(2, target.Requests.Count);
    }

    [Theory]
    [InlineData("cert", "other")]
    [InlineData("other", "key")]
    [InlineData("cert", "absent")]
    public async Task A_certificate_that_cannot_be_read_is_a_fault_of_the_request_that_shows_none_of_it(string certificate, string key)
    {
        var outcome = await SendAsync($$"""{"url":"https://127.0.0.1:1/","tls":{"certificate":{"secret":"{{certificate}}"},"key":{"secret":"{{key}}"} } }""");

        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.DoesNotContain("hidden", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpProtocols.Http2, false, "2", "HTTP/2")]
    [InlineData(HttpProtocols.Http1, false, "1.1", "HTTP/1.1")]
    [InlineData(HttpProtocols.Http1AndHttp2, true, "2", "HTTP/2")]
    [InlineData(HttpProtocols.Http1AndHttp2, true, "1.1", "HTTP/1.1")]
    public async Task The_version_that_the_job_asks_for_is_spoken_with_and_without_tls(HttpProtocols protocols, bool tls, string version, string spoken)
    {
        await using var target = await WebServer.Start(new Listening(protocols, tls ? _folder.Location : null), Fine);
        var outcome = await SendAsync($$"""{"url":"{{target.Url}}","http_version":"{{version}}"{{(tls ? $$""","tls":{"ca":{{Ca}}}""" : "")}} }""");

        Assert.Equal((FailureClass.None, "fine"), Of(outcome));
        Assert.Equal(spoken, Assert.Single(target.Requests).Version);
        Assert.Equal(spoken[5..], outcome.Facts["http_version"][..(spoken.Length - 5)]);
    }

    [Fact]
    public async Task A_target_that_does_not_speak_http_2_is_not_spoken_to_in_another_way()
    {
        await using var target = await WebServer.Start(new Listening(HttpProtocols.Http1, _folder.Location), Fine);
        var outcome = await SendAsync($$"""{"url":"{{target.Url}}","http_version":"2","tls":{"ca":{{Ca}}} }""");

        Assert.Equal(FailureClass.Connect, outcome.Failure);
        Assert.Empty(target.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_proxy_passes_on_what_goes_to_the_target_in_a_tunnel_where_there_is_tls(bool tls)
    {
        await using var proxy = new ForwardProxy();
        await using var target = await WebServer.Start(new Listening(HttpProtocols.Http1AndHttp2, tls ? _folder.Location : null), Fine);
        var outcome = await SendAsync($$"""{"url":"{{target.Url}}/path","proxy":{"url":"{{proxy.Url}}"}{{(tls ? $$""","tls":{"ca":{{Ca}}}""" : "")}} }""");

        Assert.Equal((FailureClass.None, "fine"), Of(outcome));
        Assert.Single(target.Requests);
        Assert.Equal(tls ? $"CONNECT 127.0.0.1:{new Uri(target.Url).Port} HTTP/1.1" : $"POST {target.Url}/path HTTP/1.1", Assert.Single(proxy.Requests));
    }

    /// <summary>The way to the proxy is inside TLS, and the authority of the job counts for it as for the target.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_proxy_that_is_spoken_to_inside_tls_must_prove_itself(bool tls)
    {
        using var pair = X509Certificate2.CreateFromPemFile(Path.Combine(_folder.Location, "server.pem"), Path.Combine(_folder.Location, "server.key"));
        await using var proxy = new ForwardProxy(pair) { Credentials = "me:pr0xy secret" };
        await using var target = await WebServer.Start(new Listening(HttpProtocols.Http1AndHttp2, tls ? _folder.Location : null), Fine);
        string Section(string ca) =>
            $$"""{"url":"{{target.Url}}/path","proxy":{"url":"{{proxy.Url}}","username":"me","password":{"secret":"password"} },"tls":{"ca":{{ca}}} }""";

        Assert.Equal((FailureClass.None, "fine"), Of(await SendAsync(Section(Ca))));
        Assert.Equal(tls ? $"CONNECT 127.0.0.1:{new Uri(target.Url).Port} HTTP/1.1" : $"POST {target.Url}/path HTTP/1.1", proxy.Requests.Last());
        var asked = proxy.Requests.Count;
        using var other = new TemporaryFolder();
        var stranger = await SendAsync(Section(System.Text.Json.JsonSerializer.Serialize(TestCertificates.Write(other.Location).Ca)));
        Assert.Equal(FailureClass.Connect, stranger.Failure);
        Assert.Equal(asked, proxy.Requests.Count);
        Assert.Single(target.Requests);
    }

    [Fact]
    public async Task A_proxy_that_wants_a_password_gets_it_and_it_is_shown_to_nobody_else()
    {
        await using var proxy = new ForwardProxy { Credentials = "me:pr0xy secret" };
        await using var target = await WebServer.Start(new Listening(HttpProtocols.Http1AndHttp2, _folder.Location), Fine);
        string Section(string secret) => $$"""{"url":"{{target.Url}}","proxy":{"url":"{{proxy.Url}}","username":"me","password":{"secret":"{{secret}}"} },"tls":{"ca":{{Ca}}} }""";

        Assert.Equal((FailureClass.None, "fine"), Of(await SendAsync(Section("password"))));
        Assert.DoesNotContain(Assert.Single(target.Requests).Headers.Keys, name => name.StartsWith("proxy", StringComparison.Ordinal));
        var refused = await SendAsync(Section("other"));
        Assert.Equal(FailureClass.Connect, refused.Failure);
        Assert.DoesNotContain("hidden", refused.Error, StringComparison.Ordinal);
        Assert.Single(target.Requests);
    }

    [Fact]
    public async Task Neither_a_proxy_nor_what_is_behind_it_may_be_an_address_that_jobs_do_not_reach()
    {
        await using var proxy = new ForwardProxy();
        var behind = await SendAsync($$"""{"url":"http://169.254.169.254/latest","proxy":{"url":"{{proxy.Url}}"} }""");
        Assert.Equal(FailureClass.Request, behind.Failure);
        Assert.Contains("never a target", behind.Error, StringComparison.Ordinal);

        var through = await SendAsync("""{"url":"http://127.0.0.1:1/","proxy":{"url":"http://169.254.169.254:80"} }""");
        Assert.Equal(FailureClass.Request, through.Failure);

        var strict = await SendAsync($$"""{"url":"http://192.0.32.8/","proxy":{"url":"{{proxy.Url}}"} }""", options: new HttpDispatchOptions());
        Assert.Equal(FailureClass.Request, strict.Failure);
        Assert.Contains("loopback or private", strict.Error, StringComparison.Ordinal);
        Assert.Empty(proxy.Requests);
    }

    [Fact]
    public async Task A_certificate_of_the_job_does_not_go_along_to_another_origin()
    {
        await using var second = await WebServer.Start(new Listening(HttpProtocols.Http1, _folder.Location, ClientCertificateMode.AllowCertificate), Fine);
        await using var first = await WebServer.Start(new Listening(HttpProtocols.Http1, _folder.Location), http =>
        {
            http.Response.Redirect(second.Url);
            return Task.CompletedTask;
        });
        var outcome = await SendAsync($$"""{"url":"{{first.Url}}","follow_redirects":true,"tls":{"ca":{{Ca}},"certificate":{"secret":"cert"},"key":{"secret":"key"} } }""");

        Assert.Equal(FailureClass.ClientError, outcome.Failure);
        Assert.Empty(second.Requests);
    }

    [Fact]
    public async Task A_form_arrives_as_a_form()
    {
        IFormCollection? form = null;
        await using var target = await WebServer.Start(Listening.Plain, async http => form = await http.Request.ReadFormAsync());
        await SendAsync($$$"""{"url":"{{{target.Url}}}","form":{"a b":"{{ payload.x }}","n":7,"many":["1","2"]} }""", attempt => attempt with { Payload = """{"x":"ü &=+\n"}""" });

        Assert.Equal("application/x-www-form-urlencoded", Assert.Single(target.Requests).Headers["content-type"]);
        Assert.Equal(("ü &=+\n", "7", "1,2"), (form!["a b"].ToString(), form["n"].ToString(), form["many"].ToString()));
    }

    [Fact]
    public async Task Parts_arrive_as_parts_and_the_same_attempt_sends_the_same_bytes()
    {
        var files = new List<(string Name, string File, string? Type, string Content)>();
        IFormCollection? form = null;
        await using var target = await WebServer.Start(Listening.Plain, async http =>
        {
            form = await http.Request.ReadFormAsync();
            foreach (var file in form.Files)
            {
                using var reader = new StreamReader(file.OpenReadStream(), Encoding.Latin1);
                files.Add((file.Name, file.FileName, file.ContentType, await reader.ReadToEndAsync()));
            }
        });
        var section = $$$"""
            {"url":"{{{target.Url}}}","multipart":[
              {"name":"note","value":"for {{ job.name }}"},
              {"name":"data","json":{"n":"{{ payload.n }}"},"filename":"{{ job.name }}.json"},
              {"name":"raw","base64":"AP8=","filename":"a\"b.bin","content_type":"application/x-raw"}]}
            """;
        await SendAsync(section, attempt => attempt with { Payload = """{"n":"7"}""" });
        await SendAsync(section, attempt => attempt with { Payload = """{"n":"7"}""" });

        Assert.Equal("for route", form!["note"]);
        Assert.Equal([("data", "route.json", "application/json", """{"n":"7"}"""), ("raw", "a%22b.bin", "application/x-raw", "\0ÿ")], files.Take(2));
        Assert.Equal(target.Requests.First().Body, target.Requests.Last().Body);
    }

    [Fact]
    public async Task What_is_sent_goes_with_its_digest_which_the_attempt_keeps_unless_it_holds_a_secret()
    {
        await using var target = await WebServer.Start(Listening.Plain, Fine);
        var outcome = await SendAsync($$"""{"url":"{{target.Url}}","digest":true,"body":"hello world"}""");
        var expected = $"sha-256=:{Convert.ToBase64String(SHA256.HashData("hello world"u8))}:";
        Assert.Equal((expected, expected), (Assert.Single(target.Requests).Headers["content-digest"], outcome.Facts["content_digest"]));

        outcome = await SendAsync($$$"""{"url":"{{{target.Url}}}","digest":true,"body":"{{ secrets.other }}"}""", attempt => attempt with { Secrets = ["other"] });
        Assert.Equal($"sha-256=:{Convert.ToBase64String(SHA256.HashData("hidden value"u8))}:", target.Requests.Last().Headers["content-digest"]);
        Assert.False(outcome.Facts.ContainsKey("content_digest"));
        Assert.False((await SendAsync($$"""{"url":"{{target.Url}}","body":"x"}""")).Facts.ContainsKey("content_digest"));
    }

    [Fact]
    public async Task A_stream_of_events_tells_progress_and_its_last_event_is_the_output()
    {
        await using var target = await WebServer.Start(Listening.Plain, http => Stream(
            http, "data: {\"progress\":25,\"message\":\"first\"}\n\n", ": a comment\n\nevent: note\ndata: half, hidden value\ndata: of it\n\n", "data: 75\n\n", "data: {\"rows\":42}\n\n"));
        var outcome = await SendAsync($$$"""{"url":"{{{target.Url}}}","headers":{"X":"{{ secrets.other }}"} }""", attempt => attempt with { Secrets = ["other"] });

        Assert.Equal((FailureClass.None, """{"rows":42}"""), Of(outcome));
        Assert.Equal([new(25, "first"), new(null, "half, *** of it"), new(75, null), new(null, """{"rows":42}""")], _told);
    }

    [Fact]
    public async Task A_stream_that_ends_in_an_error_fails_and_one_that_is_cut_off_is_no_success()
    {
        await using var failing = await WebServer.Start(Listening.Plain, http => Stream(http, "data: 10\n\n", "event: error\ndata: out of paper\n\n"));
        var outcome = await SendAsync($$"""{"url":"{{failing.Url}}"}""");
        Assert.Equal((FailureClass.ServerError, "the target's stream ended with an error: out of paper"), (outcome.Failure, outcome.Error));

        await using var cut = await WebServer.Start(Listening.Plain, async http =>
        {
            await Stream(http, "data: 10\n\n");
            http.Abort();
        });
        Assert.Equal(FailureClass.Connect, (await SendAsync($$"""{"url":"{{cut.Url}}"}""")).Failure);
    }

    [Fact]
    public async Task An_event_without_end_is_not_kept_and_a_long_stream_of_small_ones_is_fine()
    {
        var line = "data: " + new string('x', 1000) + "\n";
        await using var endless = await WebServer.Start(Listening.Plain, http => Stream(http, [.. Enumerable.Repeat(line, 3000)]));
        Assert.Equal(FailureClass.ClientError, (await SendAsync($$"""{"url":"{{endless.Url}}"}""")).Failure);

        await using var @long = await WebServer.Start(Listening.Plain, http => Stream(http, [.. Enumerable.Repeat(line + "\n", 3000), "data: done\n\n"]));
        Assert.Equal((FailureClass.None, "done"), Of(await SendAsync($$"""{"url":"{{@long.Url}}"}""")));
    }

    private static async Task Stream(HttpContext http, params string[] events)
    {
        http.Response.ContentType = "text/event-stream";
        try
        {
            foreach (var one in events)
            {
                await http.Response.WriteAsync(one, http.RequestAborted);
            }

            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The reader had enough, which is the point.
        }
    }

    private static (FailureClass, string?) Of(AttemptOutcome outcome) => (outcome.Failure, outcome.Excerpt);

    private async Task<AttemptOutcome> SendAsync(string section, Func<AttemptRequest, AttemptRequest>? with = null, HttpDispatchOptions? options = null)
    {
        var job = JobId.For(TenantId.Default, "route");
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var attempt = new AttemptRequest(
            TenantId.Default, job, "route", 1, ExecutionId.ForSlot(job, at), 1, at, new DispatchTarget(Protocol.Http, section), null, TimeSpan.FromSeconds(20), [],
            ImmutableSortedDictionary<string, string>.Empty, "0af7651916cd43dd8448eb211c80319c")
        { Progress = new Told(_told) };
        using var dispatcher = new HttpDispatcher(options ?? Private, _secrets, new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System);
        return await dispatcher.DispatchAsync(with is null ? attempt : with(attempt), TestContext.Current.CancellationToken);
    }

    private sealed class Told(List<AttemptSignal> signals) : IProgress<AttemptSignal>
    {
        public void Report(AttemptSignal value) => signals.Add(value);
    }
}

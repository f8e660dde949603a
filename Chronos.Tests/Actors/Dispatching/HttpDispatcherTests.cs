using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Tests.Compliance;
using Xunit;

namespace Chronos.Tests.Actors.Dispatching;

public sealed class HttpDispatcherTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>The host is the name of the circuit, which metrics and errors show; no rule of the document sees what a payload brings into it.</summary>
    [Fact]
    public async Task A_secret_that_comes_into_the_host_by_way_of_the_payload_is_refused_and_not_shown()
    {
        var outcome = await SendAsync(
            """{"url":"http://{{ payload.host }}.invalid/","headers":{"X-A":"{{ secrets.plain }}"}}""",
            attempt => attempt with { Payload = """{"host":"{{ secrets.plain }}"}""", Secrets = ["plain"] });
        Assert.Equal((FailureClass.Request, "webhook.url: the host that the template makes holds a secret"), (outcome.Failure, outcome.Error));
    }

    [Fact]
    public async Task Method_headers_query_and_body_reach_the_target_with_their_templates_filled()
    {
        await using var target = await HttpTarget.StartAsync();
        var outcome = await SendAsync($$$"""
            {"url":"{{{target.Url}}}/ok?a=1","method":"PUT",
             "headers":{"X-Name":"{{ job.name }}","Content-Type":"application/vnd.x+json"},
             "query":{"when":"{{ execution.scheduled_at }}","tag":["1","2"]},
             "body":{"who":"{{ payload.who }}","n":{{{1}}},"team":"{{ job.tags.team }}"}}
            """, attempt => attempt with { Payload = """{"who":"a \"quoted\" {{ job.id }}"}""" });

        Assert.Equal((FailureClass.None, 200, "fine"), (outcome.Failure, outcome.StatusCode, outcome.Excerpt));
        var received = Assert.Single(target.Received);
        Assert.Equal("PUT", received.Headers["method"]);
        Assert.Equal("/ok?a=1&when=2026-01-02T03%3A04%3A05Z&tag=1&tag=2", received.Path);
        Assert.Equal("nightly", received.Headers["x-name"]);
        Assert.Equal("application/vnd.x+json", received.Headers["content-type"]);
        Assert.Equal($$"""{"who":"a \"quoted\" {{Job.Value}}","n":1,"team":"data"}""", received.Body);
    }

    [Fact]
    public async Task The_payload_is_the_body_only_where_the_section_gives_none_and_never_of_a_get()
    {
        await using var target = await HttpTarget.StartAsync();
        await SendAsync($$"""{"url":"{{target.Url}}/ok","body":"text"}""", attempt => attempt with { Payload = "[1]" });
        await SendAsync($$"""{"url":"{{target.Url}}/ok","method":"GET"}""", attempt => attempt with { Payload = "[1]" });

        Assert.Equal(["text", ""], target.Received.Select(received => received.Body));
    }

    [Fact]
    public async Task An_unknown_variable_is_a_fault_of_the_request_that_names_the_field()
    {
        await using var target = await HttpTarget.StartAsync();
        var outcome = await SendAsync($$$"""{"url":"{{{target.Url}}}/ok","headers":{"X-A":"{{ payload.missing }}"}}""", attempt => attempt with { Payload = "{}" });

        Assert.Equal((FailureClass.Request, "webhook.headers.X-A: there is no variable 'payload.missing'"), (outcome.Failure, outcome.Error));
        Assert.Empty(target.Received);
    }

    [Fact]
    public async Task A_template_cannot_break_a_header_apart()
    {
        await using var target = await HttpTarget.StartAsync();
        var outcome = await SendAsync(
            $$$"""{"url":"{{{target.Url}}}/ok","headers":{"X-A":"{{ payload.x }}"}}""", attempt => attempt with { Payload = """{"x":"a\r\nX-Evil: 1"}""" });

        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.Empty(target.Received);
    }

    [Fact]
    public async Task A_secret_that_the_job_does_not_list_is_refused_and_a_listed_one_is_sent()
    {
        await using var target = await HttpTarget.StartAsync();
        var section = $$$"""{"url":"{{{target.Url}}}/ok","headers":{"Authorization":"Token {{ secrets.right }}"}}""";

        Assert.Equal(FailureClass.Request, (await SendAsync(section, attempt => attempt)).Failure);
        Assert.Equal(FailureClass.None, (await SendAsync(section, attempt => attempt with { Secrets = ["right"] })).Failure);
        Assert.Equal("Token " + DispatcherCompliance.Secret, Assert.Single(target.Received).Headers["authorization"]);
    }

    [Theory]
    [InlineData("""{"type":"bearer","token":{"secret":"plain"}}""", "authorization", "Bearer plain-value")]
    [InlineData("""{"type":"basic","username":"me","password":{"secret":"plain"}}""", "authorization", "Basic bWU6cGxhaW4tdmFsdWU=")]
    [InlineData("""{"type":"api_key","name":"X-Key","value":{"secret":"plain"}}""", "x-key", "plain-value")]
    public async Task A_credential_reaches_the_target(string auth, string header, string value)
    {
        await using var target = await HttpTarget.StartAsync();
        await SendAsync($$"""{"url":"{{target.Url}}/ok","auth":{{auth}}}""", attempt => attempt);

        Assert.Equal(value, Assert.Single(target.Received).Headers[header]);
    }

    [Fact]
    public async Task A_signed_request_verifies_as_standard_webhooks_says()
    {
        await using var target = await HttpTarget.StartAsync();
        await SendAsync($$"""{"url":"{{target.Url}}/ok","auth":{"type":"hmac","secret":{"secret":"signing"} } }""", attempt => attempt with { Payload = """{"a":1}""" });

        var received = Assert.Single(target.Received);
        var signed = $"{received.Headers["webhook-id"]}.{received.Headers["webhook-timestamp"]}.{received.Body}";
        var expected = Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Encoding.UTF8.GetBytes(signed)));
        Assert.Equal("v1," + expected, received.Headers["webhook-signature"]);
        Assert.Equal(received.Headers["idempotency-key"], received.Headers["webhook-id"]);
    }

    [Theory]
    [InlineData("/busy", FailureClass.TooManyRequests, 429, 3)]
    [InlineData("/fail", FailureClass.ServerError, 503, 7)]
    [InlineData("/none", FailureClass.ClientError, 404, null)]
    [InlineData("/redirect", FailureClass.ClientError, 302, null)]
    public async Task A_status_is_classified_and_its_retry_after_is_read(string path, FailureClass failure, int status, int? seconds)
    {
        await using var target = await HttpTarget.StartAsync();
        var outcome = await SendAsync($$"""{"url":"{{target.Url}}{{path}}"}""", attempt => attempt);

        Assert.Equal((failure, (int?)status), (outcome.Failure, outcome.StatusCode));
        Assert.Equal(seconds is null ? null : TimeSpan.FromSeconds(seconds.Value), outcome.RetryAfter);
    }

    [Fact]
    public async Task Success_codes_say_what_success_is()
    {
        await using var target = await HttpTarget.StartAsync();

        Assert.Equal(FailureClass.None, (await SendAsync($$"""{"url":"{{target.Url}}/none","success_codes":[404]}""", attempt => attempt)).Failure);
        Assert.Equal(FailureClass.ClientError, (await SendAsync($$"""{"url":"{{target.Url}}/ok","success_codes":["201-204"]}""", attempt => attempt)).Failure);
    }

    [Fact]
    public async Task A_connection_that_breaks_inside_the_answer_is_a_failure_to_connect()
    {
        await using var target = await HttpTarget.StartAsync();

        Assert.Equal(FailureClass.Connect, (await SendAsync($$"""{"url":"{{target.Url}}/half"}""", attempt => attempt)).Failure);
    }

    [Fact]
    public async Task A_certificate_that_nobody_trusts_is_a_failure_to_connect()
    {
        await using var target = await HttpTarget.StartTlsAsync();
        var outcome = await SendAsync($$"""{"url":"{{target.Url}}/ok"}""", attempt => attempt);

        Assert.Equal(FailureClass.Connect, outcome.Failure);
        Assert.Contains("certificate", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(target.Received);
    }

    [Fact]
    public async Task Many_attempts_to_one_host_go_side_by_side()
    {
        await using var target = await HttpTarget.StartAsync();
        using var stop = new CancellationTokenSource();
        using var dispatcher = new HttpDispatcher(new HttpDispatchOptions { AllowPrivateTargets = true }, new FixedSecrets(), NewBoard(), TimeProvider.System);
        var attempt = Attempt($$"""{"url":"{{target.Url}}/hang"}""");
        var all = Enumerable.Range(0, 100).Select(_ => dispatcher.DispatchAsync(attempt, stop.Token)).ToList();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (target.Received.Count < 100)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(all), outcome => Assert.Equal(FailureClass.Cancelled, outcome.Failure));
    }

    [Fact]
    public async Task Only_text_is_excerpted_and_never_half_a_character()
    {
        await using var target = await HttpTarget.StartAsync();

        var binary = await SendAsync($$"""{"url":"{{target.Url}}/binary"}""", attempt => attempt);
        Assert.Null(binary.Excerpt);
        Assert.Equal([0x89, 0x50, 0, 1], binary.Output!);

        Assert.Equal("Käse\uFFFD", (await SendAsync($$"""{"url":"{{target.Url}}/latin"}""", attempt => attempt)).Excerpt);

        var cut = await SendAsync($$"""{"url":"{{target.Url}}/long"}""", attempt => attempt);
        Assert.Equal(new string('é', 2048), cut.Excerpt);
        Assert.Equal(8000, cut.Output!.Length);
    }

    [Fact]
    public async Task A_redirect_to_another_origin_loses_the_credentials_and_keeps_the_identity()
    {
        await using var first = await HttpTarget.StartAsync();
        await using var second = await HttpTarget.StartAsync();
        (first.RedirectTo, first.RedirectCode) = (second.Url + "/ok", 307);
        var section = $$$"""
            {"url":"{{{first.Url}}}/redirect","follow_redirects":true,"auth":{"type":"bearer","token":{"secret":"plain"}},
             "headers":{"X-Own":"{{ secrets.right }}","X-Free":"1"}}
            """;
        var outcome = await SendAsync(section, attempt => attempt with { Secrets = ["right"], Payload = "[1]" });

        Assert.Equal(FailureClass.None, outcome.Failure);
        var received = Assert.Single(second.Received);
        Assert.False(received.Headers.ContainsKey("authorization"));
        Assert.False(received.Headers.ContainsKey("x-own"));
        Assert.Equal(("1", "POST", "[1]"), (received.Headers["x-free"], received.Headers["method"], received.Body));
        Assert.True(received.Headers.ContainsKey("idempotency-key"));
    }

    [Theory]
    [InlineData(301, "GET")]
    [InlineData(302, "GET")]
    [InlineData(303, "GET")]
    [InlineData(307, "POST")]
    [InlineData(308, "POST")]
    public async Task The_method_of_a_redirected_post_follows_the_code(int code, string method)
    {
        await using var target = await HttpTarget.StartAsync();
        target.RedirectCode = code;
        await SendAsync($$"""{"url":"{{target.Url}}/redirect","follow_redirects":true}""", attempt => attempt with { Payload = "1" });

        Assert.Equal(method, target.Received[1].Headers["method"]);
        Assert.Equal(method == "GET" ? "" : "1", target.Received[1].Body);
    }

    [Fact]
    public async Task Redirects_end_somewhere()
    {
        await using var target = await HttpTarget.StartAsync();
        target.RedirectTo = "/redirect";
        var outcome = await SendAsync($$"""{"url":"{{target.Url}}/redirect","follow_redirects":true}""", attempt => attempt);

        Assert.Equal(FailureClass.ClientError, outcome.Failure);
        Assert.Equal(6, target.Received.Count);
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest")]
    [InlineData("http://[fe80::1]/")]
    [InlineData("http://[::ffff:169.254.169.254]/")]
    public async Task A_redirect_into_a_refused_address_is_refused(string to)
    {
        await using var target = await HttpTarget.StartAsync();
        target.RedirectTo = to;
        var outcome = await SendAsync($$"""{"url":"{{target.Url}}/redirect","follow_redirects":true}""", attempt => attempt);

        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.Contains("never a target", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/ok")]
    [InlineData("http://2130706433:{0}/ok")]
    [InlineData("http://0x7f000001:{0}/ok")]
    [InlineData("http://0177.0.0.1:{0}/ok")]
    [InlineData("http://127.1:{0}/ok")]
    [InlineData("http://localhost:{0}/ok")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/ok")]
    [InlineData("http://[::1]:{0}/ok")]
    public async Task However_loopback_is_written_it_is_refused_without_the_option(string url)
    {
        await using var target = await HttpTarget.StartAsync();
        var outcome = await SendAsync(
            $$"""{"url":"{{string.Format(System.Globalization.CultureInfo.InvariantCulture, url, new Uri(target.Url).Port)}}"}""",
            attempt => attempt, new HttpDispatchOptions());

        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.Empty(target.Received);
    }

    [Fact]
    public async Task A_name_that_resolves_to_something_else_the_second_time_gains_nothing()
    {
        await using var target = await HttpTarget.StartAsync();
        var answers = new Queue<IPAddress>([IPAddress.Parse("169.254.169.254"), IPAddress.Loopback, IPAddress.Parse("::ffff:169.254.169.254")]);
        using var dispatcher = new HttpDispatcher(
            new HttpDispatchOptions { AllowPrivateTargets = true, ConnectionLifetime = TimeSpan.Zero }, new FixedSecrets(), NewBoard(), TimeProvider.System,
            (_, _) => Task.FromResult(new[] { answers.Dequeue() }));
        var attempt = Attempt($$"""{"url":"http://rebind.test:{{new Uri(target.Url).Port}}/ok"}""");

        Assert.Equal(FailureClass.Request, (await dispatcher.DispatchAsync(attempt, CancellationToken.None)).Failure);
        Assert.Equal(FailureClass.None, (await dispatcher.DispatchAsync(attempt, CancellationToken.None)).Failure);
        Assert.Equal(FailureClass.Request, (await dispatcher.DispatchAsync(attempt, CancellationToken.None)).Failure);
        Assert.Single(target.Received);
    }

    [Fact]
    public async Task A_proxy_of_the_environment_is_not_used()
    {
        await using var target = await HttpTarget.StartAsync();
        await using var proxy = await HttpTarget.StartAsync();
        var before = Environment.GetEnvironmentVariable("http_proxy");
        Environment.SetEnvironmentVariable("http_proxy", proxy.Url);
        try
        {
            await SendAsync($$"""{"url":"{{target.Url}}/ok"}""", attempt => attempt);
        }
        finally
        {
            Environment.SetEnvironmentVariable("http_proxy", before);
        }

        Assert.Empty(proxy.Received);
        Assert.Single(target.Received);
    }

    [Fact]
    public async Task An_open_circuit_fails_at_once_and_a_probe_answered_with_4xx_closes_it()
    {
        await using var target = await HttpTarget.StartAsync();
        var time = new ManualTime();
        var board = new CircuitBoard(new CircuitOptions { MinimumThroughput = 2, BreakDuration = TimeSpan.FromSeconds(10) }, time);
        using var dispatcher = new HttpDispatcher(new HttpDispatchOptions { AllowPrivateTargets = true }, new FixedSecrets(), board, time);
        var attempt = Attempt($$"""{"url":"{{target.Url}}/status"}""");
        async Task<FailureClass> Send(int status)
        {
            target.Status = status;
            return (await dispatcher.DispatchAsync(attempt, CancellationToken.None)).Failure;
        }

        Assert.Equal([FailureClass.ServerError, FailureClass.ServerError], [await Send(500), await Send(500)]);
        Assert.Equal(FailureClass.CircuitOpen, await Send(200));
        Assert.Equal(2, target.Received.Count);
        Assert.Equal([KeyValuePair.Create(target.Url, CircuitStatus.Open)], board.States());

        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(FailureClass.ServerError, await Send(500));
        Assert.Equal(FailureClass.CircuitOpen, await Send(200));

        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(FailureClass.ClientError, await Send(404));
        Assert.Equal(FailureClass.None, await Send(200));
        Assert.Equal(CircuitStatus.Closed, board.States()[target.Url]);
    }

    internal static readonly JobId Job = JobId.For(TenantId.Default, "nightly");

    internal static AttemptRequest Attempt(string section) => new(
        TenantId.Default, Job, "nightly", 1, ExecutionId.ForSlot(Job, At), 1, At, Canonical(section), null, TimeSpan.FromSeconds(20), [],
        ImmutableSortedDictionary<string, string>.Empty.Add("team", "data"), "0af7651916cd43dd8448eb211c80319c");

    private static DispatchTarget Canonical(string section)
    {
        var violations = new List<Violation>();
        using var document = System.Text.Json.JsonDocument.Parse(section);
        var canonical = ProtocolSections.Read(Protocol.Http, document.RootElement, "webhook", violations);
        Assert.Empty(violations);
        return new DispatchTarget(Protocol.Http, canonical!);
    }

    private static CircuitBoard NewBoard() => new(new CircuitOptions(), TimeProvider.System);

    private static Task<AttemptOutcome> SendAsync(string section, Func<AttemptRequest, AttemptRequest> with) =>
        SendAsync(section, with, new HttpDispatchOptions { AllowPrivateTargets = true });

    private static async Task<AttemptOutcome> SendAsync(string section, Func<AttemptRequest, AttemptRequest> with, HttpDispatchOptions options)
    {
        var secrets = new FixedSecrets
        {
            ["plain"] = "plain-value",
            ["right"] = DispatcherCompliance.Secret,
            ["signing"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        };
        using var dispatcher = new HttpDispatcher(options, secrets, NewBoard(), TimeProvider.System);
        return await dispatcher.DispatchAsync(with(Attempt(section)), TestContext.Current.CancellationToken);
    }
}

/// <summary>A clock that moves when told to. Its timers never fire.</summary>
internal sealed class ManualTime : TimeProvider
{
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.Ticks;

    public void Advance(TimeSpan by) => _now += by;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Never();

    private sealed class Never : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

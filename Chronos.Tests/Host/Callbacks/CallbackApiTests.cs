using System.Net;
using System.Text.Json;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Callbacks;

/// <summary>Jobs that their target ends by callback, as the target has them: a request with a token, and a route that takes it.</summary>
[Collection(NodeCollection.Name)]
public sealed class CallbackApiTests(SharedNode shared) : IAsyncLifetime
{
    private readonly HostFixture _node = shared.Node;
    private Receiver _receiver = null!;
    private HttpClient _target = null!;

    public async ValueTask InitializeAsync()
    {
        _receiver = await Receiver.Start();
        _receiver.Answer = (_, _) => Task.FromResult(202);
        _target = new HttpClient();
    }

    public async ValueTask DisposeAsync()
    {
        _target.Dispose();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task A_target_ends_its_attempt_with_an_output_at_the_address_that_it_was_given_and_needs_no_key()
    {
        var execution = await Run("cb-output", "true");
        var request = await Requested();
        var waiting = await Attempt(execution);
        Assert.Equal(("running", 202), (waiting.Status, waiting.Attempt.GetProperty("status_code").GetInt32()));
        Assert.True(waiting.Attempt.GetProperty("callback").GetProperty("expires_at").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddMinutes(4));

        var output = new string('x', 9000);
        Assert.StartsWith(_node.Address + "/api/v1/callbacks/cbt_", request.CallbackUrl, StringComparison.Ordinal);
        var (code, noted) = await Call(request.CallbackUrl, $$"""{"output":{"text":"{{output}}"} }""");
        Assert.Equal((HttpStatusCode.OK, "succeeded", execution), (code, noted.GetProperty("status").GetString(), noted.GetProperty("execution_id").GetString()));

        var ended = await Attempt(execution);
        Assert.Equal("succeeded", ended.Status);
        Assert.StartsWith("""{"text":"xxx""", ended.Attempt.GetProperty("excerpt").GetString(), StringComparison.Ordinal);
        Assert.Equal($$"""{"text":"{{output}}"}""", (await _node.Get($"/api/v1/executions/{Uri.EscapeDataString(execution)}/attempts/1/output")).Body);

        (code, noted) = await Call(request.CallbackUrl, "{}");
        Assert.Equal((HttpStatusCode.Conflict, "conflict"), (code, noted.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_target_that_reads_no_headers_finds_the_address_where_the_job_put_it()
    {
        var execution = await Run("cb-template", """true,"body":{"when_done":"{{ callback.url }}","n":1}""");
        var request = await Requested();
        Assert.Equal($$"""{"when_done":"{{request.CallbackUrl}}","n":1}""", request.Body);
        Assert.Equal(HttpStatusCode.OK, (await Call(JsonDocument.Parse(request.Body).RootElement.GetProperty("when_done").GetString()!, null)).Code);
        Assert.Equal("succeeded", (await Attempt(execution)).Status);

        foreach (var (field, document) in new[]
        {
            ("webhook.body", $$$"""{"name":"cb-none","webhook":{"url":"{{{_receiver.Url}}}/","body":"{{ callback.url }}"} }"""),
            ("payload.a[0]", $$$"""{"name":"cb-none","webhook":{"url":"{{{_receiver.Url}}}/"},"payload":{"a":["{{ callback.token }}"]} }"""),
            ("cloud_event.subject", $$$"""{"name":"cb-none","webhook":{"url":"{{{_receiver.Url}}}/"},"cloud_event":{"type":"t","subject":"{{ callback.url }}"} }"""),
        })
        {
            var refused = await _node.Post("/api/v1/jobs", document);
            Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
            Assert.Equal(field, refused.Json.GetProperty("errors")[0].GetProperty("field").GetString());
        }
    }

    /// <summary>As curl sends it without a word about its type, and with none at all.</summary>
    [Theory]
    [InlineData("application/x-www-form-urlencoded", "{\"output\":1}")]
    [InlineData("text/plain", "{}")]
    [InlineData("application/x-www-form-urlencoded", "")]
    public async Task A_report_is_taken_under_any_content_type(string type, string body)
    {
        var execution = await Run($"cb-type-{type.Length}-{body.Length}", "true");
        var request = await Requested();
        await Attempt(execution);
        using var heartbeat = new StringContent("", System.Text.Encoding.UTF8, type);
        using var beat = await _target.PostAsync(request.CallbackUrl + "/heartbeat", heartbeat, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, beat.StatusCode);
        using var content = new StringContent(body, System.Text.Encoding.UTF8, type);
        using var answer = await _target.PostAsync(request.CallbackUrl, content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("succeeded", (await Attempt(execution)).Status);
    }

    [Fact]
    public async Task Heartbeats_show_progress_and_put_the_expiry_off()
    {
        var execution = await Run("cb-beat", """{"timeout":"1h"}""");
        var request = await Requested();
        await Attempt(execution);
        var (code, noted) = await Call(request.CallbackUrl + "/heartbeat", """{"progress":40,"message":"half way"}""");

        Assert.Equal((HttpStatusCode.OK, "running"), (code, noted.GetProperty("status").GetString()));
        Assert.True(noted.GetProperty("expires_at").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddMinutes(59));
        var progress = (await Attempt(execution)).Attempt.GetProperty("progress");
        Assert.Equal((40, "half way"), (progress.GetProperty("percent").GetDouble(), progress.GetProperty("message").GetString()));
        Assert.Equal(HttpStatusCode.OK, (await Call(request.CallbackUrl, null)).Code);
    }

    [Fact]
    public async Task Silence_fails_the_attempt_and_the_next_one_has_a_token_of_its_own()
    {
        var execution = await Run("cb-silence", """{"timeout":"300ms"}""", ""","retry":{"max_attempts":2,"initial_interval":"10ms"}""");
        await Eventually.True(() => _receiver.Requests.Count == 2, TimeSpan.FromSeconds(20));
        var ended = await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(execution)}", e => e.Text("status") == "timed_out");

        Assert.Equal(2, _receiver.Requests.Select(r => r.CallbackToken).Distinct().Count());
        Assert.Single(_receiver.Requests.Select(r => r.Key).Distinct());
        Assert.All(ended.Json.GetProperty("attempts").EnumerateArray(), a => Assert.Equal("timeout", a.GetProperty("failure").GetString()));
        var (code, problem) = await Call(_receiver.Requests.First().CallbackUrl, null);
        Assert.Equal((HttpStatusCode.Gone, "gone"), (code, problem.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_failure_is_told_with_its_reason_and_tried_again_unless_it_is_for_good()
    {
        var execution = await Run("cb-fail", "true");
        Assert.Equal("running", (await Attempt(execution)).Status);
        var (_, noted) = await Call((await Requested()).CallbackUrl, """{"status":"failed","error":"no room","retryable":false}""");
        Assert.Equal("failed", noted.GetProperty("status").GetString());
        Assert.Equal("no room", (await Attempt(execution)).Attempt.GetProperty("error").GetString());

        await Run("cb-fail-again", "true", ""","retry":{"max_attempts":2,"initial_interval":"1h","max_interval":"2h"}""");
        await Eventually.True(() => _receiver.Requests.Count == 2, TimeSpan.FromSeconds(20));
        (_, noted) = await Call(_receiver.Requests.Last().CallbackUrl, """{"status":"failed","retry_after":"90m"}""");
        Assert.Equal("pending", noted.GetProperty("status").GetString());
        Assert.True(noted.GetProperty("retry_at").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddMinutes(80));
    }

    [Fact]
    public async Task A_secret_that_the_target_reports_and_the_token_itself_are_masked()
    {
        Directory.CreateDirectory(Path.Combine(_node.Folder, "secrets"));
        await File.WriteAllTextAsync(Path.Combine(_node.Folder, "secrets", "cb-token"), "hunter2hunter2");
        var execution = await Run("cb-secret", """true,"auth":{"type":"bearer","token":{"secret":"cb-token"}}""");
        var request = await Requested();
        await Attempt(execution);
        Assert.Equal(HttpStatusCode.OK, (await Call(request.CallbackUrl + "/heartbeat", """{"message":"with hunter2hunter2"}""")).Code);
        Assert.Equal("with ***", (await Attempt(execution)).Attempt.GetProperty("progress").GetProperty("message").GetString());
        Assert.Equal(HttpStatusCode.OK, (await Call(request.CallbackUrl, $$"""{"output":["hunter2hunter2","{{request.CallbackToken}}"]}""")).Code);

        Assert.Equal("""["***","***"]""", (await Attempt(execution)).Attempt.GetProperty("excerpt").GetString());
    }

    [Theory]
    [InlineData("""{"status":"done"}""", "status")]
    [InlineData("""{"error":"x"}""", "error")]
    [InlineData("""{"retryable":false}""", "retryable")]
    [InlineData("""{"status":"failed","retry_after":"soon"}""", "retry_after")]
    [InlineData("""{"colour":1}""", "colour")]
    public async Task What_is_wrong_with_a_report_is_named_and_uses_nothing_up(string body, string field)
    {
        await Run($"cb-bad-{field.Replace('_', '-')}", "true");
        var request = await Requested();

        var (code, problem) = await Call(request.CallbackUrl, body);
        Assert.Equal(HttpStatusCode.BadRequest, code);
        Assert.Equal(field, problem.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.Equal(HttpStatusCode.BadRequest, (await Call(request.CallbackUrl + "/heartbeat", """{"progress":101}""")).Code);
        Assert.Equal(HttpStatusCode.OK, (await Call(request.CallbackUrl, null)).Code);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("cbt_0123456789ABCDEF_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task An_unknown_token_is_not_found(string token)
    {
        foreach (var path in new[] { token, token + "/heartbeat" })
        {
            var (code, problem) = await Call($"{_node.Address}/api/v1/callbacks/{path}", "{}");
            Assert.Equal((HttpStatusCode.NotFound, "not_found"), (code, problem.GetProperty("code").GetString()));
        }
    }

    [Fact]
    public async Task Of_many_reports_at_once_exactly_one_counts()
    {
        var execution = await Run("cb-race", "true");
        var request = await Requested();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Call(request.CallbackUrl, $$"""{"output":{{n}} }""")));

        Assert.Single(answers, a => a.Code == HttpStatusCode.OK);
        Assert.Equal(19, answers.Count(a => a.Code == HttpStatusCode.Conflict));
        Assert.Equal("succeeded", (await Attempt(execution)).Status);
    }

    [Fact]
    public async Task A_cancelled_execution_takes_no_callback()
    {
        var execution = await Run("cb-cancel", "true");
        var request = await Requested();
        await Attempt(execution);
        Assert.Equal(202, (int)(await _node.Post($"/api/v1/executions/{Uri.EscapeDataString(execution)}/cancel", "{}")).Status);
        await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(execution)}", e => e.Text("status") == "cancelled");

        Assert.Equal(HttpStatusCode.Gone, (await Call(request.CallbackUrl, null)).Code);
    }

    private async Task<string> Run(string name, string callback, string more = "")
    {
        var made = await _node.Post("/api/v1/jobs", $$"""{"name":"{{name}}","webhook":{"url":"{{_receiver.Url}}/","callback":{{callback}} }{{more}} }""");
        Assert.True((int)made.Status == 201, made.Body);
        return (await _node.Post($"/api/v1/jobs/{name}/trigger", "{}")).Text("id")!;
    }

    private async Task<Received> Requested()
    {
        await Eventually.True(() => !_receiver.Requests.IsEmpty, TimeSpan.FromSeconds(20));
        return _receiver.Requests.First();
    }

    /// <summary>The last attempt, once the target has accepted it or it is over.</summary>
    private async Task<(string Status, JsonElement Attempt)> Attempt(string execution)
    {
        var answer = await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(execution)}", e =>
            e.Json.GetProperty("attempts").EnumerateArray().Last() is var last && (last.TryGetProperty("callback", out _) || last.TryGetProperty("failure", out _)));
        return (answer.Text("status")!, answer.Json.GetProperty("attempts").EnumerateArray().Last());
    }

    private async Task<(HttpStatusCode Code, JsonElement Json)> Call(string url, string? body)
    {
        using var answer = await _target.PostAsync(url, body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        return (answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement);
    }
}

using System.Net;
using System.Text;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Http;

[Collection(NodeCollection.Name)]
public sealed class ProblemTests(SharedNode shared)
{
    private readonly HostFixture _node = shared.Node;

    [Theory]
    [InlineData("GET", "/nowhere", null, 404, "not_found")]
    [InlineData("GET", "/api/v1/jobs/none", null, 404, "not_found")]
    [InlineData("GET", "/api/v1/jobs/NO SUCH", null, 404, "not_found")]
    [InlineData("GET", "/api/v1/executions/x", null, 404, "not_found")]
    [InlineData("GET", "/api/v1/executions/0123456789ABCDEF@2026-01-01T00:00:00Z", null, 404, "not_found")]
    [InlineData("GET", "/api/v1/operations/x", null, 404, "not_found")]
    [InlineData("GET", "/api/v1/jobs/none/why?at=2026-01-01T00:00:00Z", null, 404, "not_found")]
    [InlineData("POST", "/api/v1/jobs/none/trigger", null, 404, "not_found")]
    [InlineData("DELETE", "/api/v1/jobs/none", null, 404, "not_found")]
    [InlineData("DELETE", "/api/v1/jobs", null, 405, "method_not_allowed")]
    [InlineData("POST", "/api/v1/jobs", "{", 400, "invalid_json")]
    [InlineData("POST", "/api/v1/jobs", "", 400, "invalid_json")]
    [InlineData("POST", "/api/v1/jobs", "[]", 400, "validation_failed")]
    [InlineData("POST", "/api/v1/jobs", "7", 400, "validation_failed")]
    [InlineData("POST", "/api/v1/jobs", "{}", 400, "validation_failed")]
    [InlineData("GET", "/api/v1/jobs?limit=501", null, 400, "validation_failed")]
    [InlineData("GET", "/api/v1/jobs?limti=5", null, 400, "validation_failed")]
    [InlineData("GET", "/api/v1/jobs?cursor=zzz", null, 400, "validation_failed")]
    [InlineData("GET", "/api/v1/jobs?sort=colour", null, 400, "validation_failed")]
    [InlineData("GET", "/api/v1/executions?status=late", null, 400, "validation_failed")]
    [InlineData("GET", "/api/v1/executions?from=yesterday", null, 400, "validation_failed")]
    [InlineData("POST", "/api/v1/schedules/preview", "{\"schedule\":\"0 0 31 2 *\"}", 400, "validation_failed")]
    [InlineData("POST", "/api/v1/schedules/preview", "{\"schedule\":\"* * * * *\",\"timezone\":\"Mars/Base\"}", 400, "validation_failed")]
    [InlineData("POST", "/api/v1/jobs:apply?prune=true", "[]", 400, "validation_failed")]
    [InlineData("POST", "/api/v1/jobs:apply?prune=true&dry_run=true", "[]", 400, "validation_failed")]
    [InlineData("POST", "/api/v1/jobs/none/trigger", "{\"payload\":\"{{ nope\"}", 400, "validation_failed")]
    [InlineData("POST", "/api/v1/jobs/none/trigger", "{\"payload\":{\"a\":\"{{ payload }}\"}}", 400, "validation_failed")]
    [InlineData("POST", "/api/v1/jobs", "{\"name\":\"edge\",\"webhook\":{\"url\":\"http://h/\"},\"schedule\":{\"rrule\":\"FREQ=YEARLY\",\"starts_at\":\"0001-01-01T00:00:00Z\"}}", 400, "validation_failed")]
    [InlineData("GET", "/api/v1/jobs/none/slots?to=0001-01-01T00:00:00Z", null, 400, "validation_failed")]
    public async Task A_refusal_is_problem_details_with_its_code(string method, string path, string? body, int status, string code)
    {
        var answer = await _node.Send(new HttpMethod(method), path, body);
        Assert.Equal((status, code, "application/problem+json"), ((int)answer.Status, answer.Text("code"), answer.Type));
        Assert.Equal(status.ToString(System.Globalization.CultureInfo.InvariantCulture), answer.Text("status"));
        Assert.False(string.IsNullOrEmpty(answer.Text("trace_id")));
    }

    [Fact]
    public async Task Broken_JSON_is_refused_with_line_and_column()
    {
        var answer = await _node.Post("/api/v1/jobs", "{\n  \"name\": x\n}");
        Assert.StartsWith("line 2, column 11", answer.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_content_type_that_is_not_understood_is_refused()
    {
        var answer = await _node.Send(HttpMethod.Post, "/api/v1/jobs", "a=b"u8.ToArray(), "application/x-www-form-urlencoded");
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "unsupported_media_type"), (answer.Status, answer.Text("code")));
    }

    [Theory]
    [InlineData("application/json; charset=utf-16", null, "utf-16")]
    [InlineData("application/json", "gzip", "gzip")]
    public async Task A_body_in_another_encoding_is_refused_with_its_name(string type, string? compression, string named)
    {
        using var content = new ByteArrayContent("{}"u8.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (compression is not null)
        {
            content.Headers.ContentEncoding.Add(compression);
        }

        using var answer = await _node.Client.PostAsync("/api/v1/jobs", content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        Assert.Contains($"'{named}'", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/health/ready", HttpStatusCode.OK)]
    [InlineData("/api/v1/jobs", HttpStatusCode.OK)]
    [InlineData("/api/v1/jobs/none", HttpStatusCode.NotFound)]
    public async Task Whatever_can_be_got_answers_HEAD_without_a_body(string path, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        using var answer = await _node.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(status, answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_body_of_2_MB_is_refused()
    {
        var large = Encoding.UTF8.GetBytes($$"""{"name":"large","webhook":{"url":"http://x"},"payload":"{{new string('x', 2 << 20)}}"}""");
        var answer = await _node.Send(HttpMethod.Post, "/api/v1/jobs", large, "application/json");
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "payload_too_large"), (answer.Status, answer.Text("code")));
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Get("/api/v1/jobs/large")).Status);
    }

    [Fact]
    public async Task Every_route_but_health_and_documentation_needs_a_key()
    {
        using var nobody = _node.Connect(null);
        foreach (var path in new[] { "/api/v1/jobs", "/api/v1/executions", "/api/v1/cluster", "/api/v1/stats", "/api/v1/keys", "/api/v1/jobs:export", "/metrics", "/api/v1/dead-letters" })
        {
            using var refused = await nobody.GetAsync(path);
            Assert.Equal((path, HttpStatusCode.Unauthorized), (path, refused.StatusCode));
            Assert.Contains("unauthenticated", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        foreach (var path in new[] { "/health/live", "/health/ready", "/openapi/v1.json", "/docs" })
        {
            using var open = await nobody.GetAsync(path);
            Assert.True(open.IsSuccessStatusCode, $"{path} answered {(int)open.StatusCode}");
        }
    }

    [Fact]
    public async Task A_key_may_do_what_its_scopes_say_until_it_is_revoked()
    {
        var made = await _node.Post("/api/v1/keys", """{"name":"reader","scopes":["jobs:read"]}""");
        Assert.Equal(HttpStatusCode.Created, made.Status);
        using var reader = _node.Connect(made.Text("key"));
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/v1/jobs")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.DeleteAsync("/api/v1/jobs/x")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.GetAsync("/metrics")).StatusCode);
        Assert.DoesNotContain(made.Text("key")!, (await _node.Get("/api/v1/keys")).Body, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await _node.Send(HttpMethod.Delete, $"/api/v1/keys/{made.Text("id")}", null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await reader.GetAsync("/api/v1/jobs")).StatusCode);
    }
}

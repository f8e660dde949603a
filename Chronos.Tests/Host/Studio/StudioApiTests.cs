using System.Text.Json;
using Chronos.Tests.Cli.Kit;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Studio;

[Collection(NodeCollection.Name)]
public sealed class StudioApiTests(SharedNode shared)
{
    private HostFixture Node => shared.Node;

    [Fact]
    public async Task A_test_sends_once_and_answers_with_request_timings_response_and_a_job()
    {
        await using var target = await Receiver.Start();
        var answer = await Node.Post("/api/v1/studio/test",
            $$$"""{"webhook":{"url":"{{{target.Url}}}/in?token=hunter2","headers":{"X-Team":"data"}},"payload":{"n":1,"at":"{{ execution.id }}"},"tags":{"a":"b"}}""");

        Assert.Equal(200, (int)answer.Status);
        var received = Assert.Single(target.Requests);
        Assert.StartsWith("""{"n":1,"at":""", received.Body, StringComparison.Ordinal);
        var sent = answer.Json.GetProperty("sent")[0];
        Assert.Equal(("POST", $"{target.Url}/in?token=***", received.Body), (sent.GetProperty("method").GetString(), sent.GetProperty("address").GetString(), sent.GetProperty("body").GetString()));
        Assert.Contains(sent.GetProperty("headers").EnumerateArray(), h => h.GetProperty("name").GetString() == "Idempotency-Key" && h.GetProperty("value").GetString() == received.Key);
        Assert.Contains(sent.GetProperty("headers").EnumerateArray(), h => h.GetProperty("name").GetString() == "X-Team" && h.GetProperty("value").GetString() == "data");
        Assert.True(answer.Json.GetProperty("timings").GetProperty("connect_ms").GetDouble() > 0);
        Assert.True(answer.Json.GetProperty("timings").GetProperty("first_byte_ms").GetDouble() > 0);
        Assert.Equal(200, answer.Json.GetProperty("response").GetProperty("status_code").GetInt32());
        Assert.DoesNotContain("hunter2", answer.Body, StringComparison.Ordinal);

        // The document is a job: it can be made as it stands.
        var document = answer.Json.GetProperty("document");
        Assert.Equal(target.Url + "/in?token={{ secrets.token }}", document.GetProperty("webhook").GetProperty("url").GetString());
        Assert.Equal(201, (int)(await Node.Post("/api/v1/jobs", document.GetRawText())).Status);
        Assert.Equal(204, (int)(await Node.Send(HttpMethod.Delete, $"/api/v1/jobs/{document.GetProperty("name").GetString()}", null)).Status);
    }

    [Fact]
    public async Task A_secret_comes_with_the_request_is_used_and_is_kept_nowhere()
    {
        await using var target = await Receiver.Start();
        var answer = await Node.Post("/api/v1/studio/test",
            $$$"""{"webhook":{"url":"{{{target.Url}}}","auth":{"type":"bearer","token":{"secret":"mine"}},"body":"say {{ secrets.mine }}"},"secrets":["mine"],"secret_values":{"mine":"hunter2hunter2"} }""");
        Assert.Equal("say hunter2hunter2", Assert.Single(target.Requests).Body);
        Assert.DoesNotContain("hunter2hunter2", answer.Body, StringComparison.Ordinal);
        var kept = await Node.Get($"/api/v1/studio/exchanges/{answer.Text("id")}");
        Assert.Equal(answer.Body, kept.Body);
        Assert.Equal("say ***", kept.Json.GetProperty("sent")[0].GetProperty("body").GetString());
    }

    [Fact]
    public async Task A_target_that_refuses_is_an_answer_and_not_an_error()
    {
        await using var target = await Receiver.Start();
        target.Answer = (_, _) => Task.FromResult(503);
        var answer = await Node.Post("/api/v1/studio/test", $$"""{"webhook":{"url":"{{target.Url}}"} }""");
        Assert.Equal((200, "5xx", "503"), ((int)answer.Status, answer.Text("failure"), answer.Json.GetProperty("response").GetProperty("status_code").ToString()));
    }

    [Fact]
    public async Task Exchanges_are_listed_newest_first_page_by_page_and_only_to_their_key()
    {
        await using var target = await Receiver.Start();
        var ids = new List<string>();
        for (var n = 0; n < 3; n++)
        {
            ids.Insert(0, (await Node.Post("/api/v1/studio/test", $$"""{"webhook":{"url":"{{target.Url}}/{{n}}"} }""")).Text("id")!);
        }

        var first = await Node.Get("/api/v1/studio/exchanges?limit=2");
        Assert.Equal(ids.Take(2), Ids(first));
        Assert.Equal(ids[2], Ids(await Node.Get($"/api/v1/studio/exchanges?limit=1&cursor={first.Text("next_cursor")}")).Single());
        var row = first.Json.GetProperty("items")[0];
        Assert.Equal(("webhook", "POST", $"{target.Url}/2"), (row.GetProperty("protocol").GetString(), row.GetProperty("method").GetString(), row.GetProperty("address").GetString()));

        var key = (await Node.Post("/api/v1/keys", """{"name":"other","scopes":["executions:read"]}""")).Text("key");
        using var other = Node.Connect(key);
        Assert.Equal("""{"items":[]}""", await other.GetStringAsync("/api/v1/studio/exchanges"));
        Assert.Equal(404, (int)(await other.GetAsync($"/api/v1/studio/exchanges/{ids[0]}")).StatusCode);
        using var body = new StringContent($$"""{"webhook":{"url":"{{target.Url}}"} }""", System.Text.Encoding.UTF8, "application/json");
        Assert.Equal(403, (int)(await other.PostAsync("/api/v1/studio/test", body)).StatusCode);
    }

    [Theory]
    [InlineData("""{}""", "webhook")]
    [InlineData("""{"webhook":{"url":"http://a"},"nats":{"url":"nats://a","subject":"b"}}""", "nats")]
    [InlineData("""{"webhook":{"url":"ftp://a"}}""", "webhook.url")]
    [InlineData("""{"webhook":{"url":"http://a"},"wobble":1}""", "wobble")]
    [InlineData("""{"webhook":{"url":"http://a"},"secret_values":7}""", "secret_values")]
    [InlineData("""{"webhook":{"url":"http://a"},"secret_values":{"a":7}}""", "secret_values.a")]
    [InlineData("""{"webhook":{"url":"http://a","headers":{"Authorization":"Bearer x"}}}""", "webhook.headers.Authorization")]
    public async Task What_is_wrong_is_named_by_its_field(string body, string field)
    {
        var answer = await Node.Post("/api/v1/studio/test", body);
        Assert.Equal(400, (int)answer.Status);
        Assert.Contains(field, answer.Fields);
    }

    [Fact]
    public async Task A_curl_line_becomes_a_document_without_its_credentials()
    {
        var answer = await Node.Post("/api/v1/studio/import", JsonSerializer.Serialize(new { curl = "curl -u me:hunter2 -d '{\"a\":1}' -H 'Content-Type: application/json' https://example.com/hook" }));
        Assert.Equal(200, (int)answer.Status);
        Assert.Equal("""{"a":1}""", answer.Json.GetProperty("document").GetProperty("webhook").GetProperty("body").GetRawText());
        Assert.Equal("""[{"name":"password","used_for":"webhook.auth.password"}]""", answer.Json.GetProperty("secrets").GetRawText());
        Assert.DoesNotContain("hunter2", answer.Body, StringComparison.Ordinal);
        Assert.Equal(["curl"], (await Node.Post("/api/v1/studio/import", """{"curl":"wget x"}""")).Fields);
        Assert.Equal(["curl"], (await Node.Post("/api/v1/studio/import", "{}")).Fields);
    }

    [Fact]
    public async Task The_program_tests_imports_and_shows()
    {
        await using var target = await Receiver.Start();
        using var run = new CliRun();
        Task<CliResult> Run(params string[] args) => run.RunAsync([.. args, "--server", Node.Address, "--key", Node.Key]);

        var line = $"curl -H 'Authorization: Bearer hunter2hunter2' -d a=1 {target.Url}/cli";
        var tested = await Run("studio", "test", "--curl", line);
        Assert.Equal((0, "a=1"), (tested.Exit, Assert.Single(target.Requests).Body));
        Assert.Contains($"> POST {target.Url}/cli", tested.OutLines);
        Assert.Contains("> Authorization: ***", tested.OutLines);
        Assert.Contains(tested.OutLines, l => l.StartsWith("< succeeded 200 HTTP/1.1", StringComparison.Ordinal));
        Assert.Contains(tested.OutLines, l => l.StartsWith("connect ", StringComparison.Ordinal) && l.Contains("first byte", StringComparison.Ordinal) && l.Contains("total", StringComparison.Ordinal));
        Assert.DoesNotContain("hunter2", tested.Out + tested.Error, StringComparison.Ordinal);

        var id = (await Run("studio", "list", "-q", "--limit", "1")).OutLines.Single();
        var document = await Run("studio", "get", id, "--document");
        Assert.Contains("  auth:\n    type: bearer\n    token:\n      secret: bearer_token\n", document.Out, StringComparison.Ordinal);
        Assert.Contains("<data>/secrets/bearer_token", document.Error, StringComparison.Ordinal);

        target.Answer = (_, _) => Task.FromResult(500);
        var failed = await Run("studio", "test", "--url", target.Url, "--payload", """{"n":1}""", "-o", "json");
        Assert.Equal(1, failed.Exit);
        Assert.Equal("5xx", JsonDocument.Parse(failed.Out).RootElement.GetProperty("failure").GetString());
        Assert.Equal(2, (await Run("studio", "test")).Exit);

        target.Answer = (_, _) => Task.FromResult(200);
        Assert.Equal(201, (int)(await Node.Post("/api/v1/jobs", $$"""{"name":"tried","schedule":"0 0 1 1 *","webhook":{"url":"{{target.Url}}/job"},"payload":{"n":2} }""")).Status);
        Assert.Equal(0, (await Run("studio", "test", "--job", "tried")).Exit);
        Assert.Equal("""{"n":2}""", target.Requests.Last().Body);
        Assert.Empty((await Node.Get("/api/v1/executions?job=tried")).Json.GetProperty("items").EnumerateArray());
        Assert.Equal(3, (await Run("studio", "get", "none")).Exit);
    }

    private static IEnumerable<string> Ids(Answer answer) => answer.Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!);
}

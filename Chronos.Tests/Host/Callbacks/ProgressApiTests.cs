using Chronos.Tests.Kit;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Chronos.Tests.Host.Callbacks;

/// <summary>What a target streams while it works, as somebody who looks at the execution sees it.</summary>
[Collection(NodeCollection.Name)]
public sealed class ProgressApiTests(SharedNode shared)
{
    [Fact]
    public async Task Progress_is_seen_while_the_target_still_streams_and_its_last_event_becomes_the_output()
    {
        var go = new TaskCompletionSource();
        await using var target = await WebServer.Start(Listening.Plain, async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync("data: {\"progress\":30,\"message\":\"third\"}\n\n");
            await http.Response.Body.FlushAsync();
            await go.Task;
            await http.Response.WriteAsync("data: {\"rows\":42}\n\n");
        });
        var made = await shared.Node.Post("/api/v1/jobs", $$"""{"name":"streams","webhook":{"url":"{{target.Url}}/","digest":true},"payload":{"a":1} }""");
        Assert.True((int)made.Status == 201, made.Body);
        var path = $"/api/v1/executions/{Uri.EscapeDataString((await shared.Node.Post("/api/v1/jobs/streams/trigger", "{}")).Text("id")!)}";

        var running = await shared.Node.Until(path, e => e.Json.GetProperty("attempts")[0].TryGetProperty("progress", out _));
        var progress = running.Json.GetProperty("attempts")[0].GetProperty("progress");
        Assert.Equal(("running", 30, "third"), (running.Text("status"), progress.GetProperty("percent").GetDouble(), progress.GetProperty("message").GetString()));
        go.SetResult();

        var ended = (await shared.Node.Until(path, e => e.Text("status") == "succeeded")).Json.GetProperty("attempts")[0];
        Assert.Equal("""{"rows":42}""", ended.GetProperty("excerpt").GetString());
        Assert.False(ended.TryGetProperty("progress", out _));
        Assert.Equal(
            $"sha-256=:{Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData("""{"a":1}"""u8))}:",
            (await shared.Node.Until(path, e => e.Json.GetProperty("attempts")[0].TryGetProperty("facts", out _))).Json.GetProperty("attempts")[0].GetProperty("facts").GetProperty("content_digest").GetString());
    }
}

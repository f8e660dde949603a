using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Callbacks;

/// <summary>Outputs that a target sends by themselves: with the token of its attempt, or somebody with a key.</summary>
[Collection(NodeCollection.Name)]
public sealed class OutputUploadTests(SharedNode shared) : IAsyncLifetime
{
    private readonly HostFixture _node = shared.Node;
    private readonly HttpClient _stranger = new();
    private Receiver _receiver = null!;

    public async ValueTask InitializeAsync()
    {
        _receiver = await Receiver.Start();
        _receiver.Answer = (_, _) => Task.FromResult(202);
    }

    public async ValueTask DisposeAsync()
    {
        _stranger.Dispose();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task A_target_sends_a_large_output_with_its_token_and_then_ends_its_attempt()
    {
        var (execution, request) = await Run("up-large");
        var bytes = RandomNumberGenerator.GetBytes(900_000);
        var (code, kept) = await Put(execution, 1, bytes, "application/x-parquet", request.CallbackToken);
        Assert.Equal((HttpStatusCode.OK, execution, 900_000), (code, kept.GetProperty("execution_id").GetString(), kept.GetProperty("bytes").GetInt32()));

        Assert.Equal(HttpStatusCode.OK, (await _stranger.PostAsync(request.CallbackUrl, null, TestContext.Current.CancellationToken)).StatusCode);
        await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(execution)}", e => e.Text("status") == "succeeded");
        using var output = await _node.Client.GetAsync(PathOf(execution, 1), TestContext.Current.CancellationToken);
        Assert.Equal("application/x-parquet", output.Content.Headers.ContentType!.ToString());
        Assert.Equal(bytes, await output.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));

        // Its token is used up, and with it what it allows.
        (code, _) = await Put(execution, 1, "late"u8.ToArray(), "text/plain", request.CallbackToken);
        Assert.Equal(HttpStatusCode.Conflict, code);
        Assert.Equal(bytes.Length, (await _node.Client.GetByteArrayAsync(PathOf(execution, 1), TestContext.Current.CancellationToken)).Length);
    }

    [Fact]
    public async Task A_token_is_good_for_its_own_attempt_only_and_strangers_are_refused()
    {
        var (one, request) = await Run("up-one");
        var (two, _) = await Run("up-two");
        Assert.Equal(HttpStatusCode.NotFound, (await Put(two, 1, "x"u8.ToArray(), "text/plain", request.CallbackToken)).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await Put(one, 2, "x"u8.ToArray(), "text/plain", request.CallbackToken)).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await Put(one, 1, "x"u8.ToArray(), "text/plain", "cbt_nonsense")).Code);
        Assert.Equal(HttpStatusCode.Unauthorized, (await Put(one, 1, "x"u8.ToArray(), "text/plain", null)).Code);
        Assert.Equal(HttpStatusCode.BadRequest, (await Put(one, 1, [], "text/plain", request.CallbackToken)).Code);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await Put(one, 1, new byte[(1 << 20) + 1], "text/plain", request.CallbackToken)).Code);

        // The token opens nothing else.
        using var other = new HttpRequestMessage(HttpMethod.Get, _node.Address + PathOf(one, 1));
        other.Headers.Add("X-Chronos-Callback-Token", request.CallbackToken);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _stranger.SendAsync(other, TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task A_secret_of_the_job_and_the_token_are_masked_in_a_text()
    {
        var (execution, request) = await Run("up-masked");
        await Put(execution, 1, Encoding.UTF8.GetBytes($"my token is {request.CallbackToken}"), "text/plain", request.CallbackToken);
        Assert.Equal("my token is ***", await _node.Client.GetStringAsync(PathOf(execution, 1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Somebody_with_a_key_may_send_it_for_an_attempt_that_there_is()
    {
        var (execution, _) = await Run("up-key");
        var answer = await _node.Send(HttpMethod.Put, PathOf(execution, 1), "by hand"u8.ToArray(), "text/plain");
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        Assert.Equal("by hand", await _node.Client.GetStringAsync(PathOf(execution, 1), TestContext.Current.CancellationToken));
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Send(HttpMethod.Put, PathOf(execution, 9), "x"u8.ToArray(), "text/plain")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _node.Send(HttpMethod.Put, "/api/v1/executions/nonsense/attempts/1/output", "x"u8.ToArray(), "text/plain")).Status);
    }

    private static string PathOf(string execution, int attempt) => $"/api/v1/executions/{Uri.EscapeDataString(execution)}/attempts/{attempt}/output";

    private async Task<(string Execution, Received Request)> Run(string name)
    {
        var made = await _node.Post("/api/v1/jobs", $$"""{"name":"{{name}}","webhook":{"url":"{{_receiver.Url}}/","callback":true} }""");
        Assert.True((int)made.Status == 201, made.Body);
        var execution = (await _node.Post($"/api/v1/jobs/{name}/trigger", "{}")).Text("id")!;
        await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(execution)}", e =>
            e.Json.GetProperty("attempts").EnumerateArray().Any(a => a.TryGetProperty("callback", out _)));
        return (execution, _receiver.Requests.Single(r => r.Execution == execution));
    }

    private async Task<(HttpStatusCode Code, JsonElement Json)> Put(string execution, int attempt, byte[] bytes, string type, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, _node.Address + PathOf(execution, attempt)) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (token is not null)
        {
            request.Headers.Add("X-Chronos-Callback-Token", token);
        }

        using var answer = await _stranger.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (answer.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }
}

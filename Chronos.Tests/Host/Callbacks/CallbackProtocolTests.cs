using System.Net;
using System.Text.Json;
using Chronos.Tests.Actors.Dispatching;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Callbacks;

/// <summary>Over every protocol the target gets a token with the message and ends the attempt by it.</summary>
[Collection(NodeCollection.Name)]
[Trait("speed", "slow")]
public sealed class CallbackProtocolTests(SharedNode shared)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    [Theory]
    [InlineData("webhook")]
    [InlineData("grpc")]
    [InlineData("kafka")]
    [InlineData("nats")]
    [InlineData("rabbitmq")]
    public async Task What_a_target_accepted_is_done_when_it_says_so(string protocol)
    {
        await using var target = await Start(protocol);
        Directory.CreateDirectory(Path.Combine(shared.Node.Folder, "secrets"));
        await File.WriteAllTextAsync(Path.Combine(shared.Node.Folder, "secrets", "right"), DispatcherCompliance.Secret);
        var name = $"cb-{protocol}";
        var made = await shared.Node.Post("/api/v1/jobs", $$"""{"name":"{{name}}","payload":{"n":1},"{{protocol}}":{{target.Accepting.Section[..^1]}},"callback":true} }""");
        Assert.True((int)made.Status == 201, made.Body);
        var path = $"/api/v1/executions/{Uri.EscapeDataString((await shared.Node.Post($"/api/v1/jobs/{name}/trigger", "{}")).Text("id")!)}";

        await Eventually.True(() => target.Received.Count > 0, Patience);
        var waiting = await shared.Node.Until(path, e => e.Json.GetProperty("attempts")[0].TryGetProperty("callback", out _));
        Assert.Equal("running", waiting.Text("status"));
        var headers = target.Received[0].Headers;
        Assert.EndsWith($"/api/v1/callbacks/{headers["x-chronos-callback-token"]}", headers["x-chronos-callback-url"], StringComparison.Ordinal);
        using var caller = new HttpClient();
        using var answer = await caller.PostAsync(headers["x-chronos-callback-url"], new StringContent("""{"output":"done over there"}""", System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("succeeded", JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("status").GetString());

        var ended = await shared.Node.Until(path, e => e.Text("status") == "succeeded");
        Assert.Equal("done over there", ended.Json.GetProperty("attempts")[0].GetProperty("excerpt").GetString());
        Assert.Single(target.Received);
    }

    private static async Task<IComplianceTarget> Start(string protocol) => protocol switch
    {
        "webhook" => await HttpTarget.StartAsync(),
        "grpc" => await GrpcTarget.StartAsync(),
        "kafka" => await KafkaTarget.StartAsync(),
        "nats" => await NatsTarget.StartAsync("jetstream"),
        _ => await RabbitTarget.StartAsync(),
    };
}

using Chronos.Tests.Actors.Dispatching;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Jobs;

/// <summary>Jobs over gRPC and Kafka as a user makes them, on a whole node, to servers that were really reached.</summary>
[Trait("speed", "slow")]
public sealed class ProtocolJobsTests
{
    [Fact]
    public async Task Jobs_of_both_protocols_fire_each_second_and_what_succeeded_is_on_the_other_side()
    {
        await using var grpc = await GrpcTarget.StartAsync();
        await using var kafka = await KafkaTarget.StartAsync();
        await using var host = await HostFixture.Start();
        foreach (var (name, section, target) in new[] { ("g", "grpc", (IComplianceTarget)grpc), ("k", "kafka", kafka) })
        {
            var document = $$"""{"name":"{{name}}","schedule":"* * * * * *","payload":{"n":1},"{{section}}":{{target.Accepting.Section}}}""";
            var made = await host.Post("/api/v1/jobs", document);
            Assert.Equal(201, (int)made.Status);
            Assert.Equal(section, Assert.Single(made.Json.EnumerateObject().Select(member => member.Name), member => member is "grpc" or "kafka" or "webhook"));
            Assert.Equal(target.Accepting.Section, made.Json.GetProperty(section).GetRawText());
            await Eventually.True(() => target.Received.Count >= 3, TimeSpan.FromSeconds(30));
            Assert.Equal(200, (int)(await host.Post($"/api/v1/jobs/{name}/pause", "{}")).Status);
            await Eventually.True(
                async () =>
                {
                    var runs = (await host.Get($"/api/v1/executions?job={name}")).Json.GetProperty("items").EnumerateArray().ToList();
                    return runs.Count >= 3 && runs.All(run => run.GetProperty("status").GetString() == "succeeded");
                },
                TimeSpan.FromSeconds(30));
            var executions = (await host.Get($"/api/v1/executions?job={name}")).Json.GetProperty("items").EnumerateArray().Select(run => run.GetProperty("id").GetString()!).ToList();
            await Eventually.True(() => target.Received.Count >= executions.Count, TimeSpan.FromSeconds(30));
            Assert.Equal(executions.Order(), target.Received.Select(received => received.Headers["x-chronos-execution-id"]).Order());
        }
    }
}

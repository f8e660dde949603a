using System.Net;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Targets;

/// <summary>What a target that hangs does to the jobs of another, on a whole node.</summary>
[Collection(Alone.Name)]
[Trait("speed", "slow")]
public sealed class NeighbourTests
{
    private const int Share = 672;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_target_that_hangs_on_everything_it_may_have_holds_back_no_execution_of_another()
    {
        await using var hanging = await Receiver.Start();
        await using var well = await Receiver.Start();
        await using var node = await HostFixture.Start();
        hanging.Answer = async (_, gone) =>
        {
            await Task.Delay(Timeout.Infinite, gone).ContinueWith(_ => { }, TaskScheduler.Default);
            return 200;
        };
        for (var n = 0; n < 12; n++)
        {
            await Create(node, $"hang-{n}", hanging, "* * * * *");
            var filled = await node.Post($"/api/v1/jobs/hang-{n}/backfill", """{"from":"2026-01-01T00:00:00Z","to":"2026-01-01T01:40:00Z","max_concurrent":100}""");
            Assert.Equal(HttpStatusCode.Accepted, filled.Status);
        }

        var path = $"/api/v1/targets/{Uri.EscapeDataString(hanging.Url)}";
        await node.Until(path, a => a.Status == HttpStatusCode.OK && a.Json.GetProperty("in_flight").GetInt32() == Share && a.Json.GetProperty("waiting").GetInt32() > 200);
        await Eventually.True(() => hanging.Requests.Count == Share, Patience);

        // Jobs of all timetables, so also of those whose own line to the hanging target is full.
        var runs = new List<string>();
        for (var n = 0; n < 100; n++)
        {
            await Create(node, $"well-{n}", well, null);
            runs.Add((await node.Post($"/api/v1/jobs/well-{n}/trigger", null)).Text("id")!);
        }

        foreach (var run in runs)
        {
            await node.Until($"/api/v1/executions/{Uri.EscapeDataString(run)}", a => a.Text("status") == "succeeded");
        }

        Assert.Equal(runs.Order(), well.Requests.Select(r => r.Execution).Order());
        Assert.Equal(Share, hanging.Requests.Count);
    }

    private static async Task Create(HostFixture node, string name, Receiver target, string? schedule) => Assert.Equal(HttpStatusCode.Created, (await node.Post(
        "/api/v1/jobs", $$"""{"name":"{{name}}",{{(schedule is null ? "" : $"\"schedule\":\"{schedule}\",")}}"webhook":{"url":"{{target.Url}}/"},"timeout":"10m"}""")).Status);
}

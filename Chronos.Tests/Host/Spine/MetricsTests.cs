using System.Text.RegularExpressions;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Spine;

/// <summary>What a node publishes. In a process of its own: meters of several nodes in one process would be taken for one.</summary>
[Trait("speed", "slow")]
public sealed class MetricsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Metrics_are_published_under_their_names()
    {
        await using var node = new NodeProcess(_folder.Location);
        await node.Start();
        await node.Get("jobs");
        var metrics = "";
        await Eventually.True(async () => (metrics = await node.Http.GetStringAsync("metrics")).Contains("chronos_slot_lateness_seconds_bucket{", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        Assert.Contains("chronos_http_request_duration_seconds_bucket{", metrics, StringComparison.Ordinal);
        Assert.Contains("route=\"/api/v1/jobs\"", metrics, StringComparison.Ordinal);
        Assert.Contains("chronos_leader_epoch", metrics, StringComparison.Ordinal);
        Assert.Contains("chronos_slots_total{", metrics, StringComparison.Ordinal);
        Assert.Contains("chronos_projection_lag_seconds{", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dead_letters_that_are_open_are_counted()
    {
        await using var node = new NodeProcess(_folder.Location);
        await node.Start();
        await node.Post("jobs", new { name = "fails", webhook = new { url = "http://127.0.0.1:9/" }, retry = new { max_attempts = 1 } });
        await node.Post("jobs/fails/trigger", new { });
        await Eventually.True(
            async () => Regex.IsMatch(await node.Http.GetStringAsync("metrics"), @"^chronos_dead_letters(\{[^}]*\})? 1\b", RegexOptions.Multiline), TimeSpan.FromSeconds(60));
    }
}

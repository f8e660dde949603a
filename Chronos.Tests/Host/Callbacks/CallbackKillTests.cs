using System.Net;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Cluster;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Callbacks;

/// <summary>Attempts that wait for their callback, and nodes that die meanwhile.</summary>
[Trait("speed", "slow")]
public sealed class CallbackKillTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task What_waits_for_its_callback_survives_a_kill_is_not_sent_again_and_expires_in_time()
    {
        using var folder = new TemporaryFolder();
        await using var receiver = await Accepting();
        await using var node = new NodeProcess(folder.Location, "--no-demo");
        await node.Start();
        foreach (var (name, timeout) in new[] { ("patient", "10m"), ("short", "8s") })
        {
            await node.Post("jobs", new { name, webhook = new { url = receiver.Url + "/", callback = new { timeout } }, retry = new { max_attempts = 1 } });
        }

        var patient = await Triggered(node, "patient");
        var shortOne = await Triggered(node, "short");
        await Eventually.True(async () => await IsAwaited(node, patient) && await IsAwaited(node, shortOne), Patience);
        await node.Kill();
        await node.Start();

        Assert.True(await IsAwaited(node, patient));
        await Eventually.True(async () => await Status(node, shortOne) == "timed_out", Patience);
        Assert.Equal(2, receiver.Requests.Count);
        var request = receiver.Requests.Single(r => r.Execution == patient);
        using var target = new HttpClient();
        using var answer = await target.PostAsync(request.CallbackUrl, null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("succeeded", await Status(node, patient));

        // A secret of the target alone: not in any file of the node.
        await node.Kill();
        foreach (var file in Directory.GetFiles(folder.Location, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain(request.CallbackToken, System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)), StringComparison.Ordinal);
        }

        Assert.DoesNotContain(node.Output, line => line.Contains(request.CallbackToken, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Any_node_of_a_cluster_takes_a_callback_also_when_the_one_that_sent_it_is_gone()
    {
        await using var receiver = await Accepting();
        await using var cluster = await TestCluster.Start(3);
        var runs = new List<string>();
        for (var n = 0; n < 9; n++)
        {
            await cluster.Nodes[0].Post("jobs", new { name = $"job-{n}", webhook = new { url = receiver.Url + "/", callback = true } });
            runs.Add(await Triggered(cluster.Nodes[n % 3], $"job-{n}"));
        }

        foreach (var run in runs)
        {
            await Eventually.True(() => IsAwaited(cluster.Nodes[0], run), Patience);
        }

        using var target = new HttpClient();
        foreach (var (run, index) in runs.Take(3).Select((run, index) => (run, index)))
        {
            using var answer = await target.PostAsync($"{cluster.Nodes[index].Http.BaseAddress}api/v1/callbacks/{Token(receiver, run)}", null);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("succeeded", await Status(cluster.Nodes[0], run));
        }

        await cluster.Nodes[2].Kill();
        foreach (var run in runs.Skip(3))
        {
            // While its timetable moves there is no answer: 503 asks the target to come again.
            await Eventually.True(
                async () =>
                {
                    using var answer = await target.PostAsync($"{cluster.Nodes[0].Http.BaseAddress}api/v1/callbacks/{Token(receiver, run)}", null);
                    Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.OK, HttpStatusCode.Conflict, HttpStatusCode.ServiceUnavailable });
                    return answer.StatusCode != HttpStatusCode.ServiceUnavailable;
                },
                Patience);
            Assert.Equal("succeeded", await Status(cluster.Nodes[1], run));
        }

        Assert.Equal(9, receiver.Requests.Count);
    }

    private static async Task<Receiver> Accepting()
    {
        var receiver = await Receiver.Start();
        receiver.Answer = (_, _) => Task.FromResult(202);
        return receiver;
    }

    private static string Token(Receiver receiver, string run) => receiver.Requests.Single(r => r.Execution == run).CallbackToken;

    private static async Task<string> Triggered(NodeProcess node, string job) => (await node.Post($"jobs/{job}/trigger", new { })).GetProperty("id").GetString()!;

    private static async Task<string?> Status(NodeProcess node, string run) => (await node.Get($"executions/{Uri.EscapeDataString(run)}")).GetProperty("status").GetString();

    private static async Task<bool> IsAwaited(NodeProcess node, string run) =>
        (await node.Get($"executions/{Uri.EscapeDataString(run)}")).GetProperty("attempts").EnumerateArray().Any(a => a.TryGetProperty("callback", out _));
}

using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cluster;

/// <summary>What nodes have in common although each keeps its own: limits, and outputs.</summary>
[Collection(Alone.Name)]
[Trait("speed", "slow")]
public sealed class SharedAmongNodesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>A concurrency of 1 goes round among the nodes, one of 4 is divided; neither is ever exceeded, and every node has its turn.</summary>
    [Fact]
    public async Task Limits_of_targets_hold_for_three_nodes_together_and_outputs_are_found_from_each()
    {
        await using var narrow = await Counted(TimeSpan.FromMilliseconds(150));
        await using var wide = await Counted(TimeSpan.FromMilliseconds(150));
        await using var cluster = await TestCluster.Start(3);
        var (one, four) = (new Watched(narrow), new Watched(wide));
        for (var n = 0; n < 24; n++)
        {
            await cluster.Nodes[0].Post("jobs", Job($"one-{n}", narrow, 1));
            await cluster.Nodes[0].Post("jobs", Job($"four-{n}", wide, 4));
        }

        await Eventually.True(async () => await Ran(cluster, "one-", 24) && await Ran(cluster, "four-", 24), Patience);
        Assert.Equal(1, one.Most);
        Assert.InRange(four.Most, 2, 4);

        // One node fewer: its part is not lost.
        Assert.Equal(0, await cluster.Nodes[2].Stop());
        await cluster.Complete(2);
        var before = narrow.Requests.Count;
        await Eventually.True(() => narrow.Requests.Count > before + 10, Patience);
        Assert.Equal(1, one.Most);
        Assert.InRange(four.Most, 2, 4);

        await OutputsAreFound(cluster);
    }

    private static async Task OutputsAreFound(TestCluster cluster)
    {
        await using var receiver = await Receiver.Start();
        await cluster.Nodes[0].Post("jobs", new { name = "large", webhook = new { url = receiver.Url + "/" } });
        var id = (await cluster.Nodes[0].Post("jobs/large/trigger", new { })).GetProperty("id").GetString()!;
        var path = $"api/v1/executions/{Uri.EscapeDataString(id)}/attempts/1/output";
        await Eventually.True(async () => (await cluster.Nodes[1].Get($"executions/{Uri.EscapeDataString(id)}")).GetProperty("status").GetString() == "succeeded", Patience);
        foreach (var keeper in cluster.Nodes.Take(2))
        {
            var bytes = RandomNumberGenerator.GetBytes(700_001);
            using var content = new ByteArrayContent(bytes);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
            using var kept = await keeper.Http.PutAsync(path, content, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
            foreach (var asked in cluster.Nodes.Take(2))
            {
                using var answer = await asked.Http.GetAsync(path, TestContext.Current.CancellationToken);
                Assert.Equal("application/zip", answer.Content.Headers.ContentType!.ToString());
                Assert.Equal(bytes, await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
            }
        }
    }

    private static async Task<Receiver> Counted(TimeSpan takes)
    {
        var receiver = await Receiver.Start();
        receiver.Answer = async (_, gone) =>
        {
            await Task.Delay(takes, gone);
            return 200;
        };
        return receiver;
    }

    private static object Job(string name, Receiver receiver, int concurrency) => new
    {
        name,
        schedule = new { every = "2s" },
        webhook = new { url = receiver.Url + "/" },
        limits = new { target = new { concurrency } },
        concurrency = "forbid",
    };

    /// <summary>Every node has sent, and so many jobs have succeeded.</summary>
    private static async Task<bool> Ran(TestCluster cluster, string prefix, int jobs)
    {
        var items = (await cluster.Nodes[0].Get("executions?status=succeeded&limit=500")).GetProperty("items").EnumerateArray()
            .Where(e => e.GetProperty("job_name").GetString()!.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        return items.Select(e => e.GetProperty("node").GetString()).Distinct().Count() == 3
            && items.Select(e => e.GetProperty("job_name").GetString()).Distinct().Count() == jobs;
    }

    /// <summary>How many requests a receiver had at once, at most.</summary>
    private sealed class Watched
    {
        private int _now;
        private int _most;

        public Watched(Receiver receiver)
        {
            var answer = receiver.Answer;
            receiver.Answer = async (request, gone) =>
            {
                var now = Interlocked.Increment(ref _now);
                for (var most = _most; now > most; most = _most)
                {
                    Interlocked.CompareExchange(ref _most, now, most);
                }

                try
                {
                    return await answer(request, gone);
                }
                finally
                {
                    Interlocked.Decrement(ref _now);
                }
            };
        }

        public int Most => _most;
    }
}

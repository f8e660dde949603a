using System.Text.Json;
using Chronos.Core.Kernel;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Spine;

/// <summary>Jobs that are due each second, and the look at every slot of theirs afterwards.</summary>
internal sealed class SlotAudit(int jobs)
{
    public async Task Apply(NodeProcess node, Receiver receiver) => await node.PostPatiently("jobs:apply", Enumerable.Range(0, jobs).Select(i => new
    {
        name = $"job-{i}",
        schedule = "* * * * * *",
        webhook = new { url = receiver.Url + "/" },
        retry = new { max_attempts = 1 },
    }));

    public static (DateTimeOffset From, DateTimeOffset To) Window(int seconds)
    {
        var from = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 2);
        return (from, from.AddSeconds(seconds));
    }

    /// <summary>The window is over and everything in it has ended.</summary>
    public async Task Passed(NodeProcess node, DateTimeOffset to)
    {
        await Eventually.True(() => DateTimeOffset.UtcNow >= to.AddSeconds(1), TimeSpan.FromMinutes(5));
        for (var i = 0; i < jobs; i++)
        {
            await node.Post($"jobs/job-{i}/disable", new { });
        }

        await Eventually.True(async () => (await node.Get("executions?status=running&limit=1")).GetProperty("items").GetArrayLength() == 0
            && (await node.Get("executions?status=pending&limit=1")).GetProperty("items").GetArrayLength() == 0, TimeSpan.FromMinutes(1));
    }

    /// <summary>Returns the slots that were not fired within a second of their time.</summary>
    public async Task<List<(string Job, DateTimeOffset At)>> AssertOneDispositionEach(NodeProcess node, DateTimeOffset from, DateTimeOffset to, Receiver receiver)
    {
        var received = receiver.Requests.Select(r => r.Execution).ToHashSet();
        var late = new List<(string, DateTimeOffset)>();
        for (var i = 0; i < jobs; i++)
        {
            var dispositions = new Dictionary<DateTimeOffset, int>();
            string? cursor = null;
            do
            {
                var page = await node.Get($"jobs/job-{i}/slots?from={Rfc3339.Format(from)}&to={Rfc3339.Format(to)}&limit=500{(cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor))}");
                foreach (var slot in page.GetProperty("items").EnumerateArray())
                {
                    var first = slot.TryGetProperty("first", out var f) ? f.GetDateTimeOffset() : slot.GetProperty("at").GetDateTimeOffset();
                    var last = slot.TryGetProperty("last", out var l) ? l.GetDateTimeOffset() : first;
                    for (var at = first; at <= last; at = at.AddSeconds(1))
                    {
                        dispositions[at] = dispositions.GetValueOrDefault(at) + 1;
                    }

                    var fired = slot.GetProperty("disposition").GetString() is "fired" or "caught_up";
                    if (fired)
                    {
                        Assert.Contains(slot.GetProperty("execution_id").GetString()!, received);
                    }

                    if (!fired || slot.GetProperty("lateness_ms").GetDouble() > 1_000)
                    {
                        late.Add(($"job-{i}", first));
                    }
                }

                cursor = page.TryGetProperty("next_cursor", out var next) && next.ValueKind == JsonValueKind.String ? next.GetString() : null;
            }
            while (cursor is not null);

            for (var at = from; at < to; at = at.AddSeconds(1))
            {
                Assert.True(dispositions.GetValueOrDefault(at) == 1, $"job-{i} at {at:HH:mm:ss}: {dispositions.GetValueOrDefault(at)} dispositions");
            }
        }

        return late;
    }
}

using System.Text.Json;
using Chronos.Core.Kernel;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Spine;

/// <summary>A node that was down for three hours: what it runs then, in which order, and what it says of every slot.</summary>
[Trait("speed", "slow")]
public sealed class AwayTests : IAsyncLifetime
{
    private const int MaxSlots = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private readonly ShiftedTime _threeHoursAgo = new(TimeSpan.FromHours(-3));
    private HostFixture _node = null!;
    private Receiver _receiver = null!;

    public async ValueTask InitializeAsync()
    {
        _receiver = await Receiver.Start();
        _node = await HostFixture.Start(_threeHoursAgo);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task Each_misfire_policy_gives_its_number_of_catch_ups_in_due_order_and_every_slot_its_disposition()
    {
        string[] policies = ["none", "last", "all"];
        foreach (var policy in policies)
        {
            Assert.Equal(201, (int)(await _node.Post("/api/v1/jobs", JsonSerializer.Serialize(new
            {
                name = policy,
                schedule = "*/5 * * * *",
                webhook = new { url = _receiver.Url + "/" + policy },
                misfire = new { policy, max = MaxSlots, window = "24h" },
            }))).Status);
        }

        var created = _threeHoursAgo.GetUtcNow();
        await _node.Stop();
        await _node.StartAgain();
        var started = DateTimeOffset.UtcNow;

        // What the schedule itself says was due meanwhile; the newest may fall into the misfire grace and then counts as fired late.
        var due = await Due(created, started);
        Assert.InRange(due.Count, 35, 37);

        // A slot that waits for its turn is `queued` until then.
        await Eventually.True(() => Received("all").Count >= due.Count, Patience);
        var none = await Slots("none", due);
        var last = await Slots("last", due);
        var all = await Slots("all", due);
        foreach (var slots in new[] { none, last, all })
        {
            Assert.Equal(due, slots.Keys.Order());
        }

        var onTime = due.Where(at => none[at] == "fired").ToList();
        Assert.True(onTime.Count <= 1 && onTime.All(at => started - at < TimeSpan.FromMinutes(6)), string.Join(' ', onTime));
        var missed = due.Except(onTime).ToList();
        Assert.All(missed, at => Assert.Equal("misfire", none[at]));
        Assert.Equal("caught_up", last[missed[^1]]);
        Assert.All(missed.SkipLast(1), at => Assert.Equal("misfire", last[at]));
        Assert.All(missed, at => Assert.Equal("caught_up", all[at]));

        var order = Received("all");
        Assert.Equal(due, order.Select(r => r.ScheduledAt));
        Assert.Equal(order.Count, order.Select(r => r.Execution).Distinct().Count());
        Assert.Equal(1 + onTime.Count, Received("last").Count);
        Assert.Equal(onTime.Count, Received("none").Count);
        var caughtUp = (await _node.Get("/api/v1/executions?job=all&limit=500")).Json.GetProperty("items").EnumerateArray()
            .Count(e => e.GetProperty("trigger").GetString() == "catch_up");
        Assert.Equal(missed.Count, caughtUp);

        await Says("none", missed[0], "not_run", "misfire");
        await Says("all", missed[0], "caught_up", "caught up");
        await Says("all", missed[0].AddSeconds(1), "no_slot", "no slot");
        await Says("all", created.AddHours(-5), "not_created", "created");
        await Says("all", due[^1].AddDays(1), "future", "will");
    }

    private List<Received> Received(string job) => [.. _receiver.Requests.Where(r => r.Execution.StartsWith(JobId.For(TenantId.Default, job).Value, StringComparison.Ordinal))];

    private async Task<List<DateTimeOffset>> Due(DateTimeOffset from, DateTimeOffset to)
    {
        var answer = await _node.Post("/api/v1/schedules/preview", JsonSerializer.Serialize(new { schedule = "*/5 * * * *", from = Rfc3339.Format(from), to = Rfc3339.Format(to), count = MaxSlots }));
        return [.. answer.Json.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("at").GetDateTimeOffset())];
    }

    /// <summary>The disposition of every slot that is due, or the reason when it was not run; each has exactly one.</summary>
    private async Task<Dictionary<DateTimeOffset, string>> Slots(string job, List<DateTimeOffset> due)
    {
        var path = $"/api/v1/jobs/{job}/slots?from={Rfc3339.Format(due[0])}&to={Rfc3339.Format(due[^1].AddSeconds(1))}&limit=500";
        var found = new Dictionary<DateTimeOffset, string>();
        await _node.Until(path, answer =>
        {
            found.Clear();
            foreach (var slot in answer.Json.GetProperty("items").EnumerateArray())
            {
                var at = slot.GetProperty("at").GetDateTimeOffset();
                var last = slot.TryGetProperty("last", out var l) ? l.GetDateTimeOffset() : at;
                var disposition = slot.GetProperty("disposition").GetString()!;
                foreach (var one in due.Where(d => d >= at && d <= last))
                {
                    Assert.True(found.TryAdd(one, slot.TryGetProperty("reason", out var reason) && reason.ValueKind == JsonValueKind.String ? reason.GetString()! : disposition), $"{job} at {one} twice");
                }
            }

            return found.Count == due.Count && !found.ContainsValue("queued");
        });
        return found;
    }

    private async Task Says(string job, DateTimeOffset at, string disposition, string word)
    {
        var why = await _node.Get($"/api/v1/jobs/{job}/why?at={Rfc3339.Format(at)}");
        Assert.Equal(200, (int)why.Status);
        TestContext.Current.TestOutputHelper?.WriteLine(why.Body);
        Assert.Equal(disposition, why.Text("disposition"));
        Assert.Contains(word, why.Text("sentence"), StringComparison.OrdinalIgnoreCase);
    }
}

using System.Text.Json;
using Chronos.Core.Kernel;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Spine;

/// <summary>The clock of a node that runs is set forward by an hour, back again and forward again: what is sent, and what the ledger says of every slot.</summary>
[Trait("speed", "slow")]
public sealed class ClockStepLedgerTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Early = TimeSpan.FromHours(-3);
    private readonly ShiftedTime _clock = new(Early);
    private HostFixture _node = null!;
    private Receiver _receiver = null!;

    public async ValueTask InitializeAsync()
    {
        _receiver = await Receiver.Start();
        _node = await HostFixture.Start(_clock);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task Each_slot_of_an_hour_that_was_left_out_and_passed_again_has_one_disposition_and_is_sent_once()
    {
        await Create("often");
        await Eventually.True(() => Received("often").Count >= 2, Patience);

        _clock.Shift = Early + TimeSpan.FromHours(1);
        var forward = _clock.GetUtcNow();
        await Eventually.True(() => Received("often").Count(r => r.ScheduledAt > forward) >= 2, Patience);

        // The hour that was left out begins to pass on the clock. A job that is made in it lives in it; the other has decided of it already.
        _clock.Shift = Early;
        var back = _clock.GetUtcNow();
        await Create("fresh");
        await Eventually.True(() => Received("fresh").Count >= 2, Patience);
        Assert.All(Received("fresh"), r => Assert.InRange(r.ScheduledAt, back.AddSeconds(-1), _clock.GetUtcNow().AddSeconds(1)));
        await Says("often", back, "not_run", "misfire");
        await Says("often", back.AddMinutes(30), "not_run", "misfire");

        // The last of that hour were late by so little when the clock was set that they fired.
        Assert.DoesNotContain(Received("often"), r => r.ScheduledAt >= back && r.ScheduledAt <= forward.AddMinutes(-1));

        _clock.Shift = Early + TimeSpan.FromHours(1);
        var again = _clock.GetUtcNow();
        await Eventually.True(() => Received("often").Count(r => r.ScheduledAt > again) >= 2, Patience);
        var requests = Received("often");
        Assert.Equal(requests.Count, requests.Select(r => r.Execution).Distinct().Count());
        await AssertOneDispositionEach(requests);
    }

    private List<Received> Received(string job) => [.. _receiver.Requests.Where(r => r.Execution.StartsWith(JobId.For(TenantId.Default, job).Value, StringComparison.Ordinal))];

    private async Task Create(string name) => Assert.Equal(201, (int)(await _node.Post("/api/v1/jobs", JsonSerializer.Serialize(new
    {
        name,
        schedule = "* * * * * *",
        webhook = new { url = _receiver.Url },
        misfire = new { policy = "none" },
    }))).Status);

    /// <summary>From the first slot to the last that was sent: one entry or range ends where the next begins, and what was sent is what stands there as fired.</summary>
    private async Task AssertOneDispositionEach(List<Received> requests)
    {
        var (first, last) = (requests.Min(r => r.ScheduledAt), requests.Max(r => r.ScheduledAt));
        var slots = new List<(DateTimeOffset At, DateTimeOffset Last, string? Reason)>();
        await _node.Until($"/api/v1/jobs/often/slots?from={Rfc3339.Format(first)}&to={Rfc3339.Format(last.AddSeconds(1))}&limit=500", answer =>
        {
            slots = [.. answer.Json.GetProperty("items").EnumerateArray().Select(s => (
                s.GetProperty("at").GetDateTimeOffset(), s.TryGetProperty("last", out var end) ? end.GetDateTimeOffset() : s.GetProperty("at").GetDateTimeOffset(), s.TryGetProperty("reason", out var reason) ? reason.GetString() : null))];
            return slots.Count > 0 && slots[^1].Last >= last;
        });
        Assert.Equal(first, slots[0].At);
        Assert.All(slots.Zip(slots.Skip(1), (one, next) => (one, next)), pair => Assert.Equal(pair.one.Last.AddSeconds(1), pair.next.At));
        Assert.All(slots.Where(s => s.Reason is not null), s => Assert.Equal("misfire", s.Reason));
        Assert.Equal(requests.Select(r => r.ScheduledAt).Order(), slots.Where(s => s.Reason is null).Select(s => s.At));
        Assert.InRange(slots.Where(s => s.Reason is not null).Sum(s => (s.Last - s.At).TotalMinutes), 55, 65);
    }

    private async Task Says(string job, DateTimeOffset instant, string disposition, string word)
    {
        var at = instant.AddTicks(TimeSpan.TicksPerSecond - (instant.Ticks % TimeSpan.TicksPerSecond));
        var why = await _node.Get($"/api/v1/jobs/{job}/why?at={Rfc3339.Format(at)}");
        Assert.Equal(disposition, why.Text("disposition"));
        Assert.Contains(word, why.Text("sentence"), StringComparison.OrdinalIgnoreCase);
    }
}

using System.Net;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Schedules;

/// <summary>What the API tells as the next time of a fixed delay is what its timetable will fire.</summary>
[Collection(NodeCollection.Name)]
public sealed class FixedDelayApiTests(SharedNode shared)
{
    private readonly HostFixture _node = shared.Node;

    [Fact]
    public async Task The_next_time_counts_from_the_end_of_the_last_execution_and_is_not_known_while_one_runs()
    {
        await using var receiver = await Receiver.Start();
        var answer = new TaskCompletionSource<int>();
        receiver.Answer = (_, _) => answer.Task;
        var made = await _node.Post("/api/v1/jobs", $$"""{"name":"delayed","schedule":{"every":"1h","after_completion":true},"webhook":{"url":"{{receiver.Url}}"} }""");
        Assert.Equal(HttpStatusCode.Created, made.Status);
        var created = made.Json.GetProperty("created_at").GetDateTimeOffset();
        var first = created.AddTicks(-(created.Ticks % TimeSpan.TicksPerMicrosecond)).AddHours(1);
        Assert.Equal(first, made.Json.GetProperty("next_at").GetDateTimeOffset());
        Assert.Equal(first, await NextAt());
        Assert.Equal(first, await ShownAt());
        var listed = await _node.Until("/api/v1/jobs?q=delayed", a => a.Json.GetProperty("items").GetArrayLength() == 1);
        Assert.Equal(first, listed.Json.GetProperty("items")[0].GetProperty("next_at").GetDateTimeOffset());

        var run = (await _node.Post("/api/v1/jobs/delayed/trigger", null)).Text("id");
        Assert.Null(await NextAt());
        var shown = await _node.Get("/api/v1/jobs/delayed/next");
        Assert.Equal((0, $"{run} has not ended: the next comes 1h after its end"), (shown.Json.GetProperty("items").GetArrayLength(), shown.Text("note")));
        answer.SetResult(200);
        var ended = (await _node.Until($"/api/v1/executions/{Uri.EscapeDataString(run!)}", a => a.Text("status") == "succeeded")).Json.GetProperty("finished_at").GetDateTimeOffset();
        Assert.Equal(ended.AddHours(1), await NextAt());
        Assert.Equal(ended.AddHours(1), await ShownAt());

        var why = await _node.Get($"/api/v1/jobs/delayed/why?at={Uri.EscapeDataString(ended.AddHours(1).ToString("O"))}");
        Assert.Equal("future", why.Text("disposition"));
        why = await _node.Get($"/api/v1/jobs/delayed/why?at={Uri.EscapeDataString(ended.AddMinutes(30).ToString("O"))}");
        Assert.Equal("no_slot", why.Text("disposition"));
        var over = await _node.Post("/api/v1/schedules/preview", """{"schedule":{"every":"5s","after_completion":true,"ends_at":"2026-01-01T00:00:00Z"},"timezone":"UTC","from":"2026-06-01T00:00:00Z"}""");
        Assert.False(over.Json.GetProperty("more").GetBoolean());
        await _node.Post("/api/v1/jobs/delayed/disable", null);
        Assert.Null(await NextAt());
    }

    private async Task<DateTimeOffset?> NextAt() =>
        (await _node.Get("/api/v1/jobs/delayed")).Json.TryGetProperty("next_at", out var next) && next.ValueKind != System.Text.Json.JsonValueKind.Null ? next.GetDateTimeOffset() : null;

    private async Task<DateTimeOffset> ShownAt() =>
        Assert.Single((await _node.Get("/api/v1/jobs/delayed/next?count=5")).Json.GetProperty("items").EnumerateArray()).GetProperty("at").GetDateTimeOffset();
}

using System.Net;
using Xunit;

namespace Chronos.Tests.Host.Executions;

/// <summary>Whoever follows <c>next_cursor</c> comes to the end of the list, also where he left the window to the node, whose end moves with the clock.</summary>
[Collection(NodeCollection.Name)]
public sealed class SlotPagingTests(SharedNode shared)
{
    [Theory]
    [InlineData("")]
    [InlineData("&from=2026-01-01T00:00:00Z")]
    public async Task The_pages_of_slots_follow_one_another_while_time_goes_on(string window)
    {
        var node = shared.Node;
        var name = $"paged-{window.Length}";
        await node.Post("api/v1/jobs", $$$"""{"name":"{{{name}}}","schedule":{"every":"1s"},"webhook":{"url":"http://paged.invalid/"}}""");
        await node.Until($"api/v1/jobs/{name}/slots?limit=5{window}", a => a.Json.GetProperty("items").GetArrayLength() == 5);
        var first = await node.Get($"api/v1/jobs/{name}/slots?limit=2{window}");
        var second = await node.Get($"api/v1/jobs/{name}/slots?limit=2{window}&cursor={first.Text("next_cursor")}");
        Assert.Equal(HttpStatusCode.OK, second.Status);
        var times = first.Json.GetProperty("items").EnumerateArray().Concat(second.Json.GetProperty("items").EnumerateArray()).Select(i => i.GetProperty("at").GetDateTimeOffset()).ToList();
        Assert.Equal(Enumerable.Range(0, 4).Select(i => times[0].AddSeconds(i)), times);

        // It holds for this window alone.
        Assert.Equal(["cursor"], (await node.Get($"api/v1/jobs/{name}/slots?limit=2&to=2100-01-01T00:00:00Z&cursor={first.Text("next_cursor")}")).Fields);
        await node.Send(HttpMethod.Delete, $"api/v1/jobs/{name}", null);
    }
}

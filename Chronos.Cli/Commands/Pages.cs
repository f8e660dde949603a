using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Cli.Output;

namespace Chronos.Cli.Commands;

/// <summary>Cursor-paged lists: one page, or all of them as if they were one.</summary>
internal static class Pages
{
    public static async Task<JsonElement> ReadAsync(Call call, Func<string?, int?, Query> page)
    {
        if (!call.Of(Arguments.All))
        {
            return (await call.Api.GetAsync(page(call.Of(Arguments.Cursor), call.Of(Arguments.Limit)).ToString(), call.Cancellation)).Json;
        }

        var items = new JsonArray();
        var cursor = call.Of(Arguments.Cursor);
        do
        {
            var answer = (await call.Api.GetAsync(page(cursor, call.Of(Arguments.Limit) ?? 500).ToString(), call.Cancellation)).Json;
            foreach (var item in answer.Items("items"))
            {
                items.Add(Node(item));
            }

            var next = answer.Text("next_cursor");
            cursor = next != cursor ? next : null;
        }
        while (!string.IsNullOrEmpty(cursor));

        return JsonText.ToElement(new JsonObject { ["items"] = items, ["next_cursor"] = null });
    }

    private static JsonNode? Node(JsonElement element) => JsonNode.Parse(element.GetRawText());
}

using System.CommandLine;
using System.Text.Json.Nodes;
using Chronos.Cli.Output;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl key …</c>: API keys.</summary>
internal static class KeyCommands
{
    private static readonly TableShape Shape = TableShape.Of("id",
        TableColumn.Of("ID", "id"), TableColumn.Of("NAME", "name"), TableColumn.Of("SCOPES", "scopes"),
        TableColumn.Of("CREATED_AT", "created_at"), TableColumn.Of("CREATED_BY", "created_by"), TableColumn.Of("EXPIRES_AT", "expires_at"), TableColumn.Of("REVOKED_AT", "revoked_at"));

    private static readonly Argument<string> Name = new("name") { Description = "whose key it is; shown as the author of changes" };
    private static readonly Argument<string> Id = new("key") { Description = "id of the key" };
    private static readonly Option<string[]> Scopes = new("--scope")
    {
        Description = $"what it may do, one of {string.Join(", ", ScopeWords.All)}; may be given several times",
        HelpName = "scope",
        Required = true,
    };

    private static readonly Option<string> Reason = new("--reason") { Description = "why, for the audit", HelpName = "text" };
    private static readonly Option<string> Expires = new("--expires") { Description = "when it ends: a time, or +30d", HelpName = "time" };

    public static void AddKeyCommands(this RootCommand root, Surroundings around)
    {
        var room = root.AddRoom("key", "API keys");
        room.Add("list", "keys, without their secrets", around, [Arguments.Limit, Arguments.Cursor, Arguments.All], async call => call.Print.List(
            await Pages.ReadAsync(call, (cursor, limit) => new Query("/keys").And("limit", limit).And("cursor", cursor)), Shape));
        room.Add("create", "a new key; it is shown once", around, [Name, Scopes, Expires], CreateAsync);
        room.Add("revoke", "end a key at once", around, [Id, Reason], async call =>
        {
            var path = new Query($"/keys/{Arguments.Segment("key", call.Of(Id))}").And("reason", call.Of(Reason));
            var answer = await call.Api.SendAsync(new ApiRequest(HttpMethod.Delete, path.ToString()), call.Cancellation);
            call.Print.Done(answer.Json, "id", $"revoked {call.Of(Id)}");
        });
    }

    private static async Task CreateAsync(Call call)
    {
        var body = new JsonObject { ["name"] = call.Of(Name), ["scopes"] = new JsonArray([.. call.Of(Scopes)!.Select(s => JsonValue.Create(s))]) };
        if (call.Time(Expires) is { } end)
        {
            body["expires_at"] = Rfc3339.Format(end);
        }

        // Without an idempotency key: the node shows a secret once and could not repeat the answer.
        var key = (await call.Api.SendAsync(new ApiRequest(HttpMethod.Post, "/keys").With(body), call.Cancellation)).Json;

        // The secret alone on stdout, so that it can go straight into a variable or a secret store.
        call.Print.Remark($"key {key.Text("id")} of {key.Text("name")}; it is not shown again:");
        call.Print.Done(key, "key", key.Text("key") ?? "");
    }
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Cli.Commands;
using Chronos.Cli.Output;

namespace Chronos.Cli.Admin;

/// <summary>The verbs of the console, named as Petabridge.Cmd names them. Each asks the one node that the console is connected to.</summary>
internal static class AdminVerbs
{
    private static readonly TableShape Members = TableShape.Of("address",
        TableColumn.Of("ADDRESS", "address"), TableColumn.Of("STATUS", "status"), TableColumn.Of("ROLES", "roles"), TableColumn.Of("REACHABLE", "reachable"), TableColumn.Of("SELF", "self"));

    private static readonly TableShape Regions = TableShape.Of("shard",
        TableColumn.Of("TYPE", "type"), TableColumn.Of("SHARD", "shard"), TableColumn.Of("ENTITIES", "entities"), TableColumn.Of("NODE", "address"));

    public static IReadOnlyList<AdminVerb> All { get; } =
    [
        new("cluster show", "", "the members as this node sees them", async (call, arguments) =>
        {
            arguments.Finish();
            call.Print.List(await Get(call, "/cluster/members"), Members);
        }),
        new("cluster status", "", "this node, who leads and since when", async (call, arguments) =>
        {
            arguments.Finish();
            call.Print.One(await Get(call, "/cluster"), "node");
        }),
        new("cluster leave", "[host:port]", "have a node hand its work over and stop; this one when none is named", (call, arguments) => Member(call, arguments, "leave", "is leaving")),
        new("cluster down", "host:port", "take a node for lost; only when it is really gone", (call, arguments) => Member(call, arguments, "down", "is taken for lost")),
        new("cluster join", "host:port", "have this node, which is in no cluster yet, join that of another", async (call, arguments) =>
        {
            var address = arguments.Option("a", "address") ?? arguments.Plain() ?? throw CliFailure.Usage("cluster join: say whom, as host:port");
            arguments.Finish();
            var answer = await call.Api.SendAsync(new ApiRequest(HttpMethod.Post, "/cluster/members").With(new JsonObject { ["address"] = address }), call.Cancellation);
            call.Print.Done(answer.Json, "message", answer.Json.Text("message") ?? "");
        }),
        new("cluster-sharding list-regions", "", "the entity types, with their shards and where they are", async (call, arguments) =>
        {
            arguments.Finish();
            await ListRegions(call);
        }),
        new("cluster-sharding region-stats", "type", "the shards of an entity type, each with its node and how many entities it has", async (call, arguments) =>
        {
            var type = arguments.Option("r", "region") ?? arguments.Plain() ?? throw CliFailure.Usage("cluster-sharding region-stats: say of which region; list-regions names them");
            arguments.Finish();
            await RegionStats(call, type);
        }),
        new("actor hierarchy", "[path] [-d depth] [-n limit]", "the actors of this node", async (call, arguments) =>
        {
            var query = new Query("/admin/actors").And("path", arguments.Option("s", "start") ?? arguments.Plain()).And("depth", Whole(arguments.Option("d", "depth"), "depth")).And("limit", Whole(arguments.Option("n", "limit"), "limit"));
            arguments.Finish();
            Hierarchy(call, await Get(call, query.ToString()));
        }),
        new("log peek", "[-n lines] [-l level]", "the last lines that this node logged", async (call, arguments) =>
        {
            var query = new Query("/admin/log").And("limit", Whole(arguments.Option("n", "lines") ?? "20", "lines")).And("level", arguments.Option("l", "level"));
            arguments.Finish();
            Lines(call, await Get(call, query.ToString()));
        }),
        new("log level", "[level]", "what this node logs; with a level, changes it until the node is started again", LogLevel),
    ];

    private static async Task<JsonElement> Get(Call call, string path) => (await call.Api.GetAsync(path, call.Cancellation)).Json;

    private static int? Whole(string? text, string name) =>
        text is null ? null : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw CliFailure.Usage($"{name}: '{text}' is no whole number");

    private static async Task Member(Call call, AdminArguments arguments, string operation, string what)
    {
        var node = arguments.Option("a", "address") ?? arguments.Plain();
        arguments.Finish();
        if (node is null && operation != "leave")
        {
            throw CliFailure.Usage($"cluster {operation}: say which node, as host:port");
        }

        node ??= (await Get(call, "/cluster/members")).Text("selfNode") ?? throw new CliFailure(ExitCode.Refused, "the node does not say who it is");
        var answer = await call.Api.SendAsync(
            new ApiRequest(HttpMethod.Put, $"/cluster/members/{Arguments.Segment("node", node)}").With(new JsonObject { ["operation"] = operation }), call.Cancellation);
        call.Print.Done(answer.Json, "address", $"{node} {what}");
    }

    private static async Task ListRegions(Call call)
    {
        var shards = await Get(call, "/cluster/shards");
        if (call.Print.TryPrograms(shards))
        {
            return;
        }

        foreach (var type in shards.Items("entityTypeKeys").Select(t => t.GetString()))
        {
            var own = shards.Items("items").Where(s => s.Text("type") == type).ToList();
            call.Print.Line($"{type}: {own.Count} shards, {own.Sum(s => s.Number("entities"))} entities, on {own.Select(s => s.Text("address")).Distinct(StringComparer.Ordinal).Count()} nodes");
        }
    }

    private static async Task RegionStats(Call call, string type)
    {
        var shards = await Get(call, "/cluster/shards");
        var types = shards.Items("entityTypeKeys").Select(t => t.GetString()).ToList();
        if (!types.Contains(type))
        {
            throw new CliFailure(ExitCode.NotFound, $"there is no region '{type}'; there are {string.Join(", ", types)}");
        }

        var own = new JsonObject { ["items"] = new JsonArray([.. shards.Items("items").Where(s => s.Text("type") == type).Select(s => JsonNode.Parse(s.GetRawText()))]) };
        using var answer = JsonDocument.Parse(JsonText.Utf8(own));
        call.Print.List(answer.RootElement, Regions);
    }

    private static void Hierarchy(Call call, JsonElement tree)
    {
        if (call.Print.TryPrograms(tree))
        {
            return;
        }

        foreach (var actor in tree.Items("items"))
        {
            var (path, depth, children) = (actor.Text("path") ?? "", (int)actor.Number("depth"), actor.Number("children"));
            var name = depth == 0 ? path : path[(path.LastIndexOf('/') + 1)..];
            call.Print.Line($"{new string(' ', depth * 2)}{name}{(actor.Text("type") is { } type ? $"  {type}" : "")}{(children > 0 ? $"  ({children})" : "")}");
        }

        if (tree.Number("hidden") is > 0 and var hidden)
        {
            call.Print.Remark($"{hidden} more are not shown; begin further down, or raise -n");
        }
    }

    private static void Lines(Call call, JsonElement log)
    {
        if (call.Print.TryPrograms(log))
        {
            return;
        }

        foreach (var line in log.Items("items"))
        {
            call.Print.Line($"{line.Text("at")} {line.Text("level")?.ToUpperInvariant()} {line.Text("message")}{(line.Text("exception") is { } e ? $" | {e}" : "")}");
        }
    }

    private static async Task LogLevel(Call call, AdminArguments arguments)
    {
        var level = arguments.Option("l", "level") ?? arguments.Plain();
        arguments.Finish();
        var answer = level is null
            ? await Get(call, "/admin/log/level")
            : (await call.Api.SendAsync(new ApiRequest(HttpMethod.Put, "/admin/log/level").With(new JsonObject { ["level"] = level }), call.Cancellation)).Json;
        call.Print.Done(answer, "level", $"{answer.Text("node")} logs {answer.Text("level")} and above");
        if (answer.Text("note") is { } note)
        {
            call.Print.Remark(note);
        }
    }
}

using System.Net;
using Xunit;

namespace Chronos.Tests.Host.Admin;

/// <summary>A look into a running node, and the routes of Akka.Management.</summary>
[Collection(NodeCollection.Name)]
public sealed class AdminApiTests(SharedNode shared)
{
    [Fact]
    public async Task The_actors_that_run_are_listed_each_before_its_children_and_within_bounds()
    {
        var node = shared.Node;
        await node.Post("api/v1/jobs", """{"name":"seen-in-the-tree","webhook":{"url":"http://127.0.0.1:1/"}}""");
        var tree = await node.Get("api/v1/admin/actors?depth=20&limit=1000");
        var items = tree.Json.GetProperty("items").EnumerateArray().ToList();
        var paths = items.ConvertAll(i => i.GetProperty("path").GetString()!);
        Assert.Equal("/", paths[0]);
        Assert.Contains("/user/vitals", paths);
        Assert.Contains("/system/cluster", paths);

        // A limit that one branch would fill still leaves the near ones of every branch.
        var near = (await node.Get("api/v1/admin/actors?depth=20&limit=120")).Json.GetProperty("items").EnumerateArray().ToList();
        Assert.True(near.Count <= 120);
        Assert.Contains(near, i => i.GetProperty("path").GetString() == "/user/vitals");
        Assert.Equal("VitalsActor", items[paths.IndexOf("/user/vitals")].GetProperty("type").GetString());

        // The job's timetable may begin after the answer, and a crowded node has nearer ones than the leaves.
        await node.Until("api/v1/admin/actors?path=/system/sharding/timetable&depth=2&limit=1000", a => a.Json.GetProperty("items").EnumerateArray().Any(
            i => i.TryGetProperty("type", out var type) && type.GetString() == "TimetableActor"));
        Assert.All(items.Skip(1), i => Assert.Contains(Parent(i.GetProperty("path").GetString()!), paths.Take(paths.IndexOf(i.GetProperty("path").GetString()!))));

        var few = await node.Get("api/v1/admin/actors?path=/system&depth=1&limit=3");
        Assert.Equal(3, few.Json.GetProperty("items").GetArrayLength());
        Assert.Equal("/system", few.Json.GetProperty("items")[0].GetProperty("path").GetString());
        Assert.True(few.Json.GetProperty("hidden").GetInt32() > 0);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Get("api/v1/admin/actors?path=/user/nobody")).Status);
        Assert.Equal(["depth"], (await node.Get("api/v1/admin/actors?depth=99")).Fields);
    }

    [Fact]
    public async Task The_level_of_the_log_changes_under_the_running_node_and_what_it_logs_can_be_seen()
    {
        var node = shared.Node;
        var before = (await node.Get("api/v1/admin/log/level")).Text("level");
        try
        {
            // What the node says at this level it does not say at the level of before.
            var set = await node.Send(HttpMethod.Put, "api/v1/admin/log/level", """{"level":"information"}""");
            Assert.Equal((HttpStatusCode.OK, "information"), (set.Status, set.Text("level")));
            var lines = (await node.Get("api/v1/admin/log?limit=1000")).Json.GetProperty("items").EnumerateArray().ToList();
            var change = lines.Last(l => l.GetProperty("message").GetString()!.Contains("changed the level of the log", StringComparison.Ordinal));
            Assert.Equal("warning", change.GetProperty("level").GetString());
            var number = change.GetProperty("number").GetInt64();
            await node.Post("api/v1/jobs", """{"name":"heard-at-information","webhook":{"url":"http://127.0.0.1:1/"}}""");
            await node.Until($"api/v1/admin/log?after={number}&limit=1000", a => a.Json.GetProperty("items").EnumerateArray().Any(
                l => l.GetProperty("level").GetString() == "information" && l.GetProperty("message").GetString()!.Contains("heard-at-information", StringComparison.Ordinal)));
            Assert.All(
                (await node.Get("api/v1/admin/log?level=warning")).Json.GetProperty("items").EnumerateArray(),
                l => Assert.Contains(l.GetProperty("level").GetString(), new[] { "warning", "error", "fatal" }));
        }
        finally
        {
            await node.Send(HttpMethod.Put, "api/v1/admin/log/level", $$"""{"level":"{{before}}"}""");
        }

        Assert.Equal(["level"], (await node.Send(HttpMethod.Put, "api/v1/admin/log/level", """{"level":"loud"}""")).Fields);
        Assert.Equal(before, (await node.Get("api/v1/admin/log/level")).Text("level"));
    }

    [Fact]
    public async Task Who_is_no_administrator_sees_nothing_of_it()
    {
        var node = shared.Node;
        var made = await node.Post("api/v1/keys", """{"name":"cluster reader","scopes":["cluster:read","cluster:write"]}""");
        using var client = node.Connect(made.Text("key"));
        foreach (var path in new[] { "api/v1/admin/actors", "api/v1/admin/log", "api/v1/admin/log/level" })
        {
            using var answer = await client.GetAsync(path);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Members_and_shards_are_shown_as_Akka_Management_shows_them()
    {
        var node = shared.Node;
        var members = (await node.Get("api/v1/cluster/members")).Json;
        var self = members.GetProperty("selfNode").GetString();
        var only = Assert.Single(members.GetProperty("members").EnumerateArray().ToList());
        Assert.Equal((self, "Up"), (only.GetProperty("node").GetString(), only.GetProperty("status").GetString()));
        Assert.NotEqual("0", only.GetProperty("nodeUid").GetString());
        Assert.Equal(["api", "dispatch", "scheduler"], only.GetProperty("roles").EnumerateArray().Select(r => r.GetString()));
        Assert.Equal((self, self), (members.GetProperty("leader").GetString(), members.GetProperty("oldest").GetString()));
        Assert.Equal(self, members.GetProperty("oldestPerRole").GetProperty("scheduler").GetString());
        Assert.Equal(0, members.GetProperty("unreachable").GetArrayLength());

        var shards = await node.Get("api/v1/cluster/shards/timetable");
        Assert.Equal(64, shards.Json.GetProperty("regions").GetArrayLength());
        Assert.All(shards.Json.GetProperty("regions").EnumerateArray(), s => Assert.Equal(1, s.GetProperty("numEntities").GetInt32()));
        Assert.Equal(HttpStatusCode.NotFound, (await node.Get("api/v1/cluster/shards/orders")).Status);
        var types = (await node.Get("api/v1/cluster/shards")).Json.GetProperty("entityTypeKeys").EnumerateArray().Select(t => t.GetString()).ToList();
        Assert.Equal(["job", "timetable", "calendar"], types);
        foreach (var type in types)
        {
            Assert.Equal(HttpStatusCode.OK, (await node.Get($"api/v1/cluster/shards/{type}")).Status);
        }
    }

    [Fact]
    public async Task A_member_does_not_join_and_what_is_no_address_is_said()
    {
        var node = shared.Node;
        Assert.Equal(HttpStatusCode.Conflict, (await node.Post("api/v1/cluster/members", """{"address":"127.0.0.1:4053"}""")).Status);
        var form = await node.Send(HttpMethod.Post, "api/v1/cluster/members", "address=akka.tcp%3A%2F%2Fchronos%40127.0.0.1%3A4053"u8.ToArray(), "application/x-www-form-urlencoded");
        Assert.Equal(HttpStatusCode.Conflict, form.Status);
        Assert.Equal(["address"], (await node.Post("api/v1/cluster/members", """{"address":"akka.tcp://other@127.0.0.1:4053"}""")).Fields);
        Assert.Equal(["address"], (await node.Post("api/v1/cluster/members", """{"address":"nowhere"}""")).Fields);
        foreach (var (method, path) in new[] { (HttpMethod.Post, "api/v1/cluster/members"), (HttpMethod.Put, "api/v1/cluster/members/127.0.0.1:4053") })
        {
            var swamped = await node.Send(method, path, System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("a=1&", 2000))), "application/x-www-form-urlencoded");
            Assert.Equal((HttpStatusCode.BadRequest, "validation_failed"), (swamped.Status, swamped.Text("code")));
        }
    }

    private static string Parent(string path) => path[..path.LastIndexOf('/')] is { Length: > 0 } parent ? parent : "/";
}

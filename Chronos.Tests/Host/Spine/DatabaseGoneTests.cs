using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Spine;

/// <summary>The database goes away under a node that fires, and comes back.</summary>
[Collection(Alone.Name)]
[Trait("speed", "slow")]
public sealed class DatabaseGoneTests
{
    private const int Jobs = 20;
    private static readonly TimeSpan Gone = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_database_that_is_gone_for_half_a_minute_costs_no_slot_and_no_restart()
    {
        using var folder = new TemporaryFolder();
        await using var server = PostgresServer.StartOwn();
        await using var receiver = await Receiver.Start();
        await using var node = new NodeProcess(folder.Location, "--no-demo");
        (node.Environment["CHRONOS_STORE"], node.Environment["CHRONOS_POSTGRES"]) = ("postgres", server.MakeDatabase().ConnectionString);
        await node.Start();
        var audit = new SlotAudit(Jobs);
        await audit.Apply(node, receiver);
        var from = SlotAudit.Window(0).From;
        await Eventually.True(() => receiver.Requests.Count(r => r.ScheduledAt >= from) >= 3 * Jobs, TimeSpan.FromSeconds(30));

        server.Stop();
        var gone = Stopwatch.StartNew();
        var (refused, slowest) = (0, TimeSpan.Zero);
        while (gone.Elapsed < Gone)
        {
            var asked = Stopwatch.StartNew();
            using var answer = await node.Http.PostAsJsonAsync("api/v1/jobs", new { name = "meanwhile", schedule = "0 0 1 1 *", webhook = new { url = receiver.Url } });
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.True(answer.Headers.RetryAfter?.Delta > TimeSpan.Zero, "there is no Retry-After");
            Assert.Contains("unavailable", await answer.Content.ReadAsStringAsync());
            (refused, slowest) = (refused + 1, asked.Elapsed > slowest ? asked.Elapsed : slowest);
        }

        Assert.Equal(HttpStatusCode.OK, (await node.Http.GetAsync("health/live")).StatusCode);

        // The doctor names the journal. That the node itself did not answer would have somebody take a sound node out of the cluster.
        var faults = (await node.Http.GetFromJsonAsync<JsonElement>("api/v1/doctor")).GetProperty("findings").EnumerateArray()
            .Where(f => f.GetProperty("level").GetString() == "fault").Select(f => f.GetProperty("check").GetString()).ToList();
        Assert.Contains("journal", faults);
        Assert.DoesNotContain("member", faults);
        server.Start();
        var back = Stopwatch.StartNew();
        var before = receiver.Requests.Count;
        await Eventually.True(() => receiver.Requests.Count > before, TimeSpan.FromSeconds(60));
        var fired = back.Elapsed;
        await Eventually.True(
            async () =>
            {
                using var answer = await node.Http.PostAsync("api/v1/jobs/job-0/enable", null);
                return answer.IsSuccessStatusCode;
            },
            TimeSpan.FromSeconds(60));
        var answered = back.Elapsed;
        var end = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 3);
        await audit.Passed(node, end);

        await audit.AssertOneDispositionEach(node, from, end, receiver);
        await Checker.FindsNothing(node, receiver, from, end, Gone + TimeSpan.FromSeconds(20));
        Assert.All(receiver.Requests.GroupBy(r => r.Execution), g => Assert.Single(g.Select(r => r.ScheduledAt).Distinct()));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{refused} requests refused while it was gone, the slowest after {slowest.TotalSeconds:0.0} s; after its return the first fire came in {fired.TotalSeconds:0.0} s, the first change was accepted in {answered.TotalSeconds:0.0} s");
        Assert.True(answered < TimeSpan.FromSeconds(20), $"the first change was accepted {answered} after the return of the database");
        Assert.True(fired < TimeSpan.FromSeconds(20), $"the first fire came {fired} after the return of the database");
    }
}

using System.Net.Http.Json;
using Chronos.Core.Scheduling;
using Chronos.Tests.Core.Scheduling.Zones;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Schedules;

/// <summary>A node that is given another tz database, as an operator gives it: by <c>CHRONOS_TZDB</c> and a restart.</summary>
[Trait("speed", "slow")]
public sealed class TzdbNodeTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chronos-tzdb-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_node_with_other_zone_files_plans_its_jobs_anew_and_says_with_which()
    {
        var data = Path.Combine(_folder.FullName, "data");
        await using (var before = new NodeProcess(data, "--no-demo"))
        {
            await before.Start();
            await before.Post("jobs", new { name = "noon", schedule = "0 12 * * *", timezone = "Europe/Berlin", webhook = new { url = "http://127.0.0.1:9/" } });
            using var put = await before.Http.PutAsJsonAsync("api/v1/calendars/mornings", new { timezone = "Europe/Berlin", mode = "include", weekly = new[] { new { days = new[] { "mon-sun" }, from = "08:00", to = "11:00" } } });
            Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
            Assert.Equal(ZoneSource.Shipped.Version, (await before.Get("stats")).GetProperty("tzdb").GetString());
            Assert.Contains(await Due(before), hour => hour is 10 or 11);
            await before.Stop();
        }

        // In these files Berlin is three hours ahead all year.
        var zones = Directory.CreateDirectory(Path.Combine(_folder.FullName, "zones", "Europe")).Parent!.FullName;
        await File.WriteAllBytesAsync(Path.Combine(zones, "UTC"), ZoneFileBytes.Of([], [(0, false, "UTC")], "UTC0"));
        await File.WriteAllBytesAsync(Path.Combine(zones, "Europe", "Berlin"), ZoneFileBytes.Of([], [(10800, false, "MSK")], "MSK-3"));
        await File.WriteAllTextAsync(Path.Combine(zones, "+VERSION"), "test-1\n");

        await using var after = new NodeProcess(data, "--no-demo") { Environment = { ["CHRONOS_TZDB"] = zones } };
        await after.Start();
        Assert.Equal("test-1", (await after.Get("stats")).GetProperty("tzdb").GetString());
        Assert.Equal("test-1", (await after.Post("schedules/explain", new { schedule = "@daily" })).GetProperty("tzdb").GetString());
        Assert.Equal([9], await Due(after));
        Assert.Equal(9, (await after.Get("jobs/noon/next?count=1")).GetProperty("items")[0].GetProperty("at").GetDateTimeOffset().Hour);
        Assert.Equal("2026-01-01T05:00:00+00:00", (await after.Post("schedules/preview", new
        {
            schedule = new { cron = "0 * * * *", calendars = new[] { "mornings" } },
            timezone = "Europe/Berlin",
            from = "2026-01-01T00:00:00Z",
        })).GetProperty("items").EnumerateArray().First(row => row.GetProperty("notes").GetArrayLength() == 0).GetProperty("at").GetDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:sszzz", null));
        await Eventually.True(() => after.Output.Any(line => line.Contains($"was planned with tz database {ZoneSource.Shipped.Version}", StringComparison.Ordinal)), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_folder_without_zone_files_stops_the_process_with_the_name_of_the_key()
    {
        await using var node = new NodeProcess(Path.Combine(_folder.FullName, "data"), "--no-demo") { Environment = { ["CHRONOS_TZDB"] = _folder.FullName } };
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(node.Start);
        Assert.StartsWith("the node ended with 2:", failed.Message, StringComparison.Ordinal);
        Assert.Contains($"chronos: CHRONOS_TZDB: '{_folder.FullName}': holds no compiled zone files", failed.Message, StringComparison.Ordinal);
    }

    /// <summary>The hours of UTC at which the timetable itself will fire within a day.</summary>
    private static async Task<List<int>> Due(NodeProcess node)
    {
        var now = DateTimeOffset.UtcNow;
        var agenda = await node.Get($"agenda?from={now.AddSeconds(1):yyyy-MM-dd'T'HH:mm:ss'Z'}&to={now.AddDays(1):yyyy-MM-dd'T'HH:mm:ss'Z'}");
        return [.. agenda.GetProperty("items").EnumerateArray().Select(row => row.GetProperty("at").GetDateTimeOffset().UtcDateTime.Hour)];
    }
}

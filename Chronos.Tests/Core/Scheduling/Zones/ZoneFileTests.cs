using System.Text;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using NodaTime;
using Xunit;

namespace Chronos.Tests.Core.Scheduling.Zones;

/// <summary>Compiled zone files: every part of RFC 9636 that changes what a clock shows.</summary>
public sealed class ZoneFileTests
{
    private static readonly (int, bool, string)[] Berlin = [(3600, false, "CET"), (7200, true, "CEST")];

    [Theory]
    // Daylight saving as Europe has it, and what lies before and behind 2100.
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59Z", 3600)]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 7200)]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59Z", 7200)]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00Z", 3600)]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", "2399-03-28T01:00:00Z", 7200)]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", "2399-03-28T00:59:59Z", 3600)]
    // Negative daylight saving: the summer of Dublin is its standard time.
    [InlineData("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01T00:00:00Z", 0)]
    [InlineData("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-03-29T01:00:00Z", 3600)]
    [InlineData("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-10-25T01:00:00Z", 0)]
    // South of the equator, half an hour of daylight saving, and a change on a day that is counted.
    [InlineData("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-04-04T15:00:00Z", 37800)]
    [InlineData("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-04-04T14:59:59Z", 39600)]
    [InlineData("AAA0BBB,J60/0,J300/0", "2028-03-01T00:00:00Z", 3600)]
    [InlineData("AAA0BBB,J60/0,J300/0", "2028-02-29T23:59:59Z", 0)]
    [InlineData("AAA0BBB,59/0,299/0", "2028-02-29T00:00:00Z", 3600)]
    // Times of day below zero and beyond a day: Nuuk changes on Saturday evening, Gaza once did on the day after.
    [InlineData("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200)]
    [InlineData("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600)]
    [InlineData("EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-28T00:00:00Z", 10800)]
    [InlineData("EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-27T23:59:59Z", 7200)]
    // Daylight saving all year long, as RFC 9636 writes it; and no daylight saving at all.
    [InlineData("EST5EDT,0/0,J365/25", "2026-07-01T00:00:00Z", -14400)]
    [InlineData("EST5EDT,0/0,J365/25", "2026-01-01T05:00:00Z", -14400)]
    [InlineData("EST5EDT,0/0,J365/25", "2200-12-31T23:00:00Z", -14400)]
    [InlineData("<-03>3", "2150-07-01T00:00:00Z", -10800)]
    [InlineData("XXX-5:45:30", "2026-07-01T00:00:00Z", 20730)]
    public void The_rule_of_the_footer_gives_the_offset(string rule, string at, int offset)
    {
        var zone = Zone(ZoneFileBytes.Of([], [(0, false, "LMT")], rule));
        Assert.Equal(offset, zone.GetUtcOffset(Instant.FromDateTimeOffset(Given.Time(at))).Seconds);
    }

    [Fact]
    public void Listed_changes_hold_before_the_rule_and_the_first_type_before_them()
    {
        var zone = Zone(ZoneFileBytes.Of(
            [(At("1900-01-01T00:00:00Z"), 1), (At("1945-05-24T00:00:00Z"), 2), (At("2026-01-01T00:00:00Z"), 1)],
            [(3208, false, "LMT"), (3600, false, "CET"), (10800, true, "CEMT")], "CET-1CEST,M3.5.0,M10.5.0/3"));
        Assert.Equal([3208, 3600, 10800, 3600, 7200], new[] { "1899-12-31T23:59:59Z", "1900-01-01T00:00:00Z", "2025-12-31T23:59:59Z", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z" }
            .Select(at => zone.GetUtcOffset(Instant.FromDateTimeOffset(Given.Time(at))).Seconds));

        // The stretches follow one another without a gap, also where they pass from the list to the rule and behind 2100.
        var interval = zone.GetZoneInterval(Instant.MinValue);
        for (var i = 0; i < 700; i++)
        {
            var next = zone.GetZoneInterval(interval.End);
            Assert.Equal(interval.End, next.Start);
            Assert.NotEqual(interval.WallOffset, next.WallOffset);
            Assert.Equal(next, zone.GetZoneInterval(next.End - Duration.Epsilon));
            interval = next;
        }

        Assert.True(interval.Start > Instant.FromUtc(2300, 1, 1, 0, 0));
    }

    [Fact]
    public void Version_1_has_short_times_and_no_rule()
    {
        var zone = Zone(ZoneFileBytes.Of([(At("2026-03-29T01:00:00Z"), 1)], Berlin, null));
        Assert.Equal(3600, zone.GetUtcOffset(Instant.FromUtc(2026, 3, 29, 0, 59)).Seconds);
        Assert.Equal(7200, zone.GetUtcOffset(Instant.FromUtc(2226, 1, 1, 0, 0)).Seconds);
    }

    [Theory]
    [InlineData("CET-1CEST,M3.5.0")]
    [InlineData("CET-1CEST")]
    [InlineData("CET-1CEST,M13.5.0,M10.5.0")]
    [InlineData("CET-25")]
    [InlineData("CET-1CEST,M3.5.0/168,M10.5.0")]
    [InlineData("C-1")]
    [InlineData("<CET-1")]
    [InlineData("CET-1 ")]
    public void A_rule_that_cannot_be_read_is_no_clock(string rule) => Refused(ZoneFileBytes.Of([], Berlin, rule));

    [Fact]
    public void A_damaged_file_is_refused_by_its_name()
    {
        var whole = ZoneFileBytes.Of([(0, 1), (1000, 0)], Berlin, "CET-1CEST,M3.5.0,M10.5.0/3");
        for (var length = 4; length < whole.Length; length++)
            Refused(whole[..length]);

        Refused(ZoneFileBytes.Of([(1000, 1), (0, 0)], Berlin, ""));
        Refused(ZoneFileBytes.Of([(0, 2)], Berlin, ""));
        Refused(ZoneFileBytes.Of([(0, 1)], Berlin, "", leaps: 1));
        Refused(ZoneFileBytes.Of([], [(19 * 3600, false, "FAR")], ""));
    }

    [Fact]
    public void Files_that_are_no_zones_are_left_aside_and_the_version_is_found()
    {
        var utc = ZoneFileBytes.Of([], [(0, false, "UTC")], "UTC0");
        var files = new Dictionary<string, byte[]> { ["Etc/UTC"] = utc, ["right/UTC"] = ZoneFileBytes.Of([(0, 0)], [(0, false, "UTC")], "", 1), ["zone.tab"] = "#"u8.ToArray(), ["README"] = "x"u8.ToArray() };
        var hashed = ZoneSource.FromFiles(files).Version;
        Assert.StartsWith("files-", hashed, StringComparison.Ordinal);
        Assert.Equal(["Etc/UTC"], ZoneSource.FromFiles(files).Ids);
        Assert.Null(ZoneSource.FromFiles(files).Find("right/UTC"));

        files["Europe/Berlin"] = ZoneFileBytes.Of([], Berlin, "CET-1CEST,M3.5.0,M10.5.0/3");
        Assert.NotEqual(hashed, ZoneSource.FromFiles(files).Version);
        files["+VERSION"] = "2024a\n"u8.ToArray();
        Assert.Equal("2024a", ZoneSource.FromFiles(files).Version);
        files["tzdata.zi"] = "# version 2025b\n# This zic input file is in the public domain.\n"u8.ToArray();
        Assert.Equal("2025b", ZoneSource.FromFiles(files).Version);

        Assert.Throws<FormatException>(() => ZoneSource.FromFiles(new Dictionary<string, byte[]> { ["UTC"] = Encoding.ASCII.GetBytes("UTC") }));
    }

    [Fact]
    public void A_zone_that_the_files_do_not_have_is_refused_with_one_that_they_have()
    {
        var zones = ZoneSource.FromFiles(new Dictionary<string, byte[]>
        {
            ["UTC"] = ZoneFileBytes.Of([], [(0, false, "UTC")], "UTC0"),
            ["Europe/Berlin"] = ZoneFileBytes.Of([], Berlin, "CET-1CEST,M3.5.0,M10.5.0/3"),
        });
        var violations = new List<Violation>();
        Assert.Null(Schedule.Compile(new ScheduleSpec { Cron = "0 0 * * *" }, "Europe/Paris", TenantId.Default, "job", Chronos.Core.Calendars.CalendarLookups.None, zones, violations));
        Assert.Equal("timezone", Assert.Single(violations).Field);
        violations.Clear();
        Assert.Null(Schedule.Compile(new ScheduleSpec { Cron = "0 0 * * *" }, "Europe/Berlim", TenantId.Default, "job", Chronos.Core.Calendars.CalendarLookups.None, zones, violations));
        Assert.Contains("Europe/Berlin is", Assert.Single(violations).Message, StringComparison.Ordinal);
    }

    /// <summary>Two readers of two formats, made from the same rules: what has happened, they must tell alike.</summary>
    [Fact]
    public void The_files_of_the_machine_tell_the_past_as_the_shipped_database_does()
    {
        Assert.SkipWhen(SystemZones.Source is null, $"{SystemZones.Folder} has no zone files");
        var system = SystemZones.Source!;
        var differ = new List<string>();
        var (zones, changes) = (0, 0);

        // Releases correct the last few years in arrears (that of Moldova from 2022 on); what lies further back is settled.
        foreach (var id in DateTimeZoneProviders.Tzdb.Ids.Where(id => system.Zone(id) is not null))
        {
            zones++;
            var (theirs, ours) = (DateTimeZoneProviders.Tzdb[id], system.Zone(id)!);
            foreach (var interval in theirs.GetZoneIntervals(Instant.FromUtc(2000, 1, 1, 0, 0), Instant.FromUtc(2022, 1, 1, 0, 0)).Skip(1))
            {
                changes++;
                var at = interval.Start;
                if (ours.GetUtcOffset(at) != theirs.GetUtcOffset(at) || ours.GetUtcOffset(at - Duration.Epsilon) != theirs.GetUtcOffset(at - Duration.Epsilon))
                    differ.Add($"{id} {at}");
            }
        }

        Assert.True(differ.Count == 0, $"{differ.Count}: {string.Join(", ", differ.Take(20))}");
        Assert.True(zones > 400 && changes > 8_000, $"{zones} zones, {changes} changes");
    }

    private static long At(string time) => Given.Time(time).ToUnixTimeSeconds();

    private static DateTimeZone Zone(byte[] file) =>
        ZoneSource.FromFiles(new Dictionary<string, byte[]> { ["UTC"] = ZoneFileBytes.Of([], [(0, false, "UTC")], "UTC0"), ["Test/Zone"] = file }).Zone("Test/Zone")!;

    private static void Refused(byte[] file) =>
        Assert.StartsWith("Test/Zone: ", Assert.Throws<FormatException>(() => Zone(file)).Message, StringComparison.Ordinal);
}

using System.Globalization;
using Chronos.Core.Scheduling;
using Chronos.Tests.Core.Scheduling.Zones;
using NodaTime;
using Xunit;

namespace Chronos.Tests.Core.Scheduling;

/// <summary>The acceptance tables: made without a cron library, and read here through the engine that fires.</summary>
public sealed class CaseFileTests
{
    private const string TableRelease = "2025b";

    /// <summary>
    /// The table was made with tzdb 2025b. Later releases keep Cuba on daylight time through the winter of 2026, so the clock change
    /// of these rows does not take place; the brute-force oracle says what does.
    /// </summary>
    private static readonly (string Zone, string From) ChangedSinceTheTable = ("America/Havana", "2026-10-31T03:00Z");

    public static TheoryData<string, string, string> Cron()
    {
        var data = new TheoryData<string, string, string>();
        foreach (var row in Rows("cron.tsv"))
            data.Add(row[0], row[1], row[2]);

        return data;
    }

    public static TheoryData<string, string, string, string, string> Dst()
    {
        var data = new TheoryData<string, string, string, string, string>();
        foreach (var row in Rows("dst.tsv"))
            data.Add(row[0], row[1], row[2], row[3], row[4]);

        return data;
    }

    [Theory]
    [MemberData(nameof(Cron))]
    public void An_expression_has_the_next_time_of_the_table(string expression, string from, string expected)
    {
        var (schedule, violations) = Given.Try(expression);
        if (expected == "error")
        {
            Assert.Null(schedule);
            Assert.StartsWith("schedule", Assert.Single(violations).Field, StringComparison.Ordinal);
            return;
        }

        Assert.Empty(violations);
        Assert.Equal(Given.Time(expected), schedule!.Next(Given.Time(from)));
    }

    /// <summary>Every row, with the zone files of the machine where they are of the table's own release.</summary>
    [Theory]
    [MemberData(nameof(Dst))]
    public void With_the_release_of_the_table_every_row_of_it_holds(string zone, string expression, string from, string to, string expected)
    {
        Assert.SkipUnless(SystemZones.Source?.Version == TableRelease, $"{SystemZones.Folder} is not of release {TableRelease}");
        Agree(Given.Valid(expression, zone, SystemZones.Source!), from, to, [.. expected.Split(',').Select(Given.Time)]);
    }

    [Theory]
    [MemberData(nameof(Dst))]
    public void A_change_of_the_clock_fires_as_in_the_table(string zone, string expression, string from, string to, string expected)
    {
        var (first, end) = (Given.Time(from), Given.Time(to));
        var times = (zone, from) == ChangedSinceTheTable
            ? MinuteOracle.Times(DateTimeZoneProviders.Tzdb[zone], Shape.All.Single(shape => shape.Expression == expression), Instant.FromDateTimeOffset(first), Instant.FromDateTimeOffset(end))
            : [.. expected.Split(',').Select(Given.Time)];
        Agree(Given.Valid(expression, zone), from, to, times);
    }

    private static void Agree(Schedule schedule, string from, string to, List<DateTimeOffset> times)
    {
        var (first, end) = (Given.Time(from), Given.Time(to));
        Assert.Equal(times, Given.Between(schedule, first, end));
        Assert.Equal(times.Count, schedule.Count(first.AddTicks(-1), end.AddTicks(-1)));
        Assert.Equal(times[^1], schedule.Last(first.AddTicks(-1), end.AddTicks(-1)));
    }

    private static IEnumerable<string[]> Rows(string file) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Cases", file))
            .Where(line => line.Length > 0 && !line.StartsWith('#'))
            .Select(line => line.Split('\t'));

    [Fact]
    public void The_rows_that_the_zone_data_has_overtaken_are_truly_overtaken()
    {
        var (zone, from) = ChangedSinceTheTable;
        var after = Instant.FromDateTimeOffset(Given.Time(from)) + Duration.FromHours(48);

        Assert.Equal(Offset.FromHours(-4), DateTimeZoneProviders.Tzdb[zone].GetUtcOffset(after));
        Assert.Equal(15, Rows("dst.tsv").Count(row => (row[0], row[2]) == ChangedSinceTheTable));
    }

    [Fact]
    public void The_tables_are_whole()
    {
        Assert.True(Rows("cron.tsv").Count() >= 41);
        Assert.True(Rows("dst.tsv").Count() >= 150);
        Assert.All(Rows("dst.tsv"), row => Assert.Equal(5, row.Length));
        Assert.All(Rows("cron.tsv"), row => Assert.True(DateTimeOffset.TryParse(row[1], CultureInfo.InvariantCulture, out _)));
    }
}

using Chronos.Core.Scheduling;
using Chronos.Tests.Core.Scheduling.Zones;
using CsCheck;
using NodaTime;
using Xunit;

namespace Chronos.Tests.Core.Scheduling;

/// <summary>
/// The engine against the brute-force oracle, around changes of every zone of tzdb from 2000 to 2040. CI takes a sample;
/// <c>CHRONOS_ORACLE=all</c> runs every change with every shape.
/// </summary>
[Trait("speed", "slow")]
public sealed class DaylightSavingTests(ITestOutputHelper output)
{
    private static readonly (string Zone, Instant At)[] Changes = [.. AllChanges(ZoneSource.Shipped)];

    [Fact]
    public void Around_every_change_of_a_clock_the_engine_agrees_with_the_oracle() => Agree(ZoneSource.Shipped, Changes);

    [Fact]
    public void With_the_zone_files_of_the_machine_the_engine_agrees_with_the_oracle_too()
    {
        Assert.SkipWhen(SystemZones.Source is null, $"{SystemZones.Folder} has no zone files");
        Agree(SystemZones.Source!, [.. AllChanges(SystemZones.Source!)]);
    }

    private void Agree(ZoneSource zones, (string Zone, Instant At)[] changes)
    {
        if (Environment.GetEnvironmentVariable("CHRONOS_ORACLE") == "all")
        {
            Parallel.ForEach(changes, change =>
            {
                foreach (var shape in Shape.All)
                    Agree(zones, change.Zone, change.At, shape);
            });
        }
        else
        {
            Gen.Select(Gen.Int[0, changes.Length - 1], Gen.Int[0, Shape.All.Length - 1])
                .Sample((change, shape) => Agree(zones, changes[change].Zone, changes[change].At, Shape.All[shape]), iter: 4000);
        }

        output.WriteLine($"{changes.Length} changes, {Shape.All.Length} shapes, tzdb {zones.Version}");
        Assert.True(changes.Length > 15_000);
    }

    [Theory]
    [InlineData("Africa/Casablanca")]
    [InlineData("Europe/Dublin")]
    [InlineData("Pacific/Apia")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("America/Sao_Paulo")]
    [InlineData("Antarctica/Troll")]
    [InlineData("Asia/Pyongyang")]
    public void The_odd_zones_agree_at_each_of_their_changes(string zone)
    {
        var changes = Changes.Where(change => change.Zone == zone).ToList();
        Assert.NotEmpty(changes);
        foreach (var change in changes.TakeLast(12))
        {
            foreach (var shape in Shape.All)
                Agree(ZoneSource.Shipped, change.Zone, change.At, shape);
        }
    }

    private static void Agree(ZoneSource zones, string zone, Instant change, Shape shape)
    {
        var from = Instant.FromUnixTimeSeconds((change.ToUnixTimeSeconds() / 60 * 60) - (30 * 3600));
        var to = from + Duration.FromHours(60);
        var expected = MinuteOracle.Times(zones.Zone(zone)!, shape, from, to);
        var schedule = Given.Valid(shape.Expression, zone, zones);
        var (first, end) = (from.ToDateTimeOffset(), to.ToDateTimeOffset());
        var actual = Given.Between(schedule, first, end).ToList();

        Assert.True(expected.SequenceEqual(actual), $"{zone} {shape} from {first:u}: only in oracle [{Times(expected.Except(actual))}], only in engine [{Times(actual.Except(expected))}]");
        Assert.Equal(expected.Count, schedule.Count(first.AddTicks(-1), end.AddTicks(-1)));
        Assert.Equal(expected.Count == 0 ? null : expected[^1], schedule.Last(first.AddTicks(-1), end.AddTicks(-1)));
    }

    private static string Times(IEnumerable<DateTimeOffset> times) => string.Join(", ", times.Take(5).Select(at => at.ToString("u")));

    private static IEnumerable<(string Zone, Instant At)> AllChanges(ZoneSource zones) =>
        from id in zones.Ids.Order(StringComparer.Ordinal)
        from interval in zones.Zone(id)!.GetZoneIntervals(Instant.FromUtc(2000, 1, 1, 0, 0), Instant.FromUtc(2041, 1, 1, 0, 0))
        where interval.HasStart && interval.Start >= Instant.FromUtc(2000, 1, 2, 0, 0)
        select (id, interval.Start);
}

using System.Diagnostics;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Tests.Kit;
using Cronos;
using CsCheck;
using Xunit;

namespace Chronos.Tests.Core.Scheduling;

/// <summary>What holds for every schedule. <c>CHRONOS_ORACLE=all</c> runs the million.</summary>
[Trait("speed", "slow")]
[Collection(Alone.Name)]
public sealed class SchedulePropertyTests(ITestOutputHelper output)
{
    private static readonly bool All = Environment.GetEnvironmentVariable("CHRONOS_ORACLE") == "all";

    private static readonly TimeSpan Promised = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void The_next_time_is_later_and_is_found_at_once()
    {
        var slowest = 0L;
        var worst = "";
        var refused = 0;
        Gen.Select(Expressions.Any, Expressions.Zone, Expressions.Instant).Sample((expression, zone, from) =>
        {
            var (schedule, next, elapsed) = Timed(expression, zone, from);

            // A pause of the machine does not come twice at the same place; a slow search does.
            if (elapsed > Promised)
                elapsed = TimeSpan.FromTicks(Math.Min(elapsed.Ticks, Timed(expression, zone, from).Elapsed.Ticks));

            if (elapsed.Ticks > slowest)
                (slowest, worst) = (elapsed.Ticks, $"{expression} in {zone}");
            if (schedule is null)
                refused++;
            else if (next is null)
                Assert.True(Expressions.YearOf(expression) is { } past && !FiresInOneOf(past, expression, zone, from), $"{expression} in {zone} from {from:o}: never");
            else
                Assert.True(next > from && (Expressions.YearOf(expression) is not { } years || Expressions.YearsOf(years).Contains(Local(next.Value, zone).Year)), $"{expression} in {zone} from {from:o}: {next:o}");
        }, iter: All ? 1_000_000 : 60_000, threads: 1);

        output.WriteLine($"slowest {TimeSpan.FromTicks(slowest).TotalMilliseconds:0.0} ms ({worst}), {refused} impossible");

        Assert.True(slowest < Promised.Ticks, $"{worst}: {TimeSpan.FromTicks(slowest)}");
        Assert.True(refused > 0, "no impossible date was tried");
    }

    /// <summary>Against the meaning of each item, read another way.</summary>
    [Fact]
    public void A_year_field_has_the_years_of_its_items()
    {
        var from = Given.Time("1969-06-01T00:00:00Z");
        Gen.Select(Expressions.Year, Expressions.OneOf("?", "*")).Sample((years, week) =>
        {
            var expected = Expressions.YearsOf(years);
            var fired = Given.Valid($"0 0 0 1 1 {week} {years}").After(from).TakeWhile(at => at.Year < 2300).Select(at => at.Year);
            Assert.Equal(expected, fired);
        }, iter: 5_000);
    }

    [Fact]
    public void Count_and_last_agree_with_counting()
    {
        Gen.Select(Expressions.Any, Expressions.Zone, Expressions.Instant, Gen.Int[1, 90 * 24 * 60]).Sample((expression, zone, from, minutes) =>
        {
            if (Compile(expression, zone) is not { } schedule)
                return;

            var to = from.AddMinutes(minutes);
            var times = schedule.After(from).TakeWhile(at => at <= to).Take(20_001).ToList();
            if (times.Count > 20_000)
                to = times[^1];

            Assert.Equal(times.Count, schedule.Count(from, to));
            Assert.Equal(times.Count == 0 ? null : times[^1], schedule.Last(from, to));
        }, iter: All ? 50_000 : 1_500);
    }

    [Fact]
    public void Jitter_is_the_same_every_time_and_stays_before_the_next_slot()
    {
        Gen.Select(Expressions.Any, Expressions.Instant, Gen.Int[1, 86_400]).Sample((expression, from, seconds) =>
        {
            var json = $$"""{"cron": "{{expression}}", "jitter": "{{seconds}}s"}""";
            if (Given.Try(json).Schedule is not { } schedule || schedule.Next(from) is not { } nominal)
                return;

            var fire = schedule.FireAt(nominal);
            Assert.Equal(fire, Given.Valid(json).FireAt(nominal));
            Assert.InRange(fire, nominal, nominal.AddSeconds(seconds));
            if (schedule.Next(nominal) is { } next)
                Assert.True(fire < next);
        }, iter: 5_000);
    }

    /// <summary>Where the zone data is sound and one day field is free, both libraries mean the same.</summary>
    [Fact]
    public void On_sound_zones_Cronos_with_its_own_zones_agrees()
    {
        string[] zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Sydney", "Europe/London", "America/Los_Angeles"];
        var time = Expressions.OneOf("0 * * * *", "*/15 * * * *", "30 2 * * *", "0 0 * * *", "15 1-3 * * *", "0 */2 * * *", "45 23 * * *", "30 2 * * 0",
            "5/20 1,2,3 * * *", "0 0 L * *", "0 1 LW * *", "59 1 * * 5#2", "30 1 * * 0L", "0 3 29 2 *", "0 12 15W * *", "1-59/7 0-5 1,31 * *");
        Gen.Select(time, Expressions.OneOf(zones), Gen.Long[new DateTime(2007, 4, 1).Ticks, new DateTime(2024, 1, 1).Ticks]).Sample((expression, zone, ticks) =>
        {
            var from = new DateTimeOffset(ticks - (ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
            var schedule = Given.Valid(expression, zone);
            var other = CronExpression.Parse(expression);
            var there = TimeZoneInfo.FindSystemTimeZoneById(zone);
            for (var i = 0; i < 20; i++)
            {
                var theirs = other.GetNextOccurrence(from.UtcDateTime, there)!.Value;
                var ours = schedule.Next(from)!.Value;
                Assert.True(theirs == ours.UtcDateTime, $"{expression} {zone} after {from:u}: Cronos {theirs:u}, engine {ours:u}");
                from = ours;
            }
        }, iter: 5_000);
    }

    /// <summary>Whether the expression without its years has a time in one of these.</summary>
    private static bool FiresInOneOf(string years, string expression, string zone, DateTimeOffset from)
    {
        var any = Given.Valid($"{expression[..^years.Length]}*", zone);
        return Expressions.YearsOf(years).Where(year => year > from.Year)
            .Any(year => any.Next(new DateTimeOffset(year, 1, 2, 0, 0, 0, TimeSpan.Zero)) is { } next && Local(next, zone).Year == year);
    }

    private static NodaTime.LocalDateTime Local(DateTimeOffset at, string zone) =>
        NodaTime.Instant.FromDateTimeOffset(at).InZone(NodaTime.DateTimeZoneProviders.Tzdb[zone]).LocalDateTime;

    private static Schedule? Compile(string expression, string zone) =>
        Schedule.Compile(new ScheduleSpec { Cron = expression }, zone, TenantId.Default, "job", new List<Violation>());

    private static (Schedule? Schedule, DateTimeOffset? Next, TimeSpan Elapsed) Timed(string expression, string zone, DateTimeOffset from)
    {
        var started = Stopwatch.GetTimestamp();
        var schedule = Compile(expression, zone);
        var next = schedule?.Next(from);
        return (schedule, next, Stopwatch.GetElapsedTime(started));
    }
}

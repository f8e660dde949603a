using System.Diagnostics;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Tests.Kit;
using CsCheck;
using Xunit;

namespace Chronos.Tests.Core.Scheduling;

/// <summary>What holds for every recurrence rule, sensible or not. <c>CHRONOS_ORACLE=all</c> runs more of them.</summary>
[Trait("speed", "slow")]
[Collection(Alone.Name)]
public sealed class RulePropertyTests(ITestOutputHelper output)
{
    private static readonly bool All = Environment.GetEnvironmentVariable("CHRONOS_ORACLE") == "all";
    private static readonly TimeSpan Promised = TimeSpan.FromMilliseconds(50);

    private static readonly Gen<string> Weekday = Expressions.OneOf("MO", "TU", "WE", "TH", "FR", "SA", "SU");

    private static readonly Gen<string> Rule =
        from frequency in Expressions.OneOf("SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
        from interval in Gen.OneOf(Gen.Const(1), Gen.Int[1, 60], Gen.Int[1, 100_000])
        from parts in Gen.Select(
            List("BYMONTH", Number(1, 12)), List("BYWEEKNO", Signed(53)), List("BYYEARDAY", Signed(366)), List("BYMONTHDAY", Signed(31)),
            List("BYDAY", Gen.OneOf(Weekday, Gen.Select(Signed(6), Weekday, (nth, day) => nth + day))), List("BYHOUR", Number(0, 23)), List("BYMINUTE", Number(0, 59)))
        from rest in Gen.Select(List("BYSECOND", Number(0, 60)), List("BYSETPOS", Signed(366)), List("WKST", Weekday))
        from count in Gen.Frequency((3, Gen.Const("")), (1, Gen.Int[1, 100].Select(n => $";COUNT={n}")), (1, Gen.Int[1, 100_000].Select(n => $";COUNT={n}")))
        select $"FREQ={frequency};INTERVAL={interval}{parts.Item1}{parts.Item2}{parts.Item3}{parts.Item4}{parts.Item5}{parts.Item6}{parts.Item7}{rest.Item1}{rest.Item2}{rest.Item3}{count}";

    [Fact]
    public void The_next_time_of_a_rule_is_later_and_is_found_at_once()
    {
        var (slowest, worst, refused, tried) = (TimeSpan.Zero, "", 0, 0);
        Gen.Select(Rule, Expressions.Zone, Expressions.Instant, Gen.Int[1950, 2050], Gen.Int[0, 366 * 24 * 60]).Sample((rule, zone, from, year, minute) =>
        {
            tried++;
            var text = $"DTSTART:{new DateTime(year, 1, 1).AddMinutes(minute):yyyyMMdd'T'HHmmss}\nRRULE:{rule}";
            var (schedule, next, elapsed) = Timed(text, zone, from);
            if (elapsed > Promised)
                elapsed = TimeSpan.FromTicks(Math.Min(elapsed.Ticks, Timed(text, zone, from).Elapsed.Ticks));
            if (elapsed > slowest)
                (slowest, worst) = (elapsed, $"{text} in {zone}");

            if (schedule is null)
                refused++;
            Assert.True(next is null || next > from, $"{text} in {zone} from {from:o}: {next:o}");
        }, iter: All ? 300_000 : 20_000, threads: 1);

        output.WriteLine($"slowest {slowest.TotalMilliseconds:0.0} ms ({worst}), {refused} of {tried} refused");
        Assert.True(slowest < Promised, $"{worst}: {slowest}");
        Assert.True(refused > 0 && refused < tried * 9 / 10, $"{refused} of {tried} refused");
    }

    /// <summary>A search from anywhere finds what a walk from the start finds, and counts it.</summary>
    [Fact]
    public void Count_and_last_of_a_rule_agree_with_counting()
    {
        var compared = 0;
        Gen.Select(Rule, Gen.Int[0, 366 * 24 * 60], Gen.Int[1, 30 * 24 * 60], Gen.Int[0, 40]).Sample((rule, minute, minutes, step) =>
        {
            var start = new DateTime(2024, 1, 1).AddMinutes(minute);
            if (Compile($"DTSTART:{start:yyyyMMdd'T'HHmmss}\nRRULE:{rule}", "Europe/Berlin") is not { } schedule)
                return;

            var from = new DateTimeOffset(start, TimeSpan.Zero).AddHours(-3);
            var times = schedule.After(from).TakeWhile(at => at <= from.AddMinutes(minutes)).Take(3_000).ToList();
            if (times.Count == 0)
                return;

            compared++;
            Assert.Equal(times.Count, schedule.Count(from, times[^1]));
            Assert.Equal(times[^1], schedule.Last(from, times[^1]));
            var i = step % times.Count;
            Assert.Equal(times[i], schedule.Next(times[i].AddTicks(-1)));
            Assert.Equal(i == 0 ? null : times[i - 1], schedule.Last(from, times[i].AddTicks(-1)));
        }, iter: All ? 50_000 : 5_000);
        Assert.True(compared > 200, $"{compared}");
    }

    /// <summary>As many times a day as the day has periods, and yet no even grid.</summary>
    [Theory]
    [InlineData("FREQ=HOURLY;BYHOUR=0,2,4,6,8,10,12,14,16,18,20,22;BYMINUTE=0,30")]
    [InlineData("FREQ=MINUTELY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11;BYSECOND=10,50;BYSETPOS=1")]
    public void Times_that_only_look_even_are_counted_one_by_one(string rule)
    {
        var schedule = Compile($"DTSTART:20260101T000000\nRRULE:{rule}", "UTC")!;
        var from = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var times = schedule.After(from.AddTicks(-1)).TakeWhile(at => at < from.AddHours(40)).ToList();
        Assert.Equal(times.Count, schedule.Count(from.AddTicks(-1), times[^1]));
        Assert.Equal(times[^1], Compile($"DTSTART:20260101T000000\nRRULE:{rule};COUNT={times.Count}", "UTC")!.After(from.AddTicks(-1)).Last());
    }

    /// <summary>What COUNT ends at is where a walk without it comes to.</summary>
    [Fact]
    public void A_count_ends_where_a_walk_of_so_many_steps_does()
    {
        var (compared, far) = (0, 0);
        Gen.Select(Rule, Gen.Int[0, 366 * 24 * 60], Gen.Int[1, 3_000]).Sample((rule, minute, count) =>
        {
            var text = $"DTSTART:{new DateTime(2024, 1, 1).AddMinutes(minute):yyyyMMdd'T'HHmmss}\nRRULE:{rule.Split(";COUNT")[0]}";
            var counted = Compile($"{text};COUNT={count}", "UTC");
            if (Compile(text, "UTC") is not { } endless)
            {
                Assert.Null(counted);
                return;
            }

            var walked = endless.After(Schedule.Earliest).Take(count).ToList();
            Assert.Equal(walked[^1], counted!.Last(Schedule.Earliest, DateTimeOffset.MaxValue));
            Assert.Equal(walked.Count, counted.Count(Schedule.Earliest, DateTimeOffset.MaxValue));
            Assert.Null(counted.Next(walked[^1]));
            (compared, far) = (compared + 1, far + (walked.Count == count && count > 1_000 ? 1 : 0));
        }, iter: All ? 20_000 : 2_000, threads: 1);
        Assert.True(compared > 200 && far > 50, $"{compared}, {far}");
    }

    /// <summary>Rules made to be slow: refused or compiled at once, and walked without looking at a whole year for each time.</summary>
    [Fact]
    public void Hostile_rules_are_refused_or_compiled_at_once()
    {
        var sevenths = string.Join(',', Enumerable.Range(0, 60).Where(n => n % 7 == 0));
        var others = string.Join(',', Enumerable.Range(0, 60).Where(n => n % 7 != 0));
        var year = string.Join(',', Enumerable.Range(1, 365));
        var places = string.Join(',', Enumerable.Range(1, 299));
        (string Rule, bool Possible)[] rules =
        [
            ($"FREQ=SECONDLY;INTERVAL=7;BYDAY=MO;BYHOUR=0,7,14,21;BYMINUTE={sevenths};BYSECOND={others}", false),
            ($"FREQ=SECONDLY;INTERVAL=7;BYDAY=MO;BYHOUR=0,7,14,21;BYMINUTE={sevenths};BYSECOND={others},7", true),
            ($"FREQ=MINUTELY;INTERVAL=7;BYDAY=MO;BYHOUR=0,7,14,21;BYMINUTE={sevenths}", true),
            ($"FREQ=MINUTELY;INTERVAL=7;BYDAY=MO;BYHOUR=0,7,14,21;BYMINUTE={others}", false),
            ($"FREQ=MINUTELY;INTERVAL=7;BYHOUR=0,7,14,21;BYMINUTE={others}", true),
            ("FREQ=WEEKLY;BYMINUTE=4,7,49,56;BYSETPOS=-241,-349;COUNT=42164", false),
            ("FREQ=SECONDLY;INTERVAL=86401;BYMONTH=2;BYMONTHDAY=30", false),
            ("FREQ=HOURLY;INTERVAL=5;BYMONTH=2;BYMONTHDAY=30", false),
            ($"FREQ=YEARLY;BYYEARDAY={year};BYSETPOS=366", false),
            ($"FREQ=YEARLY;BYYEARDAY={year};BYSETPOS={places};COUNT=100000", true),
            ($"FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS={places};COUNT=100000", true),
            ("FREQ=YEARLY;COUNT=100000", true),
            ("FREQ=SECONDLY;INTERVAL=86399;COUNT=100000", true),
            ($"FREQ=SECONDLY;INTERVAL=7;BYMONTHDAY=29;BYMONTH=2;BYSECOND={others};COUNT=100000", true),
            ("FREQ=MINUTELY;BYSECOND=1,2,3;BYSETPOS=-1;COUNT=100000", true),
            ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=2;COUNT=100000", true),
        ];
        foreach (var (rule, possible) in rules)
        {
            var text = $"DTSTART:20260105T000000\nRRULE:{rule}";
            // Each is tried some times, since a busy machine makes a single try slow.
            var tries = Enumerable.Range(0, 5).Select(_ => Timed(text, "UTC", Given.Time("2027-01-01T00:00:00Z"))).ToList();
            output.WriteLine($"{tries.Min(t => t.Elapsed).TotalMilliseconds:0.0} ms {rule[..Math.Min(80, rule.Length)]}");
            Assert.All(tries, t => Assert.True(t.Schedule is not null == possible, $"{rule}: {t.Schedule is null}"));
            Assert.True(tries.Min(t => t.Elapsed) < Promised, $"{rule}: {tries.Min(t => t.Elapsed)}");
        }
    }

    private static Gen<string> Number(int min, int max) => Gen.Int[min, max].Select(n => $"{n}");

    private static Gen<string> Signed(int max) => Gen.Select(Gen.Int[1, max], Gen.Bool, (n, back) => back ? $"-{n}" : $"{n}");

    /// <summary>A part, most of the time absent.</summary>
    private static Gen<string> List(string name, Gen<string> item) =>
        Gen.Select(Gen.Int[0, 15], item.Array[1, name == "WKST" ? 1 : 4], Gen.Int[1, 9], Gen.Int[0, 8], (dice, items, stride, rest) => dice switch
        {
            0 when Ranges.TryGetValue(name, out var range) => $";{name}={string.Join(',', Enumerable.Range(range.Min, range.Max - range.Min + 1).Where(n => n % stride == rest % stride))}",
            1 when Ranges.TryGetValue(name, out var range) => $";{name}={string.Join(',', Enumerable.Range(range.Min, range.Max - range.Min + 1).Where(n => stride == 1 || n % stride != rest % stride))}",
            < 4 => $";{name}={string.Join(',', items)}",
            _ => "",
        });

    /// <summary>Parts that may be long: all values, those of one remainder, or all but those.</summary>
    private static readonly Dictionary<string, (int Min, int Max)> Ranges = new()
    {
        ["BYMONTH"] = (1, 12),
        ["BYWEEKNO"] = (1, 53),
        ["BYYEARDAY"] = (1, 365),
        ["BYMONTHDAY"] = (1, 31),
        ["BYHOUR"] = (0, 23),
        ["BYMINUTE"] = (0, 59),
        ["BYSECOND"] = (0, 59),
        ["BYSETPOS"] = (1, 366),
    };

    private static Schedule? Compile(string rule, string zone) =>
        Schedule.Compile(new ScheduleSpec { Rrule = rule }, zone, TenantId.Default, "job", new List<Violation>());

    private static (Schedule? Schedule, DateTimeOffset? Next, TimeSpan Elapsed) Timed(string rule, string zone, DateTimeOffset from)
    {
        var started = Stopwatch.GetTimestamp();
        var schedule = Compile(rule, zone);
        var next = schedule?.Next(from);
        return (schedule, next, Stopwatch.GetElapsedTime(started));
    }
}

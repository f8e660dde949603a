using System.Diagnostics;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Tests.Kit;
using Cronos;
using CsCheck;
using Xunit;

namespace Chronos.Tests.Core.Scheduling;

/// <summary>A million plans must fit and be ready soon after a start. <c>CHRONOS_ORACLE=all</c> makes a million, of every shape the dialect has.</summary>
[Trait("speed", "slow")]
[Collection(Alone.Name)]
public sealed class ScheduleCapacityTests(ITestOutputHelper output)
{
    private static readonly int Jobs = Environment.GetEnvironmentVariable("CHRONOS_ORACLE") == "all" ? 1_000_000 : 50_000;

    [Fact]
    public void Random_schedules_of_every_shape_are_compiled_and_planned_quickly_and_are_small()
    {
        var specs = Distinct(Jobs);
        var names = specs.Select((_, i) => $"job-{i}").ToArray();
        var schedules = new Schedule[Jobs];
        var from = Given.Time("2026-05-05T05:05:05Z");
        Plan(specs, names, new Schedule[Jobs], Math.Min(Jobs, 5_000), from);

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (started, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var planned = Plan(specs, names, schedules, Jobs, from);
        var elapsed = Stopwatch.GetElapsedTime(started);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Jobs;
        GC.KeepAlive(schedules);

        // The same expressions by the library that searches, which reads no years, no H and no lists of special days: what is ours is the rest.
        var texts = schedules.Select(s => CronText.For(((CronPattern)s.Source).Sets)).ToArray();
        var theirs = Environment.CpuUsage.TotalTime;
        foreach (var text in texts)
        {
            foreach (var line in text)
                _ = CronExpression.Parse(line, CronFormat.IncludeSeconds).GetNextOccurrence(from.UtcDateTime);
        }

        theirs = Environment.CpuUsage.TotalTime - theirs;
        output.WriteLine($"{Jobs} random: {elapsed.TotalMilliseconds:0} ms, {cpu.TotalMilliseconds:0} ms of processor, {bytes:0.0} bytes each, "
            + $"{cpu / theirs:0.0} times Cronos alone, {planned} with a next time, {texts.Sum(t => t.Length)} expressions");

        Assert.True(planned > Jobs * 0.8, $"{planned}");
        Assert.True(bytes < 200, $"{bytes} bytes");
        // Processor time of both, so that a busy machine is no matter; a debug build of ours against a release build of theirs takes some 15 times.
        Assert.True(cpu < theirs * 60, $"{cpu} against {theirs}");
    }

    [Fact]
    public void Equal_expressions_are_shared()
    {
        var spec = new ScheduleSpec { Cron = "17 3 * * MON" };
        var one = Schedule.Compile(spec, "Europe/Berlin", TenantId.Default, "job", [])!;
        var other = Schedule.Compile(spec with { Cron = "17 3 * * 1" }, "Asia/Tokyo", TenantId.Default, "other", [])!;
        Assert.Same(one.Source, other.Source);
    }

    private static int Plan(ScheduleSpec[] specs, string[] names, Schedule[] schedules, int count, DateTimeOffset from)
    {
        var planned = 0;
        for (var i = 0; i < count; i++)
        {
            schedules[i] = Schedule.Compile(specs[i], Expressions.Zones[i % Expressions.Zones.Length], TenantId.Default, names[i], [])!;
            planned += schedules[i].Next(from) > from ? 1 : 0;
        }

        return planned;
    }

    /// <summary>Expressions that are valid for their job (an H may meet a day that its month does not have), no two alike.</summary>
    private static ScheduleSpec[] Distinct(int count)
    {
        var (texts, specs) = (new HashSet<string>(count), new List<ScheduleSpec>(count));
        while (specs.Count < count)
        {
            Expressions.Any.Sample(
                text =>
                {
                    var spec = new ScheduleSpec { Cron = text };
                    if (specs.Count < count && texts.Add(text) && Schedule.Compile(spec, "UTC", TenantId.Default, $"job-{specs.Count}", []) is not null)
                        specs.Add(spec);
                },
                iter: count,
                threads: 1);
        }

        return [.. specs];
    }
}

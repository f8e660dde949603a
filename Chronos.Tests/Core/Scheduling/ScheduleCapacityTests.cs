using System.Diagnostics;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Core.Scheduling;

/// <summary>A million plans must fit and be ready soon after a start.</summary>
[Trait("speed", "slow")]
[Collection(Alone.Name)]
public sealed class ScheduleCapacityTests(ITestOutputHelper output)
{
    private const int Jobs = 200_000;

    [Fact]
    public void Distinct_schedules_are_compiled_and_planned_quickly_and_are_small()
    {
        var specs = Enumerable.Range(0, Jobs).Select(i => new ScheduleSpec { Cron = Distinct(i) }).ToArray();
        var names = specs.Select((_, i) => $"job-{i}").ToArray();
        var schedules = new Schedule[Jobs];
        var from = Given.Time("2026-05-05T05:05:05Z");
        Schedule.Compile(specs[0], "Europe/Berlin", TenantId.Default, "warm", []);

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (started, cpu, planned) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, 0);
        for (var i = 0; i < Jobs; i++)
        {
            schedules[i] = Schedule.Compile(specs[i], Expressions.Zones[i % Expressions.Zones.Length], TenantId.Default, names[i], [])!;
            planned += schedules[i].Next(from) > from ? 1 : 0;
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / Jobs;
        GC.KeepAlive(schedules);
        output.WriteLine($"{Jobs} distinct: {elapsed.TotalMilliseconds:0} ms, {cpu.TotalMilliseconds:0} ms of processor, {bytes} bytes each");

        Assert.Equal(Jobs, planned);
        Assert.True(bytes < 200, $"{bytes} bytes");
        // 10 µs each is the promise (a million in 10 s); a debug build on a shared machine is given three times that.
        Assert.True(elapsed < TimeSpan.FromMicroseconds(30 * Jobs), $"{elapsed}");
    }

    [Fact]
    public void Equal_expressions_are_shared()
    {
        var spec = new ScheduleSpec { Cron = "17 3 * * MON" };
        var one = Schedule.Compile(spec, "Europe/Berlin", TenantId.Default, "job", [])!;
        var other = Schedule.Compile(spec with { Cron = "17 3 * * 1" }, "Asia/Tokyo", TenantId.Default, "other", [])!;
        Assert.Same(one.Source, other.Source);
    }

    private static string Distinct(int i) =>
        FormattableString.Invariant($"{i % 60} {i / 60 % 60} {i / 3600 % 24} {1 + (i / 86_400 % 28)} {1 + (i % 12)} *");
}

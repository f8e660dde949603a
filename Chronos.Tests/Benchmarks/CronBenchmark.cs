using System.Diagnostics;
using Chronos.Benchmarks.Kit;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Cronos;

namespace Chronos.Benchmarks;

/// <summary>What a next occurrence costs.</summary>
internal sealed class CronBenchmark : IBenchmark
{
    private static readonly string[] Expressions = ["*/5 * * * *", "0 9 * * 1-5", "30 2 * * *", "0 0 1 * *", "0 12 29 2 *", "15,45 8-18 * * *"];

    public string Name => "cron";

    public string Question => "How many next occurrences a second does one core compute, ours and Cronos?";

    public string Settings => $"each next from the one before; expressions {string.Join(" | ", Expressions)}";

    public string Headline => "next/s";

    public IReadOnlyList<Variant> Variants(Bench bench)
    {
        var count = bench.Pick(400_000, 10_000);
        return
        [
            new("ours UTC", () => Ours("UTC", count)),
            new("Cronos UTC", () => Theirs("UTC", count)),
            new("ours Europe/Berlin", () => Ours("Europe/Berlin", count)),
            new("Cronos Europe/Berlin", () => Theirs("Europe/Berlin", count)),
        ];
    }

    private static Task<Figures> Ours(string zone, int count)
    {
        var schedules = Expressions.Select(e => Schedule.Compile(new ScheduleSpec { Cron = e }, zone, TenantId.Default, "bench", [])!).ToArray();
        return Task.FromResult(Time(schedules.Length, count, (n, from) => schedules[n].Next(from)));
    }

    private static Task<Figures> Theirs(string zone, int count)
    {
        var (expressions, info) = (Expressions.Select(e => CronExpression.Parse(e)).ToArray(), TimeZoneInfo.FindSystemTimeZoneById(zone));
        return Task.FromResult(Time(expressions.Length, count, (n, from) => expressions[n].GetNextOccurrence(from, info)));
    }

    private static Figures Time(int schedules, int count, Func<int, DateTimeOffset, DateTimeOffset?> next)
    {
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var end = start.AddYears(50);
        Walk(count / 10);
        var began = Stopwatch.GetTimestamp();
        Walk(count);
        return new Figures { ["next/s"] = count / Stopwatch.GetElapsedTime(began).TotalSeconds };

        void Walk(int steps)
        {
            for (var n = 0; n < schedules; n++)
            {
                var at = start;
                for (var i = 0; i < steps / schedules; i++)
                {
                    at = next(n, at) is { } found && found < end ? found : start;
                }
            }
        }
    }
}

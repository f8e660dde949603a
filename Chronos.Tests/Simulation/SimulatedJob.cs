using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Tests.Simulation;

/// <summary>A job of a simulated world, with two definitions between which its users change.</summary>
internal sealed record SimulatedJob(int Number, JobId Id, JobDefinition One, JobDefinition Other)
{
    public const int Count = 5;

    /// <summary>The one that has a timetable for itself. It is seldom due, so that nothing but the leader wakes its timetable.</summary>
    private const int Lonely = 2;

    private static readonly string[] Names = [.. Enumerable.Range(0, Count).Select(n => $"job-{n}")];
    private static readonly JobId[] Ids = [.. Names.Select(n => JobId.For(TenantId.Default, n))];
    private static readonly DispatchTarget Target = new(Protocol.Http, """{"url":"http://127.0.0.1/"}""");

    public static IReadOnlyList<SimulatedJob> Draw(SeededRandom random) => [.. Enumerable.Range(0, Count).Select(n => Draw(random, n))];

    private static SimulatedJob Draw(SeededRandom random, int number)
    {
        var overlap = random.Of<OverlapPolicy>([OverlapPolicy.Allow, OverlapPolicy.Forbid, OverlapPolicy.Queue, OverlapPolicy.Replace]);
        var definition = new JobDefinition
        {
            Name = Names[number],
            Schedule = Schedule(random, number),
            Target = Target,
            Timeout = TimeSpan.FromSeconds(1 + random.Below(4)),
            Deadline = random.Chance(0.3) ? TimeSpan.FromSeconds(3 + random.Below(10)) : null,
            Retry = RetryPolicy.Default with { MaxAttempts = 1 + random.Below(4), MaxInterval = TimeSpan.FromSeconds(2) },
            Concurrency = new ConcurrencyPolicy(overlap, random.Chance(0.3) ? 1 + random.Below(3) : null, 1 + random.Below(5)),
            Misfire = new MisfirePolicy(random.Of<MisfireRule>([MisfireRule.None, MisfireRule.Last, MisfireRule.All]), 5, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(1 + random.Below(10))),
        };
        return new SimulatedJob(number, Ids[number], definition, definition with { Schedule = Schedule(random, number), Description = "changed" });
    }

    private static ScheduleSpec? Schedule(SeededRandom random, int number)
    {
        if (number == Lonely)
        {
            return random.Chance(0.3) ? null : new ScheduleSpec { Every = TimeSpan.FromSeconds(random.Of([13, 21, 29])) };
        }

        var seconds = TimeSpan.FromSeconds(random.Of([2, 3, 5, 7, 10, 15]));
        return random.Below(5) switch
        {
            0 => new ScheduleSpec { Every = seconds, AfterCompletion = true },
            1 => new ScheduleSpec { Every = seconds, Jitter = TimeSpan.FromSeconds(1) },
            2 => new ScheduleSpec { Every = seconds, Phase = TimeSpan.FromMilliseconds(random.Below(2_000)) },
            _ => new ScheduleSpec { Cron = random.Of(["*/2 * * * * *", "*/5 * * * * *", "*/10 * * * * *", "3,4,5,20,40 * * * * *"]) },
        };
    }
}

using Chronos.Core.Kernel;

namespace Chronos.Tests.Chaos;

/// <summary>One of the jobs: how often it is due, and how long its target takes.</summary>
internal sealed record LoadedJob(string Name, TimeSpan Period, string Overlap, object Document)
{
    public JobId Id { get; } = JobId.For(TenantId.Default, Name);

    /// <summary>Whether at most one of its executions runs at a time, in due order.</summary>
    public bool IsInOrder => Overlap == "queue";
}

/// <summary>Jobs of various schedules and policies, about so many executions a second together.</summary>
internal static class JobLoad
{
    /// <summary>All due each second, their target quick: what a fail-over is measured with.</summary>
    public static IReadOnlyList<LoadedJob> Plain(int jobs, string url) =>
        [.. Enumerable.Range(0, jobs).Select(i => Job($"plain-{i}", "* * * * * *", TimeSpan.FromSeconds(1), "allow", "last", new Wish(0, 0), url))];

    /// <summary>Each due once a second, evenly over it: what a leave is measured with.</summary>
    public static IReadOnlyList<LoadedJob> Spread(int jobs, string url) =>
        [.. Enumerable.Range(0, jobs).Select(i => Job($"spread-{i}", new { every = "1s", phase = $"{i * 1000 / jobs}ms" }, TimeSpan.FromSeconds(1), "allow", "last", new Wish(0, 0), url))];

    /// <remarks>No target is so slow that what an outage leaves behind could not be caught up.</remarks>
    public static IReadOnlyList<LoadedJob> Mixed(int rate, string url)
    {
        var jobs = new List<LoadedJob>();
        for (var (due, i) = (0.0, 0); due < rate; i++)
        {
            var misfire = (i / 8 % 3) switch { 0 => "last", 1 => "all", _ => "none" };
            var last = misfire == "all" ? "last" : misfire;
            var job = (i % 8) switch
            {
                0 => Job($"forbid-{i}", "*/2 * * * * *", TimeSpan.FromSeconds(2), "forbid", last, new Wish(2_500, 0), url),
                1 => Job($"queue-{i}", "*/3 * * * * *", TimeSpan.FromSeconds(3), "queue", misfire, new Wish(600, 0), url),
                2 => Job($"replace-{i}", "*/4 * * * * *", TimeSpan.FromSeconds(4), "replace", last, new Wish(4_500, 0), url),
                3 => Job($"every-{i}", new { every = "1500ms" }, TimeSpan.FromSeconds(1.5), "allow", misfire, new Wish(0, 0), url),
                4 => Job($"retry-{i}", "* * * * * *", TimeSpan.FromSeconds(1), "allow", misfire, new Wish(0, 20), url),
                5 => Job($"jitter-{i}", new { cron = "*/2 * * * * *", jitter = "1s" }, TimeSpan.FromSeconds(3), "allow", misfire, new Wish(0, 0), url),
                _ => Job($"plain-{i}", "* * * * * *", TimeSpan.FromSeconds(1), "allow", misfire, new Wish(0, 0), url),
            };
            jobs.Add(job);
            due += 1 / job.Period.TotalSeconds;
        }

        return jobs;
    }

    private static LoadedJob Job(string name, object schedule, TimeSpan period, string overlap, string misfire, Wish wish, string url) => new(name, period, overlap, new
    {
        name,
        schedule,
        webhook = new { url = url + "/" },
        payload = wish,
        concurrency = overlap,
        misfire = new { policy = misfire },
        timeout = "20s",
        retry = new { max_attempts = 3, initial_interval = "200ms", max_interval = "1s" },
    });

    /// <summary>What a job wants of its target: to take so long, and to fail so many of a hundred first attempts.</summary>
    internal sealed record Wish(int Ms, int Fail);
}

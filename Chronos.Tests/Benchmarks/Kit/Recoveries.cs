using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Akka.Actor;
using Akka.Persistence;
using Chronos.Actors.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Microsoft.Extensions.DependencyInjection;

namespace Chronos.Benchmarks.Kit;

/// <summary>Timetables to be recovered from a journal.</summary>
/// <param name="Timetables">How many at the same time; as many are recovered before, unmeasured, where there are others left.</param>
internal sealed record RecoveryCase(string Folder, int Timetables);

/// <summary>Starts timetables on a journal, as a node does that takes them over, and waits for their first answer.</summary>
internal static class Recoveries
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static Task<Figures> Measure(RecoveryCase what) => ChildProcess.Measure(ChildProcess.RecoveryMode, JsonSerializer.Serialize(what));

    public static async Task<Figures> Run(string text)
    {
        var what = JsonSerializer.Deserialize<RecoveryCase>(text)!;
        using var host = await SeededJournal.Start(what.Folder);
        var system = host.Services.GetRequiredService<ActorSystem>();
        using var metrics = new JobsMetrics(host.Services.GetRequiredService<IMeterFactory>(), "bench");
        var settings = new TimetableSettings("bench", TimeProvider.System, metrics, () => ActorRefs.Nobody, _ => ActorRefs.Nobody);

        // In a node smaller entities have recovered before. The first to ask makes the plugins, and the others would block a thread each until then.
        var plugins = Persistence.Instance.Apply(system);
        _ = (plugins.JournalFor(""), plugins.SnapshotStoreFor(""));

        // The first to want a timer starts its thread and waits for it: a node has done so long before, here all would at once, and block the pool.
        await Task.Run(() => system.Scheduler.Advanced.ScheduleOnce(TimeSpan.FromMilliseconds(10), () => { }));
        var all = Enumerable.Range(0, TimetableNumbers.Count);
        if (what.Timetables < TimetableNumbers.Count)
        {
            // A node that takes something over has run for a while.
            await Recover(all.TakeLast(TimetableNumbers.Count / 4));
        }

        var began = Stopwatch.GetTimestamp();
        await Recover(all.Take(what.Timetables));
        var figures = new Figures { ["recovered s"] = Stopwatch.GetElapsedTime(began).TotalSeconds };
        figures["RSS MB"] = Environment.WorkingSet / (1024.0 * 1024.0);
        await host.StopAsync();
        return figures;

        Task Recover(IEnumerable<int> numbers) => Task.WhenAll(numbers.Select(n => system
            .ActorOf(Props.Create(() => new TimetableActor(n, settings)))
            .Ask<CalendarPlanning.CalendarUse>(new CalendarPlanning.GetCalendarUse(n, TenantId.Default, "none"), Patience)));
    }
}

using Microsoft.Data.Sqlite;
using Quartz;

namespace Chronos.Benchmarks.Peers;

/// <summary>Quartz.NET with the tables that it makes itself, 32 threads, and the batches that it chooses for them.</summary>
internal sealed class QuartzPeer(IScheduler scheduler) : IPeer
{
    private const int Threads = 32;
    private const int PlannedAtOnce = 500;

    public static Task<IPeer> InMemory() => Start(quartz => quartz.UseInMemoryStore());

    public static Task<IPeer> OnSqlite(string folder)
    {
        // WAL, as ours; SQLite waits for the disk unless told otherwise.
        var text = $"Data Source={Path.Combine(folder, "quartz.db")}";
        using (var connection = new SqliteConnection(text))
        {
            connection.Open();
            using var pragma = connection.CreateCommand();
            pragma.CommandText = "PRAGMA journal_mode=WAL";
            pragma.ExecuteNonQuery();
        }

        return Start(quartz => quartz.UsePersistentStore(store =>
        {
            store.UseSqlite(text);
            store.ProvisionSchema();
        }));
    }

    public static Task<IPeer> Clustered(string connection) => Start(quartz => quartz.UsePersistentStore(store =>
    {
        store.UsePostgres(connection);
        store.UseClustering();
        store.ProvisionSchema();
    }));

    public (long Count, DateTimeOffset Last) Ended => Runs.Ended;

    public double[] TakeLateness() => Runs.TakeLateness();

    public async Task Plan(string name, IReadOnlyList<DateTimeOffset> due)
    {
        for (var start = 0; start < due.Count; start += PlannedAtOnce)
        {
            await scheduler.ScheduleJobs(Enumerable.Range(start, Math.Min(PlannedAtOnce, due.Count - start)).ToDictionary(
                i => JobBuilder.Create<Job>().WithIdentity($"{name}-{i}").Build(),
                i => (IReadOnlyCollection<ITrigger>)[TriggerBuilder.Create().WithIdentity($"{name}-{i}").StartAt(due[i]).Build()]));
        }
    }

    public async ValueTask DisposeAsync() => await scheduler.Shutdown(true);

    private static async Task<IPeer> Start(Action<IQuartzBuilder> store)
    {
        var scheduler = await QuartzSchedulerBuilder.Create(quartz =>
        {
            quartz.UseDefaultThreadPool(Threads);
            store(quartz);
        }).BuildScheduler();
        await scheduler.Start();
        return new QuartzPeer(scheduler);
    }

    internal sealed class Job : IJob
    {
        public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
        {
            Runs.Note(context.ScheduledFireTimeUtc!.Value);
            return ValueTask.CompletedTask;
        }
    }
}

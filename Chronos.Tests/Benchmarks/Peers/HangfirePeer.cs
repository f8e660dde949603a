using Hangfire;
using Hangfire.InMemory;
using Hangfire.PostgreSql;

namespace Chronos.Benchmarks.Peers;

/// <summary>Hangfire with 32 workers. It polls for what is due: here every 0.2 s instead of every 15 s.</summary>
internal sealed class HangfirePeer : IPeer
{
    private const int Workers = 32;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    private readonly BackgroundJobClient _client;
    private readonly BackgroundJobServer _server;

    private HangfirePeer(JobStorage storage)
    {
        _client = new BackgroundJobClient(storage);
        _server = new BackgroundJobServer(new BackgroundJobServerOptions { WorkerCount = Workers, SchedulePollingInterval = Poll }, storage);
    }

    public static Task<IPeer> InMemory() => Task.FromResult<IPeer>(new HangfirePeer(new InMemoryStorage()));

    public static Task<IPeer> OnPostgres(string connection)
    {
        GlobalConfiguration.Configuration.UsePostgreSqlStorage(
            options => options.UseNpgsqlConnection(connection), new PostgreSqlStorageOptions { QueuePollInterval = TimeSpan.FromMilliseconds(50), EnableLongPolling = true });
        return Task.FromResult<IPeer>(new HangfirePeer(JobStorage.Current));
    }

    public (long Count, DateTimeOffset Last) Ended => Runs.Ended;

    public double[] TakeLateness() => Runs.TakeLateness();

    public Task Plan(string name, IReadOnlyList<DateTimeOffset> due) =>
        Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = 8 }, (at, _) =>
        {
            _client.Schedule(() => Work(at.UtcTicks), at);
            return ValueTask.CompletedTask;
        });

    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The job; Hangfire calls it by name.</summary>
    public static void Work(long due) => Runs.Note(new DateTimeOffset(due, TimeSpan.Zero));
}

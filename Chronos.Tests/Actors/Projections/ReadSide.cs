using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Actors.Projections;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Projections;
using Chronos.Core.Scheduling;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Chronos.Tests.Actors.Projections;

/// <summary>A read side over a fake journal and a real file, and the events that tests feed it with.</summary>
internal sealed class ReadSide : IDisposable
{
    public static readonly DateTimeOffset T0 = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public ReadSide(FakeJournal? journal = null, string? folder = null, IEnumerable<IProjection>? projections = null, NodePressure? pressure = null, PostgresAddress? postgres = null)
    {
        Folder = folder ?? Directory.CreateTempSubdirectory("chronos-read-").FullName;
        Journal = journal ?? new FakeJournal();
        File = Path.Combine(Folder, "read.db");
        Database = postgres is null
            ? new SqliteReadDatabase(File, TimeProvider.System, Log.For<SqliteReadDatabase>())
            : new PostgresReadDatabase(postgres, "node", Log.For<PostgresReadDatabase>());
        Runner = new ProjectionRunner(
            Database, projections ?? [new LedgerProjection(), new CatalogProjection()], Journal, Journal.Pulse, TimeProvider.System, Log.For<ProjectionRunner>(), pressure);
        Ledger = new LedgerQueries(Database, TimeProvider.System);
        Catalog = new CatalogQueries(Database, TimeProvider.System);
        Retention = new LedgerRetention(Runner, NullLogger<LedgerRetention>.Instance);
        Runner.Start();
    }

    public string Folder { get; }

    /// <summary>The file of a read side that has one.</summary>
    public string File { get; }

    public FakeJournal Journal { get; }

    public ReadDatabase Database { get; }

    public ProjectionRunner Runner { get; }

    public LedgerQueries Ledger { get; }

    public CatalogQueries Catalog { get; }

    public LedgerRetention Retention { get; }

    public MemoryLog Log { get; } = new();

    public async Task Tell(params object[] events) => await CaughtUp(Journal.Append(events));

    public async Task CaughtUp(long? ordering = null) =>
        Assert.True(await Runner.WaitUntil(ordering ?? Journal.Highest(), Patience, TestContext.Current.CancellationToken), string.Join("\n", Runner.Health) + "\n" + Log.All);

    public static async Task Until(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!condition())
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }

    /// <summary>Every table of the models, row by row, as text; not the row numbers of executions, which depend on the chunks.</summary>
    public string Dump() => Database.Read(connection =>
    {
        var all = new System.Text.StringBuilder();
        foreach (var table in new[] { "executions", "execution_hours", "slot_skips", "plan_history", "backfills", "ledger_jobs", "jobs", "job_tags", "job_revisions", "plan_outbox" })
        {
            using var command = Sql.Command(connection, $"SELECT * FROM {table}");
            foreach (var row in Sql.All(command, r => string.Join('|', Enumerable.Range(table == "executions" ? 1 : 0, r.FieldCount - (table == "executions" ? 1 : 0)).Select(i => r.GetValue(i) is byte[] b ? Convert.ToHexString(b) : r.GetValue(i))))
                .Where(row => table != "execution_hours" || !row.EndsWith("|0", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
            {
                all.Append(table).Append(": ").AppendLine(row);
            }
        }

        return all.ToString();
    });

    public void Stop()
    {
        Runner.Dispose();
        Database.Dispose();
    }

    public void Dispose()
    {
        Stop();
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    public static JobId Id(string name) => JobId.For(TenantId.Default, name);

    public static JobDefinition Definition(string name) => new()
    {
        Name = name,
        Schedule = new ScheduleSpec { Cron = "* * * * *" },
        Target = new DispatchTarget(Protocol.Http, """{"url":"http://127.0.0.1:9/"}"""),
    };

    public static JobEvents.Created Created(string name, Func<JobDefinition, JobDefinition>? with = null) => new(
        TenantId.Default, Id(name), 1, 1, (with ?? (d => d))(Definition(name)), new Principal("tester"), T0, null);

    public static TimetableBatch Batch(params TimetableItem[] items) => new(1, 1, T0.AddHours(1), [.. items]);

    public static ExecutionStarted Started(string job, DateTimeOffset nominal) =>
        new(Id(job), null, nominal, ExecutionTrigger.Schedule, 1, nominal.AddMilliseconds(2), "node-1");

    public static AttemptEnded AttemptEnded(string job, DateTimeOffset nominal, FailureClass failure = FailureClass.None, DateTimeOffset? retryAt = null) => new(
        Id(job), ExecutionId.ForSlot(Id(job), nominal), 1, nominal.AddMilliseconds(40), nominal.AddMilliseconds(7), 33, failure, 200, null, "ok", retryAt);

    public static ExecutionEnded Ended(string job, DateTimeOffset nominal, ExecutionStatus status = ExecutionStatus.Succeeded) =>
        new(Id(job), ExecutionId.ForSlot(Id(job), nominal), nominal.AddMilliseconds(40), status);
}

/// <summary>Keeps what was logged.</summary>
internal sealed class MemoryLog
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

    public string All => string.Join('\n', _lines.TakeLast(20));

    public bool Has(string text) => _lines.Any(l => l.Contains(text, StringComparison.Ordinal));

    public ILogger<T> For<T>() => new Sink<T>(_lines);

    private sealed class Sink<T>(System.Collections.Concurrent.ConcurrentQueue<string> lines) : ILogger<T>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue(formatter(state, exception));
    }
}

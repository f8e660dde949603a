using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Akka.Actor;
using Akka.Hosting;
using Chronos.Actors.Jobs;
using Chronos.Actors.Journal;
using Chronos.Actors.Projections;
using Chronos.Benchmarks.Protocols;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Host.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Serilog.Events;

namespace Chronos.Benchmarks.Kit;

/// <summary>A whole node as production composes it, in this process; only the dispatcher may be one that ends each attempt at once.</summary>
internal sealed class BenchNode : IAsyncDisposable
{
    private const string SnapshotBytes = "chronos_journal_snapshot_bytes_total";
    private const string SnapshotSeconds = "chronos_journal_snapshot_seconds";
    private const string EventBytes = "chronos_journal_event_bytes_total";
    private const string Key = "a-key-for-this-benchmark-alone";

    private readonly WebApplication _app;
    private readonly MeterListener _meters = new();
    private readonly DispatchTarget _target;
    private readonly string? _payload;
    private long _ended;
    private long _skipped;
    private long _lastEnded;
    private long _snapshotTicks;
    private long _snapshotBytes;
    private long _eventBytes;

    private BenchNode(WebApplication app, NoOpDispatcher? dispatcher, DispatchTarget target, string? payload)
    {
        (_app, Dispatcher, _target, _payload) = (app, dispatcher, target, payload);
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name is "chronos_executions_total" or "chronos_slots_total" or SnapshotBytes or EventBytes or SnapshotSeconds)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>(OnMeasured);
        _meters.SetMeasurementEventCallback<double>((_, seconds, _, _) => Interlocked.Add(ref _snapshotTicks, TimeSpan.FromSeconds(seconds).Ticks));
        _meters.Start();
    }

    /// <summary>The dispatcher that sends nothing, if this node has it.</summary>
    public NoOpDispatcher? Dispatcher { get; }

    /// <summary>Executions whose end is durable.</summary>
    public long Ended => Interlocked.Read(ref _ended);

    /// <summary>Slots that were not run.</summary>
    public long Skipped => Interlocked.Read(ref _skipped);

    /// <summary>How long snapshots were serialized and written so far; absent where writing is waiting for a server.</summary>
    public TimeSpan? Snapshots => IsOnPostgres ? null : new(Interlocked.Read(ref _snapshotTicks));

    private bool IsOnPostgres { get; init; }

    /// <summary>What was written so far, as snapshots and as events.</summary>
    public (long Snapshots, long Events) Bytes => (Interlocked.Read(ref _snapshotBytes), Interlocked.Read(ref _eventBytes));

    /// <summary>When the last one ended.</summary>
    public DateTimeOffset LastEnded => new(Interlocked.Read(ref _lastEnded), TimeSpan.Zero);

    public double LedgerLagSeconds
    {
        get
        {
            var health = _app.Services.GetRequiredService<ProjectionRunner>().Health;
            return health.IsEmpty ? 0 : health.Max(h => h.LagSeconds);
        }
    }

    /// <summary>Ends when the ledger holds everything that is in the journal now.</summary>
    public async Task LedgerComplete()
    {
        var highest = _app.Services.GetRequiredService<IJournalReader>().Highest();
        if (!await _app.Services.GetRequiredService<ProjectionRunner>().WaitUntil(highest, TimeSpan.FromMinutes(3), CancellationToken.None))
        {
            throw new InvalidOperationException("the ledger did not get there");
        }
    }

    private IActorRef Timetables => ActorRegistry.For(_app.Services.GetRequiredService<ActorSystem>()).Get<TimetableRegionKey>();

    public static async Task<BenchNode> Start(Case what)
    {
        PostgresAddress? address = null;
        if (what.Connection is { } connection && !PostgresAddress.TryParse(connection, out address, out var wrong))
        {
            throw new InvalidOperationException(wrong);
        }

        var dispatcher = what.Url is null && what.Section is null ? new NoOpDispatcher() : null;
        var settings = new ChronosSettings
        {
            Mode = HostMode.Serve,
            HttpUrl = new Uri("http://127.0.0.1:0"),
            Data = what.Folder,
            Store = address is null ? StoreKind.Sqlite : StoreKind.Postgres,
            Postgres = address,
            Durability = what.Durability,
            NodeName = "bench",
            LogLevel = LogEventLevel.Error,
            AdminKey = Key,
            AllowPrivateTargets = true,
        };
        var app = ChronosApplication.Build(settings, TimeProvider.System, services =>
        {
            if (dispatcher is not null)
            {
                services.AddSingleton<IDispatcher>(dispatcher);
                services.Remove(services.First(s => s.ServiceType == typeof(IDispatcher)));
            }
        });
        var target = what.Section is { } own
            ? new DispatchTarget(Enum.Parse<Protocol>(what.Protocol!, ignoreCase: true), Canonical(Enum.Parse<Protocol>(what.Protocol!, ignoreCase: true), own))
            : ToUrl((what.Url ?? "http://127.0.0.1:9") + "/");
        var node = new BenchNode(app, dispatcher, target, what.Section is null ? null : BareClient.Payload) { IsOnPostgres = address is not null };
        await app.StartAsync();
        return node;
    }

    /// <summary>Plans jobs as their entities would, and returns when every plan is durable.</summary>
    public Task Plan(IEnumerable<(string Name, ScheduleSpec Schedule)> jobs) => Plan(jobs, _target);

    public Task Plan(IEnumerable<(string Name, ScheduleSpec Schedule)> jobs, string url) => Plan(jobs, ToUrl(url));

    /// <summary>Writes what the API says of every attempt since an instant into a file.</summary>
    public async Task WriteAttempts(string file, DateTimeOffset since, DateTimeOffset counts)
    {
        using var client = new HttpClient { BaseAddress = new Uri(_app.Urls.First()) };
        client.DefaultRequestHeaders.Add("X-API-Key", Key);
        await using var writer = new StreamWriter(file);
        for (var cursor = ""; ;)
        {
            using var page = JsonDocument.Parse(await client.GetStringAsync($"api/v1/executions?limit=500&from={Rfc3339.Format(since)}{cursor}"));
            foreach (var execution in page.RootElement.GetProperty("items").EnumerateArray())
            {
                foreach (var attempt in execution.GetProperty("attempts").EnumerateArray())
                {
                    var at = attempt.GetProperty("started_at").GetDateTimeOffset();
                    await writer.WriteLineAsync(new AttemptLine(
                        execution.GetProperty("id").GetString()!, at, TimeSpan.FromMilliseconds(attempt.GetProperty("duration_ms").GetDouble()),
                        execution.GetProperty("status").GetString() == "succeeded", at >= counts).ToString());
                }
            }

            if (!page.RootElement.TryGetProperty("next_cursor", out var next) || next.GetString() is not { } more)
            {
                return;
            }

            cursor = "&cursor=" + Uri.EscapeDataString(more);
        }
    }

    private async Task Plan(IEnumerable<(string Name, ScheduleSpec Schedule)> jobs, DispatchTarget target)
    {
        var retry = RetryPolicy.Default with { MaxAttempts = 1 };
        var now = DateTimeOffset.UtcNow;
        var timetables = Timetables;
        await Parallel.ForEachAsync(jobs, new ParallelOptions { MaxDegreeOfParallelism = 2_000 }, async (job, cancellation) =>
        {
            var definition = new JobDefinition
            {
                Name = job.Name,
                Schedule = job.Schedule,
                Target = target,
                Payload = _payload,
                Retry = retry,
            };
            var id = JobId.For(TenantId.Default, job.Name);
            await timetables.Ask<TimetablePlanning.PlanNoted>(
                new TimetablePlanning.SetPlan(TenantId.Default, id, 1, 1, PlanState.Active, null, now, definition, null), TimeSpan.FromSeconds(60), cancellation);
        });
    }

    public async ValueTask DisposeAsync()
    {
        _meters.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static DispatchTarget ToUrl(string url) => new(Protocol.Http, JsonSerializer.Serialize(new Dictionary<string, string> { ["url"] = url }));

    /// <summary>The section as a job document that was accepted has it.</summary>
    private static string Canonical(Protocol protocol, string section)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(section);
        return ProtocolSections.Read(protocol, document.RootElement, protocol.ToString(), violations)
            ?? throw new InvalidOperationException(string.Join("; ", violations.Select(violation => $"{violation}")));
    }

    private void OnMeasured(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        if (instrument.Name == SnapshotBytes)
        {
            Interlocked.Add(ref _snapshotBytes, value);
        }
        else if (instrument.Name == EventBytes)
        {
            Interlocked.Add(ref _eventBytes, value);
        }
        else if (instrument.Name == "chronos_executions_total")
        {
            Interlocked.Add(ref _ended, value);
            Interlocked.Exchange(ref _lastEnded, DateTimeOffset.UtcNow.UtcTicks);
        }
        else if (tags.Length > 0 && tags[0].Value is not ("fired" or "caught_up"))
        {
            Interlocked.Add(ref _skipped, value);
        }
    }
}

/// <summary>Ends each attempt at once, and notes how late it was.</summary>
internal sealed class NoOpDispatcher : IDispatcher
{
    private ConcurrentQueue<double> _lateness = [];

    public Protocol Protocol => Protocol.Http;

    public double[] Take() => [.. Interlocked.Exchange(ref _lateness, [])];

    public Task<AttemptOutcome> DispatchAsync(AttemptRequest request, CancellationToken cancellation)
    {
        var now = DateTimeOffset.UtcNow;
        _lateness.Enqueue((now - request.ScheduledAt).TotalMilliseconds);
        return Task.FromResult(new AttemptOutcome(FailureClass.None, now, TimeSpan.Zero, 200, null, "", null));
    }
}

/// <summary>What the process spent between two instants.</summary>
/// <param name="node">Present when it is ours: then how much of what it writes are snapshots is told too.</param>
internal sealed class Spent(BenchNode? node)
{
    private readonly TimeSpan? _snapshots = node?.Snapshots;
    private readonly (long Snapshots, long Events) _bytes = node?.Bytes ?? default;
    private readonly TimeSpan _processor = Process.GetCurrentProcess().TotalProcessorTime;
    private readonly long _allocated = GC.GetTotalAllocatedBytes();
    private readonly long _began = Stopwatch.GetTimestamp();

    public void Add(Figures figures, double executions)
    {
        var processor = Process.GetCurrentProcess().TotalProcessorTime - _processor;
        figures["cores"] = processor / Stopwatch.GetElapsedTime(_began);
        figures["CPU us each"] = processor.TotalMicroseconds / executions;
        if (node is not null)
        {
            var (snapshots, events) = (node.Bytes.Snapshots - _bytes.Snapshots, node.Bytes.Events - _bytes.Events);
            if (node.Snapshots - _snapshots is { } saving)
            {
                figures["snapshots % of processor"] = 100 * (saving / processor);
            }

            figures["snapshots % of bytes"] = 100.0 * snapshots / Math.Max(1, snapshots + events);
        }

        figures["bytes each"] = (GC.GetTotalAllocatedBytes() - _allocated) / executions;
        figures["RSS MB"] = Environment.WorkingSet / (1024.0 * 1024.0);
    }
}

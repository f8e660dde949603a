using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Chronos.Actors.NodeStore;

/// <summary>How much of the responses is kept on a node, and for how long.</summary>
public sealed record OutputRetention(TimeSpan MaxAge, long MaxBytes)
{
    public static readonly OutputRetention Default = new(TimeSpan.FromDays(7), 1L << 30);
}

/// <summary>Whole responses on this node, in a SQLite file of their own behind one writer thread and a bounded queue.</summary>
/// <remarks>Best effort by contract: a full queue drops (and counts), a damaged file is moved aside and begun anew, empty.</remarks>
public sealed class OutputStore : IOutputStore, IDisposable
{
    private const int QueueLimit = 256;
    private const int BatchLimit = 64;

    private readonly OutputFile _file;
    private readonly TimeProvider _time;
    private readonly ILogger<OutputStore> _log;
    private readonly BlockingCollection<Pending> _queue = new(QueueLimit);

    /// <summary>Queued and not yet written: found by readers all the same.</summary>
    private readonly ConcurrentDictionary<OutputKey, StoredOutput> _pending = new();
    private readonly Meter _meter = new("Chronos");
    private readonly Counter<long> _dropped;
    private readonly Thread _writer;
    private int _ended;

    public OutputStore(string path, OutputRetention retention, TimeProvider time, ILogger<OutputStore> log)
    {
        _file = new OutputFile(path, retention, time, log);
        _time = time;
        _log = log;
        _dropped = _meter.CreateCounter<long>("chronos_outputs_dropped_total", null, "Responses that were not kept because the store was behind or failed.");
        _writer = new Thread(Write) { Name = "outputs", IsBackground = true };
        _writer.Start();
    }

    public void Save(TenantId tenant, ExecutionId execution, int attempt, StoredOutput output)
    {
        Queue(new Pending(new OutputKey(tenant, execution, attempt), output, null));
    }

    public Task<bool> KeepAsync(TenantId tenant, ExecutionId execution, int attempt, StoredOutput output, CancellationToken cancellation)
    {
        var kept = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Queue(new Pending(new OutputKey(tenant, execution, attempt), output, kept));
        return kept.Task.WaitAsync(cancellation);
    }

    public StoredOutput? Find(TenantId tenant, ExecutionId execution, int attempt)
    {
        var key = new OutputKey(tenant, execution, attempt);
        return _pending.TryGetValue(key, out var waiting) ? waiting : _file.Find(key);
    }

    /// <summary>Writes what is queued, then closes.</summary>
    public void Dispose()
    {
        // The container ends it once for each type that it is registered as.
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            _queue.CompleteAdding();
            _writer.Join();
            _file.Dispose();
            _queue.Dispose();
            _meter.Dispose();
        }
    }

    private void Queue(Pending pending)
    {
        _pending[pending.Key] = pending.Output;
        if (_queue.IsAddingCompleted || !_queue.TryAdd(pending))
        {
            _pending.TryRemove(pending.Key, out _);
            _dropped.Add(1);
            pending.Kept?.SetResult(false);
        }
    }

    private void Write()
    {
        var batch = new List<Pending>(BatchLimit);
        foreach (var first in _queue.GetConsumingEnumerable())
        {
            batch.Add(first);
            while (batch.Count < BatchLimit && _queue.TryTake(out var next))
            {
                batch.Add(next);
            }

            var stored = false;
            try
            {
                _file.Save(batch, _time.GetUtcNow());
                stored = true;
            }
            catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
            {
                _dropped.Add(batch.Count);
                _log.LogError(e, "{Count} responses could not be kept: {Error}", batch.Count, e.Message);
            }

            foreach (var written in batch)
            {
                _pending.TryRemove(new KeyValuePair<OutputKey, StoredOutput>(written.Key, written.Output));
                written.Kept?.SetResult(stored);
            }

            batch.Clear();
        }
    }
}

internal readonly record struct OutputKey(TenantId Tenant, ExecutionId Execution, int Attempt);

/// <param name="Kept">Told whether it was written; null: nobody asks.</param>
internal sealed record Pending(OutputKey Key, StoredOutput Output, TaskCompletionSource<bool>? Kept);

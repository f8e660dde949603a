using System.Collections.Concurrent;
using Chronos.Core.Dispatching;

namespace Chronos.Tests.Actors.Dispatching;

/// <summary>A dispatcher whose attempts end when the test says so.</summary>
internal sealed class ScriptedDispatcher : IDispatcher
{
    private readonly ConcurrentDictionary<(string, int), Script> _scripts = new();
    private readonly ConcurrentQueue<(string, int)> _seen = new();
    private int _now;
    private int _most;

    public Protocol Protocol { get; init; } = Protocol.Http;

    /// <summary>A cancelled attempt ends only when it is told to.</summary>
    public bool SlowToCancel { get; set; }

    public IReadOnlyList<(string, int)> Seen => [.. _seen];

    public int MostAtOnce => _most;

    public async Task<AttemptOutcome> DispatchAsync(AttemptRequest request, CancellationToken cancellation)
    {
        var script = Of(request.JobName, request.Attempt);
        _seen.Enqueue((request.JobName, request.Attempt));
        _most = Math.Max(_most, Interlocked.Increment(ref _now));
        script.Started.TrySetResult();
        await using var registration = cancellation.Register(() =>
        {
            script.Cancelled.TrySetResult();
            if (!SlowToCancel)
            {
                script.Ended.TrySetResult(new AttemptOutcome(FailureClass.Cancelled, DateTimeOffset.UnixEpoch, TimeSpan.Zero, null, "cancelled", null, null));
            }
        });
        try
        {
            return await script.Ended.Task;
        }
        finally
        {
            Interlocked.Decrement(ref _now);
        }
    }

    public Task StartedAsync(string job, int attempt) => Of(job, attempt).Started.Task.WaitAsync(TimeSpan.FromSeconds(10));

    public Task CancelledAsync(string job, int attempt) => Of(job, attempt).Cancelled.Task.WaitAsync(TimeSpan.FromSeconds(10));

    public async Task EndAsync(string job, int attempt, AttemptOutcome outcome)
    {
        await StartedAsync(job, attempt);
        Of(job, attempt).Ended.TrySetResult(outcome);
    }

    public async Task BreakAsync(string job, int attempt)
    {
        await StartedAsync(job, attempt);
        Of(job, attempt).Ended.TrySetException(new InvalidOperationException("a bug"));
    }

    private Script Of(string job, int attempt) => _scripts.GetOrAdd((job, attempt), _ => new Script());

    private sealed class Script
    {
        public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<AttemptOutcome> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

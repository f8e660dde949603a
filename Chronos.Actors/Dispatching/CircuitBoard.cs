using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Chronos.Core.Dispatching;
using Polly;
using Polly.CircuitBreaker;

namespace Chronos.Actors.Dispatching;

/// <summary>What a circuit does with the next attempt.</summary>
public enum CircuitStatus
{
    /// <summary>Lets it pass.</summary>
    Closed = 0,

    /// <summary>Lets one pass, to see whether the target lives.</summary>
    HalfOpen = 1,

    /// <summary>Fails it at once.</summary>
    Open = 2,
}

/// <summary>The circuits of a node, by target (<c>https://host:443</c>).</summary>
public interface ICircuitBoard
{
    IReadOnlyDictionary<string, CircuitStatus> States();

    /// <summary>Closes a circuit by hand. False when the node has none for the target.</summary>
    Task<bool> ResetAsync(string target, CancellationToken cancellation);
}

/// <summary>When a circuit opens and for how long.</summary>
public sealed record CircuitOptions
{
    /// <summary>The share of attempts that must fail.</summary>
    public double FailureRatio { get; init; } = 0.5;

    /// <summary>How many attempts there must be before the share counts.</summary>
    public int MinimumThroughput { get; init; } = 10;

    public TimeSpan SamplingDuration { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Circuits kept. Beyond it closed ones are forgotten, and targets are then sent to without one.</summary>
    public int MaxTargets { get; init; } = 4096;
}

/// <summary>
/// One circuit breaker per target. A target that answers at all is alive: only broken connections, time-outs and <c>5xx</c> count.
/// </summary>
public sealed class CircuitBoard : ICircuitBoard
{
    private const int MaxReported = 100;

    private readonly CircuitOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Circuit> _circuits = new(StringComparer.Ordinal);

    public CircuitBoard(CircuitOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        DispatchTelemetry.Meter.CreateObservableGauge("chronos_circuit_state", Measure, null, "0 closed, 1 half open, 2 open");
    }

    public IReadOnlyDictionary<string, CircuitStatus> States() =>
        _circuits.ToDictionary(pair => pair.Key, pair => pair.Value.Status, StringComparer.Ordinal);

    public async Task<bool> ResetAsync(string target, CancellationToken cancellation)
    {
        if (!_circuits.TryGetValue(target, out var circuit))
        {
            return false;
        }

        await circuit.Control.CloseAsync(cancellation).ConfigureAwait(false);
        return true;
    }

    /// <summary>Sends through the circuit of the target, or fails at once with <see cref="FailureClass.CircuitOpen"/>.</summary>
    internal async Task<AttemptOutcome> SendAsync(string target, Func<Task<AttemptOutcome>> send)
    {
        if (Find(target) is not { } circuit)
        {
            return await send().ConfigureAwait(false);
        }

        try
        {
            // The attempt carries its own cancellation and answers with an outcome; the breaker only looks at that.
            return await circuit.Pipeline.ExecuteAsync(static async (go, _) => await go().ConfigureAwait(false), send, CancellationToken.None).ConfigureAwait(false);
        }
        catch (BrokenCircuitException broken)
        {
            return new AttemptOutcome(
                FailureClass.CircuitOpen, _time.GetUtcNow(), TimeSpan.Zero, null,
                $"the circuit of {target} is open: it failed too often and is not asked until it has had a pause", null, broken.RetryAfter);
        }
    }

    private Circuit? Find(string target)
    {
        if (_circuits.TryGetValue(target, out var known))
        {
            return known;
        }

        if (_circuits.Count >= _options.MaxTargets)
        {
            foreach (var (name, circuit) in _circuits)
            {
                if (circuit.Status == CircuitStatus.Closed)
                {
                    _circuits.TryRemove(name, out _);
                }
            }
        }

        return _circuits.Count >= _options.MaxTargets ? null : _circuits.GetOrAdd(target, _ => new Circuit(_options, _time));
    }

    private IEnumerable<Measurement<int>> Measure() =>
        _circuits.Select(pair => (pair.Key, pair.Value.Status))
            .OrderByDescending(pair => pair.Status)
            .Take(MaxReported)
            .Select(pair => new Measurement<int>((int)pair.Status, KeyValuePair.Create<string, object?>("target", pair.Key)));

    private sealed class Circuit
    {
        private readonly CircuitBreakerStateProvider _state = new();

        public Circuit(CircuitOptions options, TimeProvider time)
        {
            Pipeline = new ResiliencePipelineBuilder<AttemptOutcome> { TimeProvider = time }
                .AddCircuitBreaker(new CircuitBreakerStrategyOptions<AttemptOutcome>
                {
                    FailureRatio = options.FailureRatio,
                    MinimumThroughput = options.MinimumThroughput,
                    SamplingDuration = options.SamplingDuration,
                    BreakDuration = options.BreakDuration,
                    StateProvider = _state,
                    ManualControl = Control,
                    ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is not null || IsDead(arguments.Outcome.Result)),
                }).Build();
        }

        public CircuitBreakerManualControl Control { get; } = new();

        public ResiliencePipeline<AttemptOutcome> Pipeline { get; }

        public CircuitStatus Status => _state.CircuitState switch
        {
            CircuitState.Closed => CircuitStatus.Closed,
            CircuitState.HalfOpen => CircuitStatus.HalfOpen,
            _ => CircuitStatus.Open,
        };

        // A probe that was cancelled, or never left, has told nothing: it must not close the circuit.
        private bool IsDead(AttemptOutcome? outcome) => outcome?.Failure switch
        {
            FailureClass.Timeout => outcome.StatusCode is null,
            FailureClass.Connect or FailureClass.ServerError => true,
            FailureClass.Cancelled or FailureClass.Request => _state.CircuitState == CircuitState.HalfOpen,
            _ => false,
        };
    }
}

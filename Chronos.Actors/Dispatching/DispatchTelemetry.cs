using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.IO.Hashing;
using System.Text;
using Chronos.Actors.Jobs;
using Chronos.Core.Dispatching;

namespace Chronos.Actors.Dispatching;

/// <summary>What is measured and traced of every attempt, whatever its protocol.</summary>
public static class DispatchTelemetry
{
    public const string MeterName = "Chronos";
    public const string ActivityName = "Chronos.Dispatch";

    internal static readonly Meter Meter = new(MeterName);
    private static readonly ActivitySource Source = new(ActivityName);
    private static readonly string[] Protocols = [.. Enum.GetNames<Protocol>().Select(name => name.ToLowerInvariant())];
    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");

    private static readonly Histogram<double> Seconds = Meter.CreateHistogram(
        "chronos_dispatch_seconds", "s", "How long attempts took, by protocol", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] });

    private static readonly UpDownCounter<long> InFlight = Meter.CreateUpDownCounter<long>("chronos_inflight", null, "Attempts on their way, by protocol");

    /// <summary>Dispatches inside a span of the execution's trace.</summary>
    internal static Task<AttemptOutcome> RunAsync(IDispatcher dispatcher, AttemptRequest attempt, CancellationToken cancellation) =>
        MeasureAsync(dispatcher, attempt, attempt.Tenant != Rehearsal.Tenant, cancellation);

    private static async Task<AttemptOutcome> MeasureAsync(IDispatcher dispatcher, AttemptRequest attempt, bool counts, CancellationToken cancellation)
    {
        var protocol = KeyValuePair.Create<string, object?>("protocol", Protocols[(int)dispatcher.Protocol]);
        using var span = !counts || !Source.HasListeners() ? null : Source.StartActivity("dispatch", ActivityKind.Client, new ActivityContext(TraceIdOf(attempt), ParentOf(attempt), ActivityTraceFlags.Recorded));
        span?.SetTag("chronos.job_id", attempt.Job.Value).SetTag("chronos.execution_id", attempt.Execution.Value).SetTag("chronos.attempt", attempt.Attempt);
        span?.SetTag(protocol.Key, protocol.Value);
        InFlight.Add(1, protocol);
        try
        {
            var outcome = await dispatcher.DispatchAsync(attempt, cancellation).ConfigureAwait(false);
            if (counts)
            {
                Seconds.Record(outcome.Duration.TotalSeconds, protocol);
            }

            span?.SetTag("chronos.failure", outcome.Failure.ToString());
            span?.SetStatus(outcome.Succeeded ? ActivityStatusCode.Ok : ActivityStatusCode.Error, outcome.Error);
            return outcome;
        }
        finally
        {
            InFlight.Add(-1, protocol);
        }
    }

    /// <summary>The <c>traceparent</c> that an attempt carries: its span if somebody records, otherwise one derived from its identity.</summary>
    internal static string TraceParent(AttemptRequest attempt)
    {
        var trace = TraceIdOf(attempt);
        var span = Activity.Current is { } current && current.TraceId == trace ? current.SpanId : SpanId($"{attempt.Execution.Value}#{attempt.Attempt}");
        return $"00-{trace.ToHexString()}-{span.ToHexString()}-01";
    }

    private static ActivityTraceId TraceIdOf(AttemptRequest attempt)
    {
        var text = attempt.TraceId;
        return text.Length == 32 && !text.AsSpan().ContainsAnyExcept(Hexadecimal) && text.AsSpan().ContainsAnyExcept('0')
            ? ActivityTraceId.CreateFromString(text)
            : ActivityTraceId.CreateFromBytes(XxHash128.Hash(Encoding.UTF8.GetBytes(attempt.Execution.Value)));
    }

    private static ActivitySpanId ParentOf(AttemptRequest attempt) => SpanId(attempt.Execution.Value);

    private static ActivitySpanId SpanId(string seed) => ActivitySpanId.CreateFromBytes(XxHash3.Hash(Encoding.UTF8.GetBytes(seed)));
}

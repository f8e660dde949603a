using System.Globalization;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Dispatching;

/// <summary>What every dispatched message carries about itself.</summary>
internal static class AttemptIdentity
{
    /// <summary>Names in lower case, as brokers and gRPC take them.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Headers(AttemptRequest attempt) =>
    [
        new("idempotency-key", attempt.Execution.Value),
        new("x-chronos-job-id", attempt.Job.Value),
        new("x-chronos-execution-id", attempt.Execution.Value),
        new("x-chronos-attempt", attempt.Attempt.ToString(CultureInfo.InvariantCulture)),
        new("x-chronos-scheduled-time", Rfc3339.Format(attempt.ScheduledAt)),
        new("traceparent", DispatchTelemetry.TraceParent(attempt)),
    ];
}

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
        .. Callback(attempt).Select(header => KeyValuePair.Create(header.Key.ToLowerInvariant(), header.Value)),
        new("idempotency-key", attempt.Execution.Value),
        new("x-chronos-job-id", attempt.Job.Value),
        new("x-chronos-execution-id", attempt.Execution.Value),
        new("x-chronos-attempt", attempt.Attempt.ToString(CultureInfo.InvariantCulture)),
        new("x-chronos-scheduled-time", Rfc3339.Format(attempt.ScheduledAt)),
        new("traceparent", DispatchTelemetry.TraceParent(attempt)),
    ];

    /// <summary>Where, and with what, the target reports the end of the attempt; nothing where it need not.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Callback(AttemptRequest attempt)
    {
        if (attempt.Callback is not { } ticket)
        {
            yield break;
        }

        yield return new("X-Chronos-Callback-Token", ticket.Token.Text);
        if (ticket.Url is { } url)
        {
            yield return new("X-Chronos-Callback-Url", url.AbsoluteUri);
        }
    }
}

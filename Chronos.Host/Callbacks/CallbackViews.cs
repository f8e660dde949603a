using System.Text.Json;
using Chronos.Core.Jobs;

namespace Chronos.Host.Callbacks;

/// <summary>How an attempt ended. Without a body: it succeeded.</summary>
/// <param name="Status">succeeded (when absent) or failed.</param>
/// <param name="Output">Any JSON; the output of the attempt.</param>
/// <param name="Error">Why it failed, one line.</param>
/// <param name="Retryable">Whether a failure may be tried again; true when absent.</param>
/// <param name="RetryAfter">How long to wait before that, such as 30s.</param>
internal sealed record CallbackBody(string? Status, JsonElement? Output, string? Error, bool? Retryable, string? RetryAfter);

/// <summary>A sign of life.</summary>
/// <param name="Progress">0 to 100.</param>
internal sealed record HeartbeatBody(double? Progress, string? Message);

/// <summary>What was noted.</summary>
/// <param name="Status">Of the execution: succeeded, failed, pending (it will be tried again) or running.</param>
/// <param name="ExpiresAt">When the attempt fails if nothing more is heard.</param>
internal sealed record CallbackView(string ExecutionId, int Attempt, ExecutionStatus Status, DateTimeOffset? ExpiresAt, DateTimeOffset? RetryAt);

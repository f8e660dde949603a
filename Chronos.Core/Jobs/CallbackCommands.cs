using System.Collections.Immutable;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>What the holder of a callback's token may ask of the timetable. The token itself stays at the node that was called: its hash travels.</summary>
public static class CallbackCommands
{
    /// <summary>Whose callback this is. Answered by <see cref="CallbackReplies.Found"/>, or refused: unknown, used, or over.</summary>
    public sealed record Find(JobId Job, string Hash) : ITimetableCommand;

    /// <summary>The attempt has ended. Answered by <see cref="CallbackReplies.Noted"/>.</summary>
    public sealed record Complete(JobId Job, string Hash, CallbackResult Result) : ITimetableCommand;

    /// <summary>The attempt still runs. Answered by <see cref="CallbackReplies.Noted"/>.</summary>
    /// <param name="Percent">0 to 100.</param>
    public sealed record Beat(JobId Job, string Hash, double? Percent, string? Message) : ITimetableCommand;
}

/// <summary>How a target says that an attempt ended. Free of secrets: they are masked before it is told.</summary>
/// <param name="Failure">None, or a class of failure that says whether it may be tried again.</param>
/// <param name="Excerpt">At most 4 KB of the output.</param>
public sealed record CallbackResult(FailureClass Failure, string? Error, string? Excerpt, TimeSpan? RetryAfter);

/// <summary>What a timetable answers to callbacks (refusals are <see cref="JobReplies.Refused"/>).</summary>
public static class CallbackReplies
{
    /// <summary>The attempt that the token is of.</summary>
    /// <param name="Secrets">Names of the secrets that the attempt was made with, so that they can be masked in what the target reports.</param>
    public sealed record Found(TenantId Tenant, ExecutionId Execution, int Attempt, ImmutableArray<string> Secrets) : ITimetableReply;

    /// <summary>It is durable.</summary>
    /// <param name="ExpiresAt">Until when the attempt waits for its end; absent once it has ended.</param>
    /// <param name="RetryAt">When the next attempt is due, if there is to be one.</param>
    public sealed record Noted(ExecutionId Execution, int Attempt, ExecutionStatus Status, DateTimeOffset? ExpiresAt, DateTimeOffset? RetryAt) : ITimetableReply;
}

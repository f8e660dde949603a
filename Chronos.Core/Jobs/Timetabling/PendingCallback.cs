using System.Collections.Immutable;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>A callback that an attempt is to be ended by. Its token is known to the target alone; here is its hash.</summary>
public sealed record PendingCallback(string Hash)
{
    /// <summary>When the target took the attempt; absent while it is on its way.</summary>
    public DateTimeOffset? AcceptedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the attempt fails if nothing is heard until then.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When the last heartbeat was noted.</summary>
    public DateTimeOffset? HeardAt { get; init; }

    public int? StatusCode { get; init; }

    public string? Excerpt { get; init; }

    public ImmutableSortedDictionary<string, string>? Facts { get; init; }

    /// <summary>
    /// Hashes of earlier attempts that were lost. Their target may have got them, may recognise this attempt by its key, and then reports
    /// with the token that it has.
    /// </summary>
    public ImmutableArray<string>? Earlier { get; init; }

    internal IEnumerable<string> Hashes => Earlier is { } earlier ? earlier.Append(Hash) : [Hash];

    /// <summary>The callback of the attempt that begins.</summary>
    internal static PendingCallback? Next(string? hash, PendingCallback? before) =>
        hash is null ? null : new PendingCallback(hash) { Earlier = before is null ? null : [.. before.Hashes] };

    internal bool Takes(string hash) => Hash == hash || Earlier?.Contains(hash) == true;

    internal PendingCallback Accept(AttemptAccepted item) => this with
    {
        AcceptedAt = item.At,
        StartedAt = item.StartedAt,
        ExpiresAt = item.ExpiresAt,
        StatusCode = item.StatusCode,
        Excerpt = item.Excerpt,
        Facts = item.Facts,
    };

    internal PendingCallback Hear(AttemptProgressed item) => item.ExpiresAt is { } expires ? this with { ExpiresAt = expires, HeardAt = item.At } : this;
}

/// <summary>A token that was used, or whose attempt is over.</summary>
/// <param name="Used">Whether this token ended the attempt.</param>
public sealed record SpentCallback(string Hash, ExecutionId Execution, DateTimeOffset At, bool Used)
{
    /// <summary>How many of a job are remembered; older ones are unknown.</summary>
    public const int Kept = 64;

    /// <summary>The tokens of an attempt that ended are worth nothing any more, unless it was lost and another follows.</summary>
    internal static PlannedJob Remember(PlannedJob job, AttemptEnded item)
    {
        if (!job.Running.TryGetValue(item.Execution, out var execution) || execution.Callback is not { } callback
            || (item.Failure == FailureClass.Lost && item.RetryAt is not null))
        {
            return job;
        }

        var all = (job.SpentCallbacks ?? []).AddRange(callback.Hashes.Select(hash => new SpentCallback(hash, item.Execution, item.At, hash == item.Callback)));
        return job with { SpentCallbacks = all.Length > Kept ? all[^Kept..] : all };
    }
}

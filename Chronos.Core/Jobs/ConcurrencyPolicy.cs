namespace Chronos.Core.Jobs;

/// <summary>What happens when a slot is due while earlier executions of the job still run.</summary>
public enum OverlapPolicy
{
    Allow,
    Forbid,
    Replace,
    Queue,
}

/// <summary>
/// The overlap policy with its bounds. <paramref name="Limit"/> is how many executions of the job may run at once
/// (absent: 1 for forbid, replace and queue, unlimited for allow); <paramref name="QueueLimit"/> bounds the waiting slots.
/// </summary>
public sealed record ConcurrencyPolicy(OverlapPolicy Overlap, int? Limit, int QueueLimit)
{
    public const int DefaultQueueLimit = 100;

    public static readonly ConcurrencyPolicy Default = new(OverlapPolicy.Allow, null, DefaultQueueLimit);

    public int EffectiveLimit => Limit ?? (Overlap == OverlapPolicy.Allow ? int.MaxValue : 1);
}

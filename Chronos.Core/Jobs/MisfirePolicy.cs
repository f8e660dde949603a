namespace Chronos.Core.Jobs;

/// <summary>Which missed slots are caught up.</summary>
public enum MisfireRule
{
    None,
    Last,
    All,
}

/// <summary>
/// What happens to slots that could not fire within <paramref name="Grace"/> of their time (node down, process stalled):
/// at most <paramref name="Max"/> of them, the latest ones, not older than <paramref name="Window"/>, run one after another in
/// due order; the rest is recorded as not run, with the reason <c>misfire</c>.
/// </summary>
public sealed record MisfirePolicy(MisfireRule Rule, int Max, TimeSpan Window, TimeSpan Grace)
{
    public static readonly TimeSpan DefaultGrace = TimeSpan.FromSeconds(10);

    public static readonly MisfirePolicy Default = new(MisfireRule.Last, 100, TimeSpan.FromHours(24), DefaultGrace);
}

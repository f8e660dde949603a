using System.Collections.Immutable;
using System.Globalization;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Limits;

/// <summary>How fast attempts may leave: <paramref name="Count"/> per <paramref name="Per"/>, and at most <paramref name="Burst"/> at once after a pause.</summary>
public sealed record FlowRate(int Count, TimeSpan Per, int Burst)
{
    /// <summary>The most that a document may ask for.</summary>
    public const int MaxCount = 1_000_000;

    /// <summary>The longest time that a rate is counted over.</summary>
    public static readonly TimeSpan MaxPer = TimeSpan.FromDays(1);

    public double PerSecond => Count / Per.TotalSeconds;

    /// <summary>A burst that nobody chose: what goes in a second, and at least one.</summary>
    public int UsualBurst => (int)Math.Max(1, Math.Min(MaxCount, Math.Floor(PerSecond)));

    /// <summary>The rate as users write it: <c>100/s</c>, <c>5/m</c>, <c>3/30s</c>.</summary>
    public string Text => string.Create(CultureInfo.InvariantCulture, $"{Count}/{PerText()}");

    /// <summary>Reads <c>100/s</c>, <c>5/m</c>, <c>1/h</c>, <c>3/30s</c>; the burst is the usual one.</summary>
    public static bool TryParse(string text, out FlowRate rate)
    {
        rate = null!;
        var parts = text.Split('/');
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > MaxCount)
        {
            return false;
        }

        var unit = parts[1];
        if (!Durations.TryParse(unit.Length > 0 && char.IsAsciiLetter(unit[0]) && unit[0] != 'P' ? "1" + unit : unit, out var per) || per <= TimeSpan.Zero || per > MaxPer)
        {
            return false;
        }

        rate = new FlowRate(count, per, 1);
        rate = rate with { Burst = rate.UsualBurst };
        return true;
    }

    private string PerText() =>
        Per == TimeSpan.FromSeconds(1) ? "s" : Per == TimeSpan.FromMinutes(1) ? "m" : Per == TimeSpan.FromHours(1) ? "h" : Durations.Format(Per);
}

/// <summary>A bound on what leaves: how much at once, and how fast. What is absent is not bound.</summary>
public sealed record FlowLimit(int? Concurrency, FlowRate? Rate)
{
    /// <summary>The tighter of two in each respect.</summary>
    public static FlowLimit? Tighter(FlowLimit? one, FlowLimit? other) =>
        one is null ? other : other is null ? one : new FlowLimit(
            one.Concurrency is { } a && other.Concurrency is { } b ? Math.Min(a, b) : one.Concurrency ?? other.Concurrency,
            one.Rate is { } r && other.Rate is { } s ? (r.PerSecond <= s.PerSecond ? r : s) : one.Rate ?? other.Rate);
}

/// <summary>The <c>concurrency_key</c> of a job document: of all jobs that name the same key, so many attempts are on their way at once.</summary>
public sealed record FlowKey(string Name, int Limit)
{
    /// <summary>What its gate is called; no tag with its value is, for a tag's name has no space.</summary>
    internal string Gate { get; } = "concurrency key " + Name;
}

/// <summary>
/// The <c>limits</c> of a job document: of the job itself, of its target whatever job goes there, and of all jobs that share a tag.
/// </summary>
/// <param name="Tags">By the name of a tag that the job has; the limit is shared by all that have the same value.</param>
public sealed record FlowLimits(FlowLimit? Job, FlowLimit? Target, ImmutableSortedDictionary<string, FlowLimit> Tags)
{
    /// <summary>What the job shares with others that it must not run beside.</summary>
    public FlowKey? Key { get; init; }

    public bool Equals(FlowLimits? other) =>
        other is not null && Job == other.Job && Target == other.Target && Key == other.Key && Tags.Count == other.Tags.Count
        && Tags.All(t => other.Tags.TryGetValue(t.Key, out var limit) && limit == t.Value);

    public override int GetHashCode() => HashCode.Combine(Job, Target, Key, Tags.Count);
}

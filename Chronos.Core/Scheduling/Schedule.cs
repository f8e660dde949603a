using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary>
/// A compiled schedule: the one code path that fires, previews and explains. Immutable and safe to share between jobs.
/// Nominal times are UTC instants; <see cref="Next"/> is always strictly later than its argument.
/// </summary>
public sealed class Schedule
{
    /// <summary>Compiles, or returns null and adds what is wrong (fields <c>schedule…</c> and <c>timezone</c>), with the part of the expression named.</summary>
    /// <param name="tenant">Seed of <c>H</c> and of jitter.</param>
    /// <param name="jobName">Seed of <c>H</c> and of jitter.</param>
    public static Schedule? Compile(ScheduleSpec spec, string timezone, TenantId tenant, string jobName, ICollection<Violation> violations) =>
        throw new NotImplementedException();

    /// <summary>True for <c>every … after_completion</c>: <see cref="Next"/> then counts from the end of the previous execution.</summary>
    public bool AfterCompletion => throw new NotImplementedException();

    /// <summary>The first nominal time strictly after <paramref name="after"/>; null when there is none.</summary>
    public DateTimeOffset? Next(DateTimeOffset after) => throw new NotImplementedException();

    /// <summary>When a slot is to be fired: its nominal time plus its deterministic jitter, never at or past the next slot.</summary>
    public DateTimeOffset FireAt(DateTimeOffset nominal) => throw new NotImplementedException();

    /// <summary>The last nominal time in (<paramref name="after"/>, <paramref name="upTo"/>]; null when there is none. Does not enumerate the whole range.</summary>
    public DateTimeOffset? Last(DateTimeOffset after, DateTimeOffset upTo) => throw new NotImplementedException();

    /// <summary>How many nominal times lie in (<paramref name="after"/>, <paramref name="upTo"/>].</summary>
    public long Count(DateTimeOffset after, DateTimeOffset upTo) => throw new NotImplementedException();
}

using Chronos.Core.Calendars;
using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary>
/// A compiled schedule: the one code path that fires, previews and explains. Immutable and safe to share between jobs.
/// Nominal times are UTC instants; <see cref="Next"/> is always strictly later than its argument.
/// </summary>
public partial class Schedule
{
    private readonly TimeSource _source;
    private readonly ulong _seed;

    private Schedule(ScheduleSpec spec, TimeSource source, ZoneRules zone, ulong seed)
    {
        Spec = spec;
        Zone = zone;
        _source = source;
        _seed = seed;
    }

    internal static Schedule Of(ScheduleSpec spec, TimeSource source, ZoneRules zone, ulong seed, ScheduleCalendars? calendars) =>
        calendars is null ? new Schedule(spec, source, zone, seed) : new UnderCalendars(spec, source, zone, seed, calendars);

    /// <summary>The version of the time zone database that all schedules are computed with.</summary>
    public static string TzdbVersion => ZoneSource.Default.Version;

    /// <summary>Compiles, or returns null and adds what is wrong (fields <c>schedule…</c> and <c>timezone</c>), with the part of the expression named.</summary>
    /// <param name="tenant">Seed of <c>H</c> and of jitter.</param>
    /// <param name="jobName">Seed of <c>H</c> and of jitter.</param>
    public static Schedule? Compile(ScheduleSpec spec, string timezone, TenantId tenant, string jobName, ICollection<Violation> violations) =>
        Compile(spec, timezone, tenant, jobName, CalendarLookups.None, violations);

    /// <summary>The same with the calendars that <paramref name="calendars"/> finds; one that it does not find is a fault of <c>schedule.calendars[i]</c>.</summary>
    public static Schedule? Compile(
        ScheduleSpec spec, string timezone, TenantId tenant, string jobName, CalendarLookup calendars, ICollection<Violation> violations) =>
        Compile(spec, timezone, tenant, jobName, calendars, ZoneSource.Default, violations);

    /// <summary>The same with a tz database of one's own choice.</summary>
    public static Schedule? Compile(
        ScheduleSpec spec, string timezone, TenantId tenant, string jobName, CalendarLookup calendars, ZoneSource zones, ICollection<Violation> violations) =>
        ScheduleCompiler.Compile(spec, "schedule", timezone, Hashes.Of(tenant.Value, jobName), calendars, zones, violations);

    /// <summary>What it was compiled from.</summary>
    public ScheduleSpec Spec { get; }

    /// <summary>The IANA name of its zone.</summary>
    public string Timezone => Zone.Id;

    /// <summary>True for <c>every … after_completion</c>: <see cref="Next"/> then counts from the end of the previous execution.</summary>
    public bool AfterCompletion => Spec.AfterCompletion;

    internal ZoneRules Zone { get; }

    internal TimeSource Source => _source;

    /// <summary>The first nominal time strictly after <paramref name="after"/>; null when there is none.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        var (from, end) = (Math.Max(after.UtcTicks, First - 1), End);
        if (from >= end)
            return null;

        var next = _source.Next(AfterCompletion ? after.UtcTicks : from, Zone, Spec.Dst);
        if (next <= after.UtcTicks)
            throw new InvalidOperationException($"the time after {Rfc3339.Format(after)} in {Zone.Id} came out as {Rfc3339.Format(Instant(next))}");

        return next < end ? Instant(next) : null;
    }

    /// <summary>
    /// When a slot is to be fired: its nominal time plus its deterministic jitter, never at or past the next slot; or where its
    /// calendars move it.
    /// </summary>
    public DateTimeOffset FireAt(DateTimeOffset nominal) => Calendars is null ? nominal + JitterOf(nominal) : Treat(nominal).FireAt;

    /// <summary>The last nominal time in (<paramref name="after"/>, <paramref name="upTo"/>]; null when there is none. Does not enumerate the whole range.</summary>
    public DateTimeOffset? Last(DateTimeOffset after, DateTimeOffset upTo)
    {
        var (from, to) = Clip(after, upTo);
        if (to <= from)
            return null;

        var last = _source.Last(from, to, Zone, Spec.Dst);
        return last == TimeSource.Never ? null : Instant(last);
    }

    /// <summary>
    /// Before it nothing is computed: the least values of an instant have no instant before them and no local time in the west.
    /// Who asks from there has an unset variable.
    /// </summary>
    public static readonly DateTimeOffset Earliest = new(2, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>From here on there are no slots: the last year that a <see cref="DateTimeOffset"/> has stays out of reach.</summary>
    public static readonly DateTimeOffset Latest = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How many nominal times lie in (<paramref name="after"/>, <paramref name="upTo"/>].</summary>
    public long Count(DateTimeOffset after, DateTimeOffset upTo)
    {
        var (from, to) = Clip(after, upTo);
        return to <= from ? 0 : _source.Count(from, to, Zone, Spec.Dst);
    }

    /// <summary>The nominal times strictly after <paramref name="after"/>, as far as they are asked for.</summary>
    public IEnumerable<DateTimeOffset> After(DateTimeOffset after)
    {
        for (var next = Next(after); next is { } at; next = Next(at))
            yield return at;
    }

    internal TimeSpan JitterOf(DateTimeOffset nominal)
    {
        if (Spec.Jitter is not { Ticks: > 0 } jitter)
            return TimeSpan.Zero;

        var room = Next(nominal) is { } next && next - nominal < jitter ? next - nominal : jitter;
        // Jitter carries a run neither out of the window nor out of open time.
        if (Spec.EndsAt is { } window && window - nominal < room)
            room = window - nominal;
        if (Calendars?.Until(nominal.UtcTicks) is { } end && end - nominal.UtcTicks < room.Ticks)
            room = TimeSpan.FromTicks(end - nominal.UtcTicks);

        var part = (long)(Hashes.Fraction(_seed ^ (ulong)nominal.UtcTicks) * room.Ticks);
        return TimeSpan.FromTicks(part - (part % TimeSpan.TicksPerMillisecond));
    }

    private long First => Spec.StartsAt?.UtcTicks ?? 0;

    /// <summary>Exclusive.</summary>
    private long End => Spec.EndsAt?.UtcTicks ?? Latest.UtcTicks;

    private (long From, long To) Clip(DateTimeOffset after, DateTimeOffset upTo) =>
        (AfterCompletion ? after.UtcTicks : Math.Max(after.UtcTicks, First - 1), Math.Min(upTo.UtcTicks, End - 1));

    private static DateTimeOffset Instant(long ticks) => new(ticks, TimeSpan.Zero);
}

using System.Collections.Concurrent;
using NodaTime;
using NodaTime.TimeZones;

namespace Chronos.Core.Scheduling;

/// <summary>A stretch of time in which the offset of a zone does not change, in UTC ticks; open ends are the extreme values.</summary>
internal readonly record struct ZoneSpan(long Start, long End, long Offset)
{
    /// <summary>What the wall clock shows at the start.</summary>
    public long LocalStart => Start + Offset;

    public bool HasStart => Start != long.MinValue;

    public bool HasEnd => End != long.MaxValue;
}

/// <summary>A zone of tzdb as NodaTime carries it: independent of the machine's own zone files and of <see cref="TimeZoneInfo"/>.</summary>
internal sealed class ZoneRules
{
    private static readonly ConcurrentDictionary<string, ZoneRules> Known = new(StringComparer.Ordinal);

    private readonly DateTimeZone _zone;
    private readonly ZoneSpan? _only;

    private ZoneRules(DateTimeZone zone)
    {
        _zone = zone;
        _only = zone.MinOffset == zone.MaxOffset ? new ZoneSpan(long.MinValue, long.MaxValue, zone.MinOffset.Ticks) : null;
    }

    public static string Version { get; } = TzdbDateTimeZoneSource.Default.TzdbVersion;

    public static ZoneRules Utc { get; } = Find("UTC")!;

    public string Id => _zone.Id;

    /// <summary>Null for a name that tzdb does not have. Fixed offsets (<c>UTC+2</c>) are no zones: they hide daylight saving.</summary>
    public static ZoneRules? Find(string id)
    {
        if (Known.TryGetValue(id, out var known))
            return known;

        return DateTimeZoneProviders.Tzdb.Ids.Contains(id) ? Known.GetOrAdd(id, static name => new ZoneRules(DateTimeZoneProviders.Tzdb[name])) : null;
    }

    /// <summary>The stretch that holds this instant.</summary>
    public ZoneSpan At(long utc)
    {
        if (_only is { } only)
            return only;

        var interval = _zone.GetZoneInterval(Instant.FromUnixTimeTicks(utc - DateTime.UnixEpoch.Ticks));
        return new ZoneSpan(
            interval.HasStart ? interval.Start.ToUnixTimeTicks() + DateTime.UnixEpoch.Ticks : long.MinValue,
            interval.HasEnd ? interval.End.ToUnixTimeTicks() + DateTime.UnixEpoch.Ticks : long.MaxValue,
            interval.WallOffset.Ticks);
    }
}

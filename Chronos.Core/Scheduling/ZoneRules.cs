using NodaTime;

namespace Chronos.Core.Scheduling;

/// <summary>A stretch of time in which the offset of a zone does not change, in UTC ticks; open ends are the extreme values.</summary>
internal readonly record struct ZoneSpan(long Start, long End, long Offset)
{
    /// <summary>What the wall clock shows at the start.</summary>
    public long LocalStart => Start + Offset;

    public bool HasStart => Start != long.MinValue;

    public bool HasEnd => End != long.MaxValue;
}

/// <summary>A zone as the engine asks it: of the tz database in use, never of <see cref="TimeZoneInfo"/>.</summary>
internal sealed class ZoneRules
{
    private readonly DateTimeZone _zone;
    private readonly ZoneSpan? _only;

    public ZoneRules(DateTimeZone zone)
    {
        _zone = zone;
        _only = zone.MinOffset == zone.MaxOffset ? new ZoneSpan(long.MinValue, long.MaxValue, zone.MinOffset.Ticks) : null;
    }

    public static ZoneRules Utc { get; } = new(DateTimeZone.Utc);

    public string Id => _zone.Id;

    /// <summary>A zone of the tz database that this process computes with.</summary>
    public static ZoneRules? Find(string id) => ZoneSource.Default.Find(id);

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

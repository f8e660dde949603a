using NodaTime;
using NodaTime.TimeZones;

namespace Chronos.Core.Scheduling.Zones;

/// <summary>A zone of a compiled file for the engine: its listed changes, and behind them those that its rule brings each year.</summary>
internal sealed class TzifZone : DateTimeZone
{
    /// <summary>Up to here the changes of the rule are written out; later ones are computed when they are asked for.</summary>
    private const int WrittenOut = 2100;

    private readonly ZoneInterval[] _intervals;
    private readonly PosixRule? _rule;

    private TzifZone(string id, ZoneInterval[] intervals, PosixRule? rule, Offset min, Offset max)
        : base(id, intervals.Length == 1, min, max) => (_intervals, _rule) = (intervals, rule);

    public static TzifZone Of(string id, TzifFile file)
    {
        var changes = new List<(long At, TzifType Type)>(file.Changes.Length + 300);
        foreach (var (at, type) in file.Changes)
            changes.Add((at, file.Types[type]));

        if (file.Rule is { } rule)
            Extend(changes, rule);

        var intervals = Intervals(changes, file.Types[0]);
        var offsets = intervals.Select(i => i.WallOffset).Concat(Rules(file.Rule)).ToList();
        return new TzifZone(id, intervals, file.Rule is { HasDaylight: true } yearly ? yearly : null, offsets.Min(), offsets.Max());
    }

    public override ZoneInterval GetZoneInterval(Instant instant)
    {
        if (_rule is not null && _intervals[^1].Start <= instant)
            return Computed(_rule, instant);

        var (low, high) = (0, _intervals.Length - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_intervals[middle].Start <= instant)
                low = middle;
            else
                high = middle - 1;
        }

        return _intervals[low];
    }

    private static void Extend(List<(long At, TzifType Type)> changes, PosixRule rule)
    {
        var last = changes.Count == 0 ? long.MinValue : changes[^1].At;
        if (!rule.HasDaylight)
        {
            // What the last change began goes on; a file without any change has only its rule.
            if (changes.Count == 0)
                changes.Add((long.MinValue, Standard(rule)));

            return;
        }

        var from = last == long.MinValue ? 1900 : Math.Max(1900, Instant.FromUnixTimeSeconds(Math.Clamp(last, -60_000_000_000, 200_000_000_000)).InUtc().Year - 1);
        foreach (var (at, daylight) in Yearly(rule, from, Math.Max(from, WrittenOut)))
        {
            if (at > last)
                changes.Add((at, daylight ? Saved(rule) : Standard(rule)));
        }
    }

    /// <summary>All changes of the rule in order; where one begins when another ends (daylight saving all year), the later one of the year counts.</summary>
    private static IEnumerable<(long At, bool Daylight)> Yearly(PosixRule rule, int from, int to)
    {
        var all = Enumerable.Range(from, to - from + 1).SelectMany(rule.Changes).OrderBy(change => change.At).ToList();
        for (var i = 0; i < all.Count; i++)
        {
            if (i + 1 == all.Count || all[i].At != all[i + 1].At)
                yield return all[i];
            else if (all[i].Daylight)
                all[i + 1] = all[i];
        }
    }

    private static ZoneInterval[] Intervals(List<(long At, TzifType Type)> changes, TzifType first)
    {
        // The least instant of NodaTime; older changes ("the big bang" of some files) are the beginning.
        var begin = Instant.MinValue.ToUnixTimeSeconds();
        var steps = new List<(long At, TzifType Type)> { (long.MinValue, first) };
        foreach (var change in changes)
        {
            if (change.At <= begin)
                steps[0] = (long.MinValue, change.Type);
            else if (steps[^1].Type != change.Type)
                steps.Add(change);
        }

        var intervals = new ZoneInterval[steps.Count];
        for (var i = 0; i < intervals.Length; i++)
            intervals[i] = Interval(steps[i].Type, steps[i].At, i + 1 < steps.Count ? steps[i + 1].At : null);

        return intervals;
    }

    private static ZoneInterval Computed(PosixRule rule, Instant instant)
    {
        var year = instant.InUtc().Year;
        var seconds = instant.ToUnixTimeSeconds();
        var (previous, next) = ((At: (long?)null, Daylight: false), (At: (long?)null, Daylight: false));
        foreach (var change in Yearly(rule, Math.Max(year - 2, 1), Math.Min(year + 2, 9998)))
        {
            if (change.At <= seconds)
                previous = change.Daylight == previous.Daylight && previous.At is not null ? previous : change;
            else if (next.At is null && change.Daylight != previous.Daylight)
                next = change;
        }

        return Interval(previous.Daylight ? Saved(rule) : Standard(rule), previous.At ?? long.MinValue, next.At);
    }

    private static ZoneInterval Interval(TzifType type, long start, long? end) => new(
        type.Name, start == long.MinValue ? null : Instant.FromUnixTimeSeconds(start), end is { } at ? Instant.FromUnixTimeSeconds(at) : null,
        Offset.FromSeconds(type.Offset), type.Daylight ? Offset.FromHours(1) : Offset.Zero);

    private static TzifType Standard(PosixRule rule) => new(rule.Standard, false, rule.StandardName);

    private static TzifType Saved(PosixRule rule) => new(rule.Daylight, true, rule.DaylightName!);

    private static IEnumerable<Offset> Rules(PosixRule? rule) =>
        rule is null ? [] : rule.HasDaylight ? [Offset.FromSeconds(rule.Standard), Offset.FromSeconds(rule.Daylight)] : [Offset.FromSeconds(rule.Standard)];
}

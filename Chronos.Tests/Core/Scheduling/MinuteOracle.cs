using NodaTime;

namespace Chronos.Tests.Core.Scheduling;

/// <summary>
/// An expression said twice: as text for the engine, and as a predicate written by hand for the oracle, which must not share its parser.
/// </summary>
internal sealed record Shape(string Expression, bool Repeats, Func<LocalDateTime, bool> Matches)
{
    public static readonly Shape[] All =
    [
        new("0 * * * *", true, t => t.Minute == 0),
        new("*/15 * * * *", true, t => t.Minute % 15 == 0),
        new("30 2 * * *", false, t => t is { Hour: 2, Minute: 30 }),
        new("0 2 * * *", false, t => t is { Hour: 2, Minute: 0 }),
        new("30 1 * * *", false, t => t is { Hour: 1, Minute: 30 }),
        new("0 0 * * *", false, t => t is { Hour: 0, Minute: 0 }),
        new("0,30 2 * * *", false, t => t.Hour == 2 && t.Minute is 0 or 30),
        new("*/15 2 * * *", true, t => t.Hour == 2 && t.Minute % 15 == 0),
        new("0 3 * * *", false, t => t is { Hour: 3, Minute: 0 }),
        new("15 1-3 * * *", true, t => t.Minute == 15 && t.Hour is >= 1 and <= 3),
        new("0 */2 * * *", true, t => t.Minute == 0 && t.Hour % 2 == 0),
        new("45 23 * * *", false, t => t is { Hour: 23, Minute: 45 }),
        new("30 2 * * SUN", false, t => t is { Hour: 2, Minute: 30, DayOfWeek: IsoDayOfWeek.Sunday }),
        new("10 0 * * *", false, t => t is { Hour: 0, Minute: 10 }),
        new("59 1 13 * MON", false, t => t is { Hour: 1, Minute: 59 } && (t.Day == 13 || t.DayOfWeek == IsoDayOfWeek.Monday)),
        new("20 22-1 L * *", true, t => t.Minute == 20 && t.Hour is 22 or 23 or 0 or 1 && t.Date.PlusDays(1).Day == 1),
        new("5,35 0,1,2,3,23 * * *", false, t => t.Minute is 5 or 35 && t.Hour is 0 or 1 or 2 or 3 or 23),
        new("* * * * *", true, _ => true),
    ];

    public override string ToString() => Expression;
}

/// <summary>
/// The daylight-saving rule by brute force: walks over every minute of UTC, knows no cron and no search, and takes from the zone
/// nothing but its offset at an instant.
/// </summary>
internal static class MinuteOracle
{
    /// <summary>Longer than any shift of a clock: what was shown before it is not shown again.</summary>
    private static readonly Duration Before = Duration.FromHours(27);

    /// <summary>The instants in [from, to); both are whole minutes.</summary>
    public static List<DateTimeOffset> Times(DateTimeZone zone, Shape shape, Instant from, Instant to)
    {
        var times = new List<DateTimeOffset>();
        var shown = new HashSet<LocalDateTime>();
        var start = from - Before;
        var last = start.InZone(zone).LocalDateTime;
        for (var at = start; at < to; at += Duration.FromMinutes(1))
        {
            var local = at.InZone(zone).LocalDateTime;
            var fires = shape.Matches(local) && (shape.Repeats || !shown.Contains(local));
            for (var lost = last.PlusMinutes(1); lost < local && !fires; lost = lost.PlusMinutes(1))
                fires = shape.Matches(lost);

            shown.Add(local);
            last = local;
            if (fires && at >= from)
                times.Add(at.ToDateTimeOffset());
        }

        return times;
    }
}

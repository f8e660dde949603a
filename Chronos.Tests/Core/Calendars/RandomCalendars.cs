using System.Collections.Immutable;
using Chronos.Core.Calendars;
using Chronos.Core.Scheduling;

namespace Chronos.Tests.Core.Calendars;

/// <summary>Calendars and schedules by chance, on a scale on which much happens within hours.</summary>
internal sealed class RandomCalendars(int seed, DateTimeOffset start)
{
    private static readonly string[] Zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"];

    private static readonly string[] Crons =
        ["*/10 * * * * *", "*/20 * * * * *", "30 * * * * *", "15,45 * * * * *", "* * * * *", "*/2 * * * *", "*/7 * * * *", "3 * * * *", "*/13 * * * *", "0 */2 * * *"];

    private readonly Random _random = new(seed);

    /// <summary>One to three.</summary>
    public CalendarDefinition[] Calendars() => [.. Enumerable.Range(0, _random.Next(1, 4)).Select(Calendar)];

    public ScheduleSpec Schedule(IEnumerable<CalendarDefinition> calendars)
    {
        ImmutableArray<string> names = [.. calendars.Select(c => c.Name)];
        TimeSpan? jitter = _random.Next(2) == 0 ? null : TimeSpan.FromSeconds(_random.Next(1, _random.Next(2, 1200)));
        return _random.Next(4) == 0
            ? new ScheduleSpec { Every = TimeSpan.FromSeconds(_random.Next(10, 600)), StartsAt = start.AddSeconds(-_random.Next(1000)), Jitter = jitter, Calendars = names }
            : new ScheduleSpec { Cron = Crons[_random.Next(Crons.Length)], Jitter = jitter, Calendars = names };
    }

    /// <summary>An instant of the hours after the start.</summary>
    public DateTimeOffset Within(TimeSpan span) => start.AddMilliseconds(_random.NextInt64((long)span.TotalMilliseconds));

    public DateTimeOffset After(DateTimeOffset from) => from.AddMilliseconds(_random.Next(1, _random.Next(2, 7_200_000)));

    private CalendarDefinition Calendar(int number)
    {
        var zone = Zones[_random.Next(Zones.Length)];
        var local = new DateTime(start.UtcTicks + ZoneRules.Find(zone)!.At(start.UtcTicks).Offset);
        var kind = _random.Next(4);

        // Without a rule of the week it would be closed for good after its last range, and the slots of a year be moved back to that.
        var mode = kind is 0 or 3 && _random.Next(2) == 0 ? CalendarMode.Include : CalendarMode.Exclude;
        return new CalendarDefinition
        {
            Name = $"c{number}",
            Timezone = zone,
            Mode = mode,
            OnExcluded = (OnExcluded)_random.Next(3),
            Weekly = kind is 0 or 3 ? [.. Enumerable.Range(0, _random.Next(1, 8)).Select(_ => Weekly(local))] : [],
            Dates = kind is 2 ? [new CalendarDate(_random.Next(2) == 0 ? local.Year : null, local.Month, local.Day)] : [],
            Ranges = kind is 1 or 3 ? [.. Enumerable.Range(0, _random.Next(1, 10)).Select(_ => Range(local))] : [],
        };
    }

    private CalendarWeekly Weekly(DateTime local)
    {
        var from = ((local.Hour * 60) + local.Minute + _random.Next(-90, 240) + 1440) % 1440;
        return new CalendarWeekly(0x7F, from, (from + _random.Next(1, _random.Next(2, 100))) % 1440);
    }

    private CalendarRange Range(DateTime local)
    {
        var from = local.AddSeconds(_random.Next(2) == 0 ? 60 * _random.Next(-60, 200) : _random.Next(-3600, 12_000));
        return new CalendarRange(from, from.AddSeconds(_random.Next(1, _random.Next(2, 4000))), null);
    }
}
